// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references is under test
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { interpolate, isBareReference } from "../../src/config/interpolate.ts";
import { configOf, problemsOf } from "./config-fixture.ts";

const text = (source: string, env: Record<string, string> = {}): string => interpolate(source, env).text;

describe("a reference", () => {
  test("stands for the variable", () => assert.equal(text("a ${B} c", { B: "b" }), "a b c"));
  test("takes its default when the variable is unset or empty", () => {
    assert.equal(text("${B:-b}"), "b");
    assert.equal(text("${B:-b}", { B: "" }), "b");
    assert.equal(text("${B:-b}", { B: "x" }), "x");
    assert.equal(text("${B:-}"), "");
  });
  test("is literal behind a second dollar sign", () =>
    assert.equal(text("$${B} costs $5 or $$5", { B: "b" }), "${B} costs $5 or $5"));
  test("is not looked for in what came from the environment", () =>
    assert.equal(text("${A}", { A: "${B} $$" }), "${B} $$"));
  test("does not reach what every object inherits", () =>
    assert.equal(interpolate("${toString}", {}).problems.length, 1));
  test("without an end, with a bad name or inside a default is a problem", () => {
    for (const source of ["${A", "${}", "${1}", "${A-b}", "${A:-${B}}"]) {
      assert.equal(interpolate(source, { A: "" }).problems.length, 1, source);
    }
  });
});

test("any text without a dollar sign stays as it is", () => {
  fc.assert(
    fc.property(
      fc.string().filter((source) => !source.includes("$")),
      (source) => {
        assert.deepEqual(interpolate(source, {}), { text: source, hasReference: false, problems: [] });
      },
    ),
  );
});

test("only a reference alone and without a default is bare", () => {
  for (const source of ["${A}", "${A_1}", "${A:-}"]) assert.equal(isBareReference(source), true, source);
  for (const source of ["${A:-x}", " ${A}", "Bearer ${A}", "${A}${B}", "A", ""])
    assert.equal(isBareReference(source), false, source);
});

describe("in the configuration", () => {
  test("a value from the environment never adds structure", () => {
    const { server } = configOf('upstreams: { m: {} }\nauth: { mode: keys }\nserver: { host: "${H}" }\n', {
      env: { H: "a\nport: 1\n- {x: &y" },
    });
    assert.deepEqual([server.host, server.port], ["a\nport: 1\n- {x: &y", 8484]);
  });

  test("a number or a boolean is read where one is wanted", () => {
    const yaml =
      'upstreams: { m: { send_baggage: "${B}" } }\nauth: { mode: keys }\nserver: { port: "${P}", host: "${P}" }\n';
    const { server, upstreams } = configOf(yaml, { env: { P: "9000", B: "true" } });
    assert.deepEqual([server.port, server.host, upstreams.m?.sendBaggage], [9000, "9000", true]);
  });

  test("what is no number is a problem that quotes the reference and not its value", () => {
    assert.deepEqual(
      problemsOf('upstreams: { m: {} }\nserver: { port: "${P}" }\n', { env: { P: "hunter2" } }),
      ["assay.yaml:2:17 `port` is `${P}`; it must be a whole number"],
    );
  });

  test("keys are not looked at", () => {
    assert.match(
      problemsOf('upstreams: { "${A}": {} }\n', { env: { A: "m" } })[0] ?? "",
      /`\$\{A\}` cannot be a name here/,
    );
  });
});
