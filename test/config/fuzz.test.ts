// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references is under test
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkShape } from "../../src/config/check-shape.ts";
import { parseYaml } from "../../src/config/yaml-source.ts";
import { loadText, problemsOf } from "./config-fixture.ts";

const shipped = readFileSync(new URL("../../assay.yaml", import.meta.url), "utf8");
const files = { "schemas/support-reply.json": "{}" };

/** Every problem stands inside the text, and one that refuses says something. */
function assertSound(text: string): void {
  const loaded = loadText(text, { files });
  if (!("problems" in loaded)) return;
  assert.ok(loaded.problems.length > 0);
  const lines = text.split("\n");
  for (const { file, line, column, message } of loaded.problems) {
    assert.ok(message.length > 0 && !message.includes("undefined"), message);
    if (!file.endsWith("assay.yaml")) continue;
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${message}`);
    assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column}: ${message}`);
  }
}

describe("loading never throws", () => {
  test("for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), assertSound), { numRuns: 300 });
  });

  test("for text made of YAML's own signs", () => {
    const signs = fc.constantFrom(
      "a",
      "b: ",
      "- ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      ",",
      "&x ",
      "*x",
      "!",
      "|",
      ">",
      "'",
      '"',
      "#",
      "${A}",
      "? ",
      "---",
      "<<: ",
    );
    const text = fc.array(signs, { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(fc.property(text, assertSound), { numRuns: 1000 });
  });

  test("for the shipped example with any piece cut out, doubled or replaced", () => {
    const mutation = fc.record({
      start: fc.nat(shipped.length),
      length: fc.nat(40),
      instead: fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom("", "\n", ": ", "${", "[", "null", "\t", "~", "-1"),
      ),
    });
    const text = fc
      .array(mutation, { minLength: 1, maxLength: 4 })
      .map((mutations) =>
        mutations.reduce(
          (before, { start, length, instead }) =>
            before.slice(0, start) + instead + before.slice(start + length),
          shipped,
        ),
      );
    fc.assert(fc.property(text, assertSound), { numRuns: 500 });
  });

  test("for any values below the known keys", () => {
    const section = (...keys: string[]): fc.Arbitrary<unknown> =>
      fc.oneof(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 })), fc.jsonValue());
    const text = fc
      .record(
        {
          server: section("host", "port", "admin", "limits"),
          upstreams: fc.dictionary(fc.string(), section("base_url", "api_key", "headers", "retry")),
          models: fc.dictionary(fc.string(), section("upstream", "price")),
          experiments: fc.dictionary(
            fc.constantFrom("a", "b", "0", "a/b", "~"),
            section("unit", "variants", "layer", "eligible", "fallback", "output", "match", "control"),
          ),
          telemetry: section("content", "keep_ratio"),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value));
    fc.assert(fc.property(text, assertSound), { numRuns: 500 });
  });
});

test("putting aside what is wrong leaves something to check, or says why not", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { file, findings } = checkShape(parseYaml(JSON.stringify(value), {}));
      assert.ok(file !== undefined || findings.length > 0);
    }),
  );
});

describe("a file that is a bomb is refused with one problem", () => {
  test("by aliases of aliases", () => {
    const layers = Array.from(
      { length: 30 },
      (_, layer) => `k${layer}: &a${layer} [${layer === 0 ? "x" : `*a${layer - 1}, *a${layer - 1}`}]\n`,
    );
    const problems = problemsOf(layers.join(""));
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /more than 20000 values/);
  });

  test("by an alias of itself", () => {
    const problems = problemsOf("upstreams: &u { main: *u }\n");
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /nested too deeply/);
  });

  test("by depth, in all three ways to nest", () => {
    for (const text of ["[".repeat(30_000), "{a: ".repeat(20_000), "- ".repeat(30_000)]) {
      const problems = problemsOf(text);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /nested too deeply/);
    }
  });

  test("by size", () => {
    assert.match(problemsOf(`upstreams: {}\n#${"x".repeat(300_000)}`)[0] ?? "", /over 256 KiB/);
    assert.match(problemsOf("#".repeat(2_000_000))[0] ?? "", /over 1 MiB/);
  });

  test("by a map of very many keys", () => {
    const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}:`).join("\n");
    assert.equal(problemsOf(keys).length, 1);
  });
});
