// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references is under test
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTextReader } from "../../src/config/file-reader.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problems.ts";
import { configOf, loadText, problemsOf, smallest } from "./config-fixture.ts";

const shipped = fileURLToPath(new URL("../../assay.yaml", import.meta.url));
const promptText = "---\ndescription: d\n---\n## system\nHello\n";

function digestOfText(...given: Parameters<typeof loadText>): string {
  const loaded = loadText(...given);
  return "digest" in loaded ? loaded.digest : loaded.problems.map(formatProblem).join("\n");
}

describe("the shipped example", () => {
  test("loads in an empty environment", () => {
    const loaded = loadConfig(shipped, {});
    assert.ok("config" in loaded, JSON.stringify(loaded));
    const { upstreams, experiments, prompts, telemetry } = loaded.config;
    assert.equal(upstreams.openai?.apiKey, undefined);
    assert.equal(upstreams.openai?.withoutKey, "scripted");
    assert.deepEqual(
      experiments["support-reply"]?.variants.map(({ id }) => id),
      ["control", "candidate"],
    );
    assert.deepEqual(Object.keys(prompts), ["support-reply@v1", "support-reply@v2"]);
    assert.equal(experiments["support-reply"]?.output.schema?.name, "support-reply");
    assert.equal(telemetry.content, "off");
    assert.match(loaded.digest, /^[0-9a-f]{64}$/);
  });

  test("names every file and directory that it was read from", () => {
    const { files, directories } = loadConfig(shipped, {});
    const root = shipped.slice(0, -"assay.yaml".length);
    assert.deepEqual(
      files.map((file) => file.slice(root.length)),
      [
        "assay.yaml",
        "prompts/support-reply/v1.md",
        "prompts/support-reply/v2.md",
        "schemas/support-reply.json",
      ],
    );
    assert.deepEqual(
      directories.map((directory) => directory.slice(root.length)),
      ["prompts", "prompts/support-reply"],
    );
  });
});

describe("defaults", () => {
  test("fill everything that the smallest configuration leaves out", () => {
    const { server, upstreams, defaultUpstream, telemetry } = configOf(smallest);
    assert.equal(defaultUpstream, "main");
    assert.deepEqual(
      [server.host, server.port, server.adminHost, server.adminPort],
      ["127.0.0.1", 8484, "127.0.0.1", 8485],
    );
    assert.deepEqual(
      [server.maxBodyBytes, server.maxConnections, server.maxRequests, server.maxLoopDelayMs, server.drainMs],
      [4 * 1024 * 1024, 10_000, 8_000, 100, 10_000],
    );
    const main = upstreams.main;
    assert.equal(main?.baseUrl, "https://api.openai.com/v1");
    assert.deepEqual(main?.budgets, {
      connectMs: 3_000,
      firstTokenMs: 10_000,
      headMs: 60_000,
      stallMs: 15_000,
    });
    assert.deepEqual(main?.breaker, {
      failureRatio: 0.5,
      minimumCalls: 20,
      windowMs: 10_000,
      openMs: 10_000,
    });
    assert.deepEqual([main?.maxConcurrent, main?.maxResponseBytes], [256, 16 * 1024 * 1024]);
    assert.equal(main?.retry.maxAttempts, 3);
    assert.equal(telemetry.content, "off");
  });

  test("make an experiment a full, even split of users under its own id", () => {
    const tone = configOf(smallest).experiments.tone;
    assert.deepEqual([tone?.salt, tone?.unit, tone?.coverage, tone?.holdout], ["tone", "user", 1, 0]);
    assert.deepEqual(
      tone?.variants.map(({ weight }) => weight),
      [1, 1],
    );
    assert.deepEqual(tone?.unitSources[0], { kind: "header", name: "x-assay-user" });
    assert.equal(tone?.totalMs, 120_000);
  });

  test("send a model to the default upstream under its own name", () => {
    const { models } = configOf(
      "upstreams: { b: {}, a: {} }\nmodels: { small: {}, large: { upstream: a, model: xl } }\n",
    );
    assert.deepEqual(models.small, { upstream: "b", upstreamModel: "small", price: undefined });
    assert.deepEqual(models.large, { upstream: "a", upstreamModel: "xl", price: undefined });
  });
});

describe("the configuration", () => {
  test("lists the control first, then the treatments in the order of the file, numeric ids too", () => {
    const text =
      "upstreams: { m: {} }\nexperiments: { e: { control: c, variants: { z: {model: a}, '2': {model: a}, c: {model: a}, '1': {model: a} } } }\n";
    assert.deepEqual(
      configOf(text).experiments.e?.variants.map(({ id }) => id),
      ["c", "z", "2", "1"],
    );
  });

  test("takes the first upstream of the file as the default, numeric names too", () => {
    assert.equal(configOf("upstreams: { '9': {}, '1': {} }\n").defaultUpstream, "9");
  });

  test("does not know names that every object has", () => {
    const { models, experiments, prompts } = configOf(smallest);
    for (const named of [models, experiments, prompts])
      assert.equal(Reflect.get(named, "constructor"), undefined);
  });

  test("reads a bare off of either YAML version as off", () => {
    assert.equal(
      configOf(`%YAML 1.1\n---\n${smallest}telemetry: { content: off }\n`).telemetry.content,
      "off",
    );
    assert.equal(configOf(`${smallest}telemetry: { content: off }\n`).telemetry.content, "off");
    assert.equal(configOf(`%YAML 1.1\n---\n${smallest}store: { content: off }\n`).store.content, "off");
  });

  test("takes what messages on spans are to be", () => {
    const text = `${smallest}telemetry: { content: metadata, content_sample: 0.1, content_max_chars: 500 }\n`;
    const { content, contentSample, contentMaxChars } = configOf(text).telemetry;
    assert.deepEqual([content, contentSample, contentMaxChars], ["metadata", 0.1, 500]);
  });

  test("spells header names in lower case and takes the slash off the address", () => {
    const main = configOf('upstreams: { main: { base_url: "http://h/v1/", headers: { X-Team: a } } }\n')
      .upstreams.main;
    assert.deepEqual([main?.baseUrl, main?.headers], ["http://h/v1", { "x-team": "a" }]);
  });

  test("reads rules, places and fallbacks into the domain's forms", () => {
    const tone =
      configOf(`${smallest}    unit: { type: org, from: ["header:X-Org", metadata.org, user, "baggage:org"] }
    eligible: [ { model: true, in: [m] }, { header: X-Plan, not_in: [free] }, { metadata: plan, exists: true } ]
    fallback: [ { variant: warm }, { model: tiny }, { answer: sorry } ]
`).experiments.tone;
    assert.deepEqual(tone?.unitSources, [
      { kind: "header", name: "x-org" },
      { kind: "metadata", key: "org" },
      { kind: "body", field: "user" },
      { kind: "baggage", key: "org" },
    ]);
    assert.deepEqual(
      tone?.eligible.map(({ subject }) => subject),
      [{ kind: "model" }, { kind: "header", name: "x-plan" }, { kind: "metadata", key: "plan" }],
    );
    assert.deepEqual(tone?.fallback, [
      { kind: "variant", variantId: "warm" },
      { kind: "model", model: "tiny" },
      { kind: "canned", content: "sorry" },
    ]);
  });

  test("fills one shape by anchor and alias", () => {
    const { upstreams } = configOf("upstreams: { a: &a { max_concurrent: 7 }, b: *a }\n");
    assert.equal(upstreams.b?.maxConcurrent, 7);
  });
});

describe("an output schema", () => {
  const withSchema = (written: string, more = ""): string =>
    `${smallest}    output: { schema: ${written} }\n${more}`;
  const at = "assay.yaml:8:23";

  test("may stand in the configuration itself", () => {
    const schema = configOf(withSchema("{ type: object, title: A b }")).experiments.tone?.output.schema;
    assert.deepEqual(schema, { name: "A_b", schema: { type: "object", title: "A b" } });
  });

  test("is reported where it stands when it cannot be compiled", () => {
    const [problem] = problemsOf(withSchema("{ type: objct }"));
    assert.match(problem ?? "", /^assay\.yaml:8:31 this is not a usable JSON Schema: /);
  });

  test("is reported in its own file when it cannot be compiled or read as JSON", () => {
    const bad = problemsOf(withSchema("s.json"), { files: { "s.json": '{\n  "type": "objct"\n}' } });
    assert.match(bad[0] ?? "", /^s\.json:2:11 this is not a usable JSON Schema: /);
    const broken = problemsOf(withSchema("s.json"), { files: { "s.json": '{\n  "type": ,\n}' } });
    assert.deepEqual(broken, ["s.json:2:11 this is not valid JSON here; check commas, quotes and brackets"]);
  });

  test("may not refer to a place outside itself", () => {
    const files = { "s.json": '{ "$ref": "https://example.com/s" }' };
    assert.deepEqual(problemsOf(withSchema("s.json"), { files }), [
      's.json:1:11 `$ref` is "https://example.com/s"; only references inside the schema (#…) are followed',
    ]);
  });

  test("may speak draft-07 and 2020-12, and no other", () => {
    for (const draft of [
      "http://json-schema.org/draft-07/schema#",
      "https://json-schema.org/draft/2020-12/schema",
    ]) {
      assert.deepEqual(problemsOf(withSchema(`{ $schema: "${draft}" }`)), []);
    }
    assert.match(
      problemsOf(withSchema('{ $schema: "http://json-schema.org/draft-04/schema#" }'))[0] ?? "",
      /not supported/,
    );
  });

  test("is reported where it is named when there is no such file", () => {
    assert.deepEqual(problemsOf(withSchema("./s.json")), [
      `${at} ./s.json: there is no such file; create it, or correct the path`,
    ]);
  });

  test("holds for the ready answers of the experiment", () => {
    const fallback = (answer: string): string =>
      withSchema("{ type: array }", `    fallback: [ { answer: '${answer}' } ]\n`);
    assert.deepEqual(problemsOf(fallback("[]")), []);
    assert.match(problemsOf(fallback("{}"))[0] ?? "", /^assay\.yaml:9:27 the answer does not fit/);
    assert.match(
      problemsOf(fallback("sorry"))[0] ?? "",
      /^assay\.yaml:9:27 the answer does not fit `output\.schema` \(is not JSON\)/,
    );
  });
});

describe("prompts", () => {
  test("that do not begin with a dot and end in .md are read, whoever names them", () => {
    const files = {
      "prompts/a/v1.md": promptText,
      "prompts/a/.v2.md": "x",
      "prompts/a/notes.txt": "x",
      "prompts/README.md": "x",
    };
    assert.deepEqual(Object.keys(configOf(smallest, { files }).prompts), ["a@v1"]);
  });

  test("with problems are reported in their own file", () => {
    const [problem] = problemsOf(smallest, {
      files: { "prompts/a/v1.md": "---\nwhat: 1\n---\n## system\nHi\n" },
    });
    assert.match(problem ?? "", /^prompts\/a\/v1\.md:2:1 /);
  });

  test("are there for a variant even when they have problems: one mistake, one problem", () => {
    const text = smallest.replace("model: small", "model: small, prompt: a@v1");
    assert.equal(
      problemsOf(text, { files: { "prompts/a/v1.md": "---\nwhat: 1\n---\n## system\nHi\n" } }).length,
      1,
    );
  });
});

describe("the digest", () => {
  test("is the same for the same meaning: comments, order of keys, place on disk, secrets", () => {
    const keyed = (env: string): string =>
      digestOfText(`${smallest}telemetry: { unit_hash_key: "\${K}" }\n`, { env: { K: env } });
    assert.equal(digestOfText(smallest), digestOfText(`# a comment\n${smallest}`));
    assert.equal(digestOfText(smallest), digestOfText(`${smallest}telemetry: { keep_ratio: 1 }\n`));
    assert.equal(keyed("one"), keyed("two"));
    assert.notEqual(keyed("one"), keyed(""));
  });

  test("changes with a value, a prompt and a schema", () => {
    const schema = `${smallest}    output: { schema: s.json }\n`;
    const digests = [
      digestOfText(smallest),
      digestOfText(smallest.replace("large", "larger")),
      digestOfText(smallest, { files: { "prompts/a/v1.md": promptText } }),
      digestOfText(smallest, { files: { "prompts/a/v1.md": `${promptText}more\n` } }),
      digestOfText(schema, { files: { "s.json": "{}" } }),
      digestOfText(schema, { files: { "s.json": '{"type":"object"}' } }),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });

  test("holds no header's value from the environment", () => {
    const text = 'upstreams: { main: { headers: { x-team: "${TEAM}" } } }\n';
    assert.equal(digestOfText(text, { env: { TEAM: "a" } }), digestOfText(text, { env: { TEAM: "b" } }));
    assert.notEqual(
      digestOfText(text, { env: { TEAM: "a" } }),
      digestOfText(text.replace("TEAM", "SQUAD"), { env: { SQUAD: "a" } }),
    );
  });
});

test("a file that is not there is a problem, and is watched all the same", () => {
  const loaded = loadConfig("/nowhere/assay.yaml", {});
  assert.ok("problems" in loaded);
  assert.deepEqual(loaded.problems.map(formatProblem), [
    "/nowhere/assay.yaml:1:1 there is no such file; create it, or correct the path",
  ]);
  assert.deepEqual(loaded.files, ["/nowhere/assay.yaml"]);
});

test("what was read makes the same configuration again, in another process and after the files have gone", () => {
  const loaded = loadConfig(shipped, {});
  assert.ok("texts" in loaded);
  const { files, directories } = structuredClone({
    files: loaded.texts.files,
    directories: loaded.texts.directories,
  });
  const again = loadConfig(shipped, {}, createTextReader({ files, directories }));
  assert.ok("texts" in again);
  assert.equal(again.digest, loaded.digest);
  const none = createTextReader({ files: new Map(), directories: new Map() });
  assert.ok("problems" in loadConfig(shipped, {}, none), "the disk is not asked");
});
