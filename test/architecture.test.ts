/** The architecture as data: both tables of the design, and a reading of every import in src that holds them against it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { type Import, importsOf } from "./support/imports.ts";

interface Layer {
  /** Layers, or single files of one, beside the layer's own. */
  readonly imports: readonly string[];
  /** Packages and node's modules; a scope such as `@opentelemetry/` stands for all of its packages. */
  readonly owns: readonly string[];
}

const layers: Readonly<Record<string, Layer>> = {
  domain: { imports: [], owns: [] },
  core: {
    imports: ["domain"],
    owns: ["node:buffer", "node:crypto", "ajv", "ajv/dist/2020.js", "ajv-formats", "@pydantic/genai-prices"],
  },
  analysis: { imports: ["domain"], owns: [] },
  pipeline: { imports: ["domain"], owns: [] },
  control: { imports: ["domain", "core"], owns: ["node:util"] },
  policies: { imports: ["domain", "core", "pipeline"], owns: [] },
  upstreams: { imports: ["domain", "core"], owns: ["undici", "node:net", "node:util"] },
  stores: {
    imports: ["domain", "core"],
    owns: [
      "node:crypto",
      "node:fs",
      "node:fs/promises",
      "node:path",
      "node:sqlite",
      "node:worker_threads",
      "node:zlib",
    ],
  },
  telemetry: { imports: ["domain", "core"], owns: ["@opentelemetry/"] },
  config: { imports: ["domain", "core", "guardrails"], owns: ["node:path"] },
  guardrails: { imports: ["domain", "core", "config/schema-node.ts"], owns: ["node:crypto"] },
  jobs: { imports: ["domain"], owns: ["node:fs", "node:worker_threads"] },
  http: {
    imports: ["domain", "core", "pipeline"],
    owns: ["hono", "hono/body-limit", "node:crypto", "node:http", "node:stream", "node:timers/promises"],
  },
  cli: {
    imports: ["app.ts", "analysis", "config", "domain", "core"],
    owns: ["node:fs", "node:os", "node:path", "node:util"],
  },
  cluster: {
    imports: ["domain", "core"],
    owns: ["node:child_process", "node:cluster", "node:net"],
  },
  // The composition root in parts, each a picture of its own.
  "app.ts": {
    imports: [
      "domain",
      "stores",
      "app-control-plane.ts",
      "app-data-plane.ts",
      "app-fleet.ts",
      "app-foundation.ts",
      "app-options.ts",
    ],
    owns: ["node:path"],
  },
  "app-fleet.ts": {
    imports: [
      "cluster",
      "domain",
      "http",
      "telemetry",
      "app-control-plane.ts",
      "app-foundation.ts",
      "app-options.ts",
      "app-worker.ts",
    ],
    owns: ["node:os", "node:url"],
  },
  // The root of a worker's process.
  "app-worker.ts": {
    imports: [
      "cluster",
      "core",
      "domain",
      "http",
      "telemetry",
      "app-data-plane.ts",
      "app-foundation.ts",
      "app-options.ts",
      "version.ts",
    ],
    owns: [],
  },
  "app-control-plane.ts": {
    imports: [
      "control",
      "core",
      "domain",
      "http",
      "jobs",
      "stores",
      "telemetry",
      "upstreams",
      "app-admin.ts",
      "app-data-plane.ts",
      "app-foundation.ts",
      "app-keys.ts",
      "app-options.ts",
      "app-ramps.ts",
      "app-store.ts",
      "version.ts",
    ],
    owns: ["node:path"],
  },
  "app-admin.ts": {
    imports: [
      "control",
      "core",
      "http",
      "telemetry",
      "app-control-plane.ts",
      "app-foundation.ts",
      "app-listener.ts",
      "version.ts",
    ],
    owns: ["node:http"],
  },
  "app-ramps.ts": {
    imports: [
      "telemetry",
      "control",
      "core",
      "domain",
      "jobs",
      "stores",
      "upstreams",
      "app-foundation.ts",
      "app-store.ts",
    ],
    owns: ["node:path"],
  },
  "app-data-plane.ts": {
    imports: [
      "core",
      "domain",
      "guardrails",
      "http",
      "policies",
      "telemetry",
      "upstreams",
      "app-client-schemas.ts",
      "app-foundation.ts",
      "app-listener.ts",
      "app-pipeline.ts",
    ],
    owns: [],
  },
  "app-client-schemas.ts": { imports: ["jobs"], owns: ["node:worker_threads"] },
  "app-pipeline.ts": {
    imports: ["core", "domain", "guardrails", "pipeline", "policies", "upstreams", "app-foundation.ts"],
    owns: [],
  },
  "app-foundation.ts": { imports: ["core", "domain", "telemetry"], owns: [] },
  "app-keys.ts": {
    imports: ["control", "core", "domain", "http", "stores", "app-foundation.ts"],
    owns: ["node:crypto", "node:path"],
  },
  "app-listener.ts": { imports: ["domain", "http"], owns: ["@hono/node-server", "node:http"] },
  // What the composition root is given: a leaf of it.
  "app-options.ts": { imports: ["config", "control", "core", "domain"], owns: ["node:path"] },
  "app-store.ts": {
    imports: ["analysis", "domain", "jobs", "stores"],
    owns: ["node:crypto", "node:path", "node:worker_threads"],
  },
  // The root of the statistics' thread, as app.ts is of the process.
  "analysis-worker.ts": { imports: ["analysis", "jobs", "stores"], owns: ["node:worker_threads"] },
  // The root of the thread that evaluates schemas of clients.
  "schema-worker.ts": { imports: ["core", "domain", "jobs"], owns: ["node:worker_threads"] },
  "main.ts": { imports: ["cli", "core", "domain", "version.ts"], owns: [] },
  "version.ts": { imports: [], owns: ["node:fs"] },
};

/** What one file, or one folder, may import beyond its layer: that it is only that one is the rule. */
const places: Readonly<Record<string, Layer>> = {
  "core/linear-pattern.ts": { imports: [], owns: ["re2js"] },
  "core/prompt-front-matter.ts": { imports: [], owns: ["yaml"] },
  "policies/breaker.ts": { imports: [], owns: ["opossum", "node:events"] },
  "policies/opossum.d.ts": { imports: [], owns: ["node:events"] },
  "config/yaml-source.ts": { imports: [], owns: ["yaml"] },
  "config/check-shape.ts": { imports: [], owns: ["ajv/dist/2020.js"] },
  "config/shape-message.ts": { imports: [], owns: ["ajv/dist/2020.js"] },
  "config/file-reader.ts": { imports: [], owns: ["node:fs"] },
  "config/digest.ts": { imports: [], owns: ["node:crypto"] },
  "upstreams/caller.ts": { imports: [], owns: ["node:dns"] },
  "upstreams/guarded-lookup.ts": { imports: [], owns: ["node:dns"] },
  "upstreams/webhook.ts": { imports: [], owns: ["node:dns"] },
  "upstreams/prometheus-gate.ts": { imports: [], owns: ["node:dns"] },
  "upstreams/scripted/": {
    imports: [],
    owns: ["node:crypto", "node:events", "node:http", "node:timers/promises", "node:zlib"],
  },
  // The registry of dialects: the schema is built from it.
  "config/schema-upstreams.ts": { imports: ["upstreams/index.ts"], owns: [] },
  "cli/explain.ts": { imports: ["stores/control-journal.ts"], owns: [] },
  "cli/export.ts": { imports: ["stores/store-path.ts"], owns: [] },
  "cli/export-sources.ts": {
    imports: ["stores/sqlite/fact-source.ts", "stores/sqlite/scan.ts"],
    owns: [],
  },
  "cli/export-parquet.ts": { imports: [], owns: ["hyparquet-writer"] },
  "cli/export-target.ts": { imports: [], owns: ["node:crypto", "node:fs/promises"] },
  "cli/check.ts": { imports: ["stores/control-journal.ts"], owns: [] },
};

const maxLines = 300;
/** Longer all the same; none may be added without a word here. */
const longFiles: Readonly<Record<string, string>> = {};

/** Where reading begins: the command line, and what scripts/docs.ts makes the pages from. */
const roots = [
  "main.ts",
  "analysis-worker.ts",
  "app-worker.ts",
  "schema-worker.ts",
  "stores/sqlite/writer-worker.ts",
  "stores/sqlite/reader-worker.ts",
  "config/docs.ts",
  "telemetry/docs.ts",
  "http/docs.ts",
];

const root = join(import.meta.dirname, "../src");
const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

describe("what may import what", () => {
  test("every file of src belongs to a layer", () => {
    const strangers = sources.map(({ path }) => layerOf(path)).filter((layer) => !(layer in layers));
    assert.deepEqual([...new Set(strangers)], []);
  });

  test("no file imports what its layer may not", () => {
    assert.deepEqual(sources.flatMap(breachesOf), []);
  });

  test("no layer may import more than it does", () => {
    const used = new Set(
      sources.flatMap(({ path, text }) => importsOf(text).flatMap((one) => uses(path, one))),
    );
    const allowed = [...Object.entries(layers), ...Object.entries(places)].flatMap(([name, layer]) =>
      [...layer.imports, ...layer.owns].map((what) => `${name} → ${what}`),
    );
    assert.deepEqual(
      allowed.filter((rule) => !used.has(rule)),
      [],
    );
  });

  // Types are erased: nouns that name each other load nothing twice.
  test("files do not load each other in a circle", () => {
    assert.equal(findCycle(), undefined);
  });
});

describe("the shape of the files", () => {
  test("none is longer than it may be", () => {
    const long = sources.filter(({ path, text }) => lineCount(text) > maxLines && !(path in longFiles));
    assert.deepEqual(
      long.map(({ path, text }) => `src/${path}: ${lineCount(text)} lines, at most ${maxLines}`),
      [],
    );
  });

  test("what is excused from the length is still too long", () => {
    const excused = sources.filter(({ path }) => path in longFiles);
    assert.deepEqual(
      excused.filter(({ text }) => lineCount(text) <= maxLines).map(({ path }) => path),
      [],
    );
    assert.equal(excused.length, Object.keys(longFiles).length);
  });

  test("names are in kebab-case", () => {
    const names = sources.flatMap(({ path }) => path.split("/"));
    assert.deepEqual(
      names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?(\.ts)?$/.test(name)),
      [],
    );
  });

  test("nothing is written to the console", () => {
    const loud = sources.filter(({ text }) => /\bconsole\s*\./.test(text));
    assert.deepEqual(
      loud.map(({ path }) => path),
      [],
    );
  });

  test("every file is reached from a root", () => {
    const seen = new Set(roots);
    for (const path of seen) for (const target of targetsOf(path, "all")) seen.add(target);
    const ambient = (path: string) => path.endsWith(".d.ts");
    assert.deepEqual(
      sources.map(({ path }) => path).filter((path) => !seen.has(path) && !ambient(path)),
      [],
    );
  });
});

function breachesOf({ path, text }: { path: string; text: string }): string[] {
  const layer = layerOf(path);
  const rules = [layers[layer], ...placesOf(path).map((place) => places[place])];
  return importsOf(text).flatMap((one) => {
    const at = `src/${path}:${one.line} imports "${one.specifier}"`;
    if (one.specifier.startsWith(".")) {
      const target = targetOf(path, one.specifier);
      if (!target.endsWith(".ts")) return [`${at}: a path of ours ends in .ts`];
      if (layerOf(target) === layer) return [];
      const allowed = rules.flatMap((rule) => rule?.imports ?? []);
      if (allowed.includes(layerOf(target)) || allowed.includes(target)) return [];
      return [`${at}: ${layer} may import ${allowed.join(", ") || "no other layer"}`];
    }
    const owned = rules.flatMap((rule) => rule?.owns ?? []);
    if (owned.some((name) => covers(name, one.specifier))) return [];
    return [`${at}: ${layer} owns ${owned.join(", ") || "no package"}`];
  });
}

/** The rules that an import rests on, as `who → what`. */
function uses(path: string, { specifier }: Import): string[] {
  const whats = specifier.startsWith(".")
    ? [layerOf(targetOf(path, specifier)), targetOf(path, specifier)]
    : [specifier, `${specifier.split("/")[0]}/`];
  return whats.flatMap((what) => [layerOf(path), ...placesOf(path)].map((who) => `${who} → ${what}`));
}

function placesOf(path: string): string[] {
  return Object.keys(places).filter((place) =>
    place.endsWith("/") ? path.startsWith(place) : path === place,
  );
}

function covers(owned: string, specifier: string): boolean {
  return owned.endsWith("/") ? specifier.startsWith(owned) : owned === specifier;
}

/** The folder, or the file's own name at the top. */
function layerOf(path: string): string {
  return path.split("/")[0] ?? path;
}

function targetOf(path: string, specifier: string): string {
  return relative(root, join(root, dirname(path), specifier)).replaceAll("\\", "/");
}

function targetsOf(path: string, which: "all" | "loaded"): string[] {
  const source = sources.find((one) => one.path === path);
  const imports = source === undefined ? [] : importsOf(source.text);
  return imports
    .filter(({ specifier, isType }) => specifier.startsWith(".") && !(isType && which === "loaded"))
    .map(({ specifier }) => targetOf(path, specifier));
}

/** The first circle of imports, as a path; undefined when there is none. */
function findCycle(): string | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(" → ");
    if (done.has(path)) return undefined;
    for (const target of targetsOf(path, "loaded")) {
      const found = visit(target, [...trail, path]);
      if (found !== undefined) return found;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of sources) {
    const found = visit(path, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}
