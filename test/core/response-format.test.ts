import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseChatBody } from "../../src/core/chat-body.ts";
import { createFormatChecks } from "../../src/core/response-format.ts";
import type { ClientSchemaQuestion } from "../../src/domain/client-schema.ts";
import { Failure } from "../../src/domain/failure.ts";

function bodyWith(format: unknown) {
  return parseChatBody(Buffer.from(JSON.stringify({ model: "m", messages: [], response_format: format })));
}
const asking = (schema: unknown) => ({ type: "json_schema", json_schema: { name: "answer", schema } });

describe("the response_format of a client", () => {
  const refused: [string, unknown, RegExp][] = [
    ["is too long", { description: "x".repeat(65_536) }, /has \d+ bytes; at most 65536 are taken\.$/],
    ["is no schema", "x", /is neither an object/],
    ["refers to the network", { $ref: "http://127.0.0.1/s" }, /refers at \/\$ref to a place outside/],
    ["has a pattern that backtracks", { properties: { a: { pattern: "(?!x)" } } }, /linear time/],
  ];
  for (const [what, schema, message] of refused) {
    test(`is refused when its schema ${what}`, () => {
      assert.throws(
        () => bodyWith(asking(schema)),
        (failure) => {
          assert.ok(failure instanceof Failure);
          assert.equal(failure.code, "invalid_json_schema");
          assert.equal(failure.details.param, "response_format.json_schema.schema");
          assert.match(failure.message, message);
          return true;
        },
      );
    });
  }

  test("passes when there is nothing to say against it, or when it is the upstream's to judge", () => {
    const formats = [
      null,
      { type: "text" },
      { type: "json_object", json_schema: { schema: { $ref: "http://x" } } },
      { type: "json_schema" },
      { type: "json_schema", json_schema: {} },
      asking({ $ref: "#/$defs/a", $defs: { a: { pattern: "^(a+)+$" } } }),
    ];
    for (const format of formats) assert.equal(bodyWith(format).model, "m");
  });

  test("is asked about by its schema alone", async () => {
    const asked: ClientSchemaQuestion[] = [];
    const checks = createFormatChecks(async (question) => {
      asked.push(question);
      return { kind: "pass" };
    });
    for (const name of ["one", "two"]) {
      const format = { type: "json_schema", json_schema: { name, schema: { type: "object" } } };
      await checks(bodyWith(format))?.("{}");
    }
    const [one, two] = asked;
    assert.deepEqual([one?.source, one?.tool, one?.text], ['{"type":"object"}', undefined, "{}"]);
    assert.equal(one?.key, two?.key);
    assert.equal(checks(bodyWith({ type: "json_object" })), undefined);
    assert.equal(checks({ ...bodyWith(asking({})), operation: "predict" }), undefined);
  });
});
