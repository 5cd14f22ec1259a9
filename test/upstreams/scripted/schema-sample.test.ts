import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { tokensOf } from "../../../src/upstreams/scripted/replies.ts";
import { sampleOf } from "../../../src/upstreams/scripted/schema-sample.ts";

const ajv = new Ajv2020({ strict: false });

function satisfies(schema: object): boolean {
  return ajv.compile(schema)(sampleOf(schema));
}

const { simple } = fc.letrec<{ simple: object; leaf: object }>((tie) => ({
  leaf: fc.oneof(
    fc.constant({ type: "boolean" }),
    fc.constant({ type: "null" }),
    fc.record({ const: fc.jsonValue() }),
    fc.record({ enum: fc.array(fc.string(), { minLength: 1 }) }),
    fc
      .tuple(fc.nat(60), fc.nat(60))
      .map(([least, more]) => ({ type: "string", minLength: least, maxLength: least + more })),
    fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 40 })).map(([low, width]) => ({
      type: "number",
      exclusiveMinimum: low,
      exclusiveMaximum: low + width,
    })),
    fc
      .tuple(fc.integer({ min: -50, max: 50 }), fc.nat(40))
      .map(([low, width]) => ({ type: "integer", minimum: low, maximum: low + width })),
    fc.record({
      type: fc.constant("integer"),
      multipleOf: fc.integer({ min: 1, max: 9 }),
      exclusiveMinimum: fc.integer(),
    }),
    fc.record({ type: fc.constant("integer"), maximum: fc.integer({ min: -99, max: 99 }) }),
  ),
  simple: fc.oneof(
    { depthSize: "small" },
    tie("leaf"),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie("simple"), { maxKeys: 4 }).map((properties) => ({
      type: "object",
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    })),
    fc.tuple(tie("simple"), fc.nat(3)).map(([items, minItems]) => ({ type: "array", items, minItems })),
    fc.tuple(tie("simple")).map(([branch]) => ({ anyOf: [branch, { type: "null" }] })),
    tie("leaf").map((leaf) => ({ $defs: { leaf }, allOf: [leaf] })),
  ),
}));

describe("a sample of a schema", () => {
  test("satisfies it, for every simple schema", () => {
    fc.assert(fc.property(simple, (schema) => satisfies(schema)));
  });

  test("follows local references, and ends where they recurse", () => {
    const node = {
      type: "object",
      properties: {
        name: { type: "string" },
        next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
        children: { type: "array", items: { $ref: "#/$defs/node" } },
      },
      required: ["name", "next", "children"],
    };
    assert.ok(satisfies({ $ref: "#/$defs/node", $defs: { node } }));
  });

  test("gives up on a schema that nothing finite satisfies, instead of growing without end", () => {
    const twice = {
      type: "object",
      properties: { a: { $ref: "#" }, b: { $ref: "#" } },
      required: ["a", "b"],
    };
    assert.ok(JSON.stringify(sampleOf(twice)).length < 200_000);
  });

  test("gives distinct items and the usual formats", () => {
    const dates = { type: "array", items: { type: "string", format: "date" }, minItems: 3 };
    assert.deepEqual(sampleOf(dates), ["2025-03-01", "2025-03-02", "2025-03-03"]);
  });

  test("prefers the hint for a member of that name where its type is right", () => {
    const schema = { properties: { reply: { type: "string" }, escalate: { type: "integer" } } };
    assert.deepEqual(sampleOf(schema, { reply: "Hello", escalate: true }), { reply: "Hello", escalate: 1 });
    const choices = { properties: { verdict: { enum: ["pass", "fail"] } } };
    assert.deepEqual(sampleOf(choices, { verdict: "fail" }), { verdict: "fail" });
    assert.deepEqual(sampleOf(choices, { verdict: "maybe" }), { verdict: "pass" });
  });
});

describe("tokens", () => {
  test("joined are the text again, whatever the text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => tokensOf(text).join("") === text));
  });
});
