import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createToolChecks } from "../../src/core/tool-check.ts";

/** What a call with these arguments of a tool with this schema comes to. */
function checked(parameters: object, value: unknown) {
  const tools = Buffer.from(JSON.stringify([{ type: "function", function: { name: "f", parameters } }]));
  return createToolChecks()(tools)({ name: "f", arguments: JSON.stringify(value) });
}

describe("a tool's schema", () => {
  test("is not evaluated with $async, wherever it stands: ajv would promise, not answer", () => {
    for (const schema of [
      { $async: true, type: "object" },
      { type: "object", properties: { a: { $async: true, type: "string" } } },
    ]) {
      assert.deepEqual(checked(schema, {}), { kind: "not_evaluated", reason: "its schema uses $async" });
    }
  });

  for (const name of ["format", "pattern", "$ref", "uniqueItems"]) {
    test(`is evaluated when a property is named ${name}, which is no keyword there`, () => {
      const schema = { type: "object", properties: { [name]: { type: "string" } }, required: [name] };
      assert.equal(checked(schema, { [name]: "x" }).kind, "pass");
      assert.equal(checked(schema, { [name]: 1 }).kind, "fail");
      assert.equal(checked(schema, {}).kind, "fail");
    });
  }

  test("is not evaluated when a property that has a keyword's name uses one", () => {
    const schema = { type: "object", properties: { format: { type: "string", pattern: "(a+)+$" } } };
    assert.equal(checked(schema, { format: "a" }).kind, "not_evaluated");
  });

  test("is not evaluated when it is longer than what compiles in a moment", () => {
    const padded = (length: number) => ({ type: "object", description: "x".repeat(length) });
    assert.equal(checked(padded(8000), {}).kind, "pass");
    assert.deepEqual(checked(padded(8192), {}), {
      kind: "not_evaluated",
      reason: "its schema is longer than 8192 characters",
    });
  });
});
