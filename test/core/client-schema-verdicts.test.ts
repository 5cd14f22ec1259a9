import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClientSchemaVerdicts } from "../../src/core/client-schema-verdicts.ts";

/** What a call with these arguments of a tool with this schema comes to. */
function called(parameters: unknown, value: unknown) {
  const source = JSON.stringify([{ type: "function", function: { name: "f", parameters } }]);
  const text = JSON.stringify(value);
  return createClientSchemaVerdicts()({ key: source, source, tool: "f", text });
}

/** What an answer comes to by a schema for it. */
function answered(schema: unknown, text: string) {
  const source = JSON.stringify(schema);
  return createClientSchemaVerdicts()({ key: source, source, tool: undefined, text });
}

describe("a tool's schema", () => {
  const used: [string, object, unknown, unknown][] = [
    ["pattern", { type: "string", pattern: "^(a+)+$" }, "aaa", `${"a".repeat(40)}!`],
    ["patternProperties", { patternProperties: { "^(x|x)*$": { type: "number" } } }, { xx: 1 }, { xx: "1" }],
    ["two patterns", { allOf: [{ pattern: "a" }, { pattern: "b" }] }, "ab", "a"],
    ["an empty pattern", { pattern: "", minLength: 1 }, "x", ""],
    ["uniqueItems", { uniqueItems: true }, [1, 2], [1, 1]],
    ["format", { format: "date-time" }, "2026-01-01T00:00:00Z", "tomorrow"],
    ["format: regex", { format: "regex" }, "a+", "(a+"],
    ["a local $ref", { $defs: { city: { type: "string" } }, $ref: "#/$defs/city" }, "Bern", 1],
    ["a $ref to itself", { items: { $ref: "#" }, type: "array" }, [[], [[]]], [[1]]],
    [
      "$dynamicRef",
      {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $dynamicAnchor: "node",
        type: "object",
        properties: { child: { $dynamicRef: "#node" } },
      },
      { child: {} },
      { child: 1 },
    ],
  ];
  for (const [keyword, schema, right, wrong] of used) {
    test(`is evaluated with ${keyword}`, () => {
      assert.equal(called(schema, right).kind, "pass");
      assert.equal(called(schema, wrong).kind, "fail");
    });
  }

  const left: [string, unknown, RegExp][] = [
    ["$async", { $async: true }, /^its schema uses \$async/],
    ["a remote $ref", { $ref: "http://localhost/schema" }, /^its schema refers/],
    ["a backreference", { pattern: "(a)\\1" }, /^its schema has a pattern/],
    [
      "a length that nobody needs",
      { description: "x".repeat(64 * 1024) },
      /^its schema is longer than 65536 bytes/,
    ],
    ["a repetition that is too long", { pattern: "a{1000}" }, /^its schema does not compile/],
    ["a $ref to nowhere", { $ref: "#/$defs/none" }, /^its schema does not compile/],
    ["no meaning", { type: "strange" }, /^its schema does not compile/],
    [
      "a circle without end",
      { $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" },
      /cannot be evaluated/,
    ],
  ];
  for (const [what, schema, reason] of left) {
    test(`is not evaluated with ${what}`, () => {
      const result = called(schema, "x");
      assert.match(result.kind === "not_evaluated" ? result.reason : result.kind, reason);
    });
  }

  for (const name of ["format", "pattern", "$ref", "uniqueItems", "$async"]) {
    test(`is evaluated when a property is named ${name}, which is no keyword there`, () => {
      const schema = { type: "object", properties: { [name]: { type: "string" } }, required: [name] };
      assert.equal(called(schema, { [name]: "x" }).kind, "pass");
      assert.equal(called(schema, { [name]: 1 }).kind, "fail");
      assert.equal(called(schema, {}).kind, "fail");
    });
  }

  test("sees own properties only", () => {
    assert.equal(called({ required: ["constructor"] }, {}).kind, "fail");
  });
});

describe("an answer's schema", () => {
  test("judges the text as JSON, and says where it is wrong", () => {
    const schema = { properties: { a: { items: { type: "string" } } } };
    assert.deepEqual(answered(schema, '{"a":["x"]}'), { kind: "pass" });
    assert.deepEqual(answered(schema, '{"a":[1]}'), {
      kind: "fail",
      path: "/a/0",
      message: "must be string",
    });
    assert.deepEqual(answered(schema, "x"), { kind: "fail", path: "", message: "is not JSON" });
    assert.equal(answered(schema, "").kind, "fail");
  });
});

test("a schema that was forgotten for others is judged as before", () => {
  const verdicts = createClientSchemaVerdicts();
  const ask = (index: number) => {
    const source = JSON.stringify({ const: index, description: "x".repeat(50_000) });
    return verdicts({ key: `${index}`, source, tool: undefined, text: `${index}` }).kind;
  };
  for (let index = 0; index < 100; index++) assert.equal(ask(index % 60), "pass");
});
