/** What runs in production beside our own code: few packages, pinned, of known licences, that run nothing when they are installed. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

// npm writes both files in these shapes.
const lock = read("package-lock.json") as { readonly packages: Readonly<Record<string, Locked>> };
const own = read("package.json") as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== "" && dev !== true);

const licences = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
]);

/** Their scripts do nothing that is needed, and are not run. protobufjs' looks whether its version is written with a tilde. */
const idleScripts = new Set(["protobufjs"]);

const nameOf = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

describe("packages on the way of production", () => {
  test("are as few as they were when somebody last looked", () => {
    assert.ok(production.length <= 100, `${production.length} packages`);
  });

  test("run nothing when they are installed", () => {
    const scripted = production.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    assert.deepEqual(
      scripted.map(([path]) => nameOf(path)).filter((name) => !idleScripts.has(name)),
      [],
    );
    const allowed = Object.keys(own.allowScripts);
    assert.deepEqual(
      allowed.filter((name) => name in own.dependencies || idleScripts.has(name)),
      [],
    );
    assert.match(readFileSync(join(root, "Dockerfile"), "utf8"), /npm ci --omit=dev --ignore-scripts/);
  });

  test("have a licence that asks for no more than its name", () => {
    const others = production.flatMap(([path, { optional }]) => {
      if (!existsSync(join(root, path)) && optional === true) return [];
      // A manifest that does not say it in this form is looked at by a person.
      const { license } = read(join(path, "package.json")) as { readonly license?: unknown };
      return typeof license === "string" && licences.has(license) ? [] : [`${path}: ${String(license)}`];
    });
    assert.deepEqual(others, []);
  });

  test("are held by a digest", () => {
    assert.deepEqual(
      production.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
      [],
    );
  });
});

test("every package that is named is named in one version", () => {
  for (const [name, version] of Object.entries({ ...own.dependencies, ...own.devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
  }
});
