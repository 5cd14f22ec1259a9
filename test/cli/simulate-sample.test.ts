import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom } from "../../src/analysis/random.ts";
import { sampleOf } from "../../src/cli/simulate-sample.ts";
import { compileContentCheck } from "../../src/core/json-schema.ts";

const schema = {
  type: "object",
  required: ["length", "owner", "parts"],
  properties: {
    length: { type: "number", exclusiveMinimum: 0, maximum: 7.5 },
    age: { type: "integer", minimum: -3, exclusiveMaximum: 4 },
    step: { type: "number", multipleOf: 0.5, minimum: 1, maximum: 3 },
    colour: { enum: ["blue", "white"] },
    fixed: { const: 7 },
    isWild: { type: "boolean" },
    name: { type: ["string", "null"], minLength: 2, maxLength: 5 },
    owner: { $ref: "#/$defs/owner" },
    parts: {
      type: "array",
      items: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] },
      maxItems: 3,
    },
  },
  additionalProperties: false,
  $defs: {
    owner: {
      type: "object",
      required: ["id"],
      properties: { id: { type: "string" }, parent: { $ref: "#/$defs/owner" } },
    },
  },
};

describe("an input made of a schema", () => {
  test("is one that the schema allows, and not the same every time", () => {
    const check = compileContentCheck(schema);
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const text = JSON.stringify(sampleOf(schema, createRandom(seed)));
        assert.deepEqual(check(text), { kind: "pass" }, text);
        seen.add(text);
      }),
    );
    assert.ok(seen.size > 50);
  });

  test("is refused where it would be no object", () => {
    for (const none of [true, { type: "array" }, { $ref: "#/$defs/nothing" }, { $ref: "#" }]) {
      assert.throws(() => sampleOf(none, createRandom(1)), /give some by --input FILE/);
    }
  });

  test("ends where a schema demands itself", () => {
    const endless = { type: "object", required: ["me"], properties: { me: { $ref: "#" } } };
    assert.ok(JSON.stringify(sampleOf(endless, createRandom(1))).length < 1000);
  });
});
