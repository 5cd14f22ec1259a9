import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bad, good, schema, validating } from "./validate-fixture.ts";

const body = {
  response_format: { type: "json_schema", json_schema: { name: "answer", schema } },
};

describe("the format that a client asked for", () => {
  test("is checked where the experiment says so and has no schema of its own", async () => {
    const change = { schema: undefined, checkResponseFormat: true, onInvalid: "retry" } as const;
    const { results, context, ask } = validating(change, [[bad], [good]], { body });
    await ask();
    assert.deepEqual(results(), ["fail", "pass"]);
    assert.equal(context.state.validations[0]?.name, "response_format");
  });

  test("is not checked beside the experiment's own schema, nor unasked, nor where there is none", async () => {
    const own = validating({ schema: { name: "own", schema: true }, checkResponseFormat: true }, [[bad]], {
      body,
    });
    await own.ask();
    assert.deepEqual(own.results(), ["pass"]);
    for (const [checkResponseFormat, sent] of [
      [false, body],
      [true, {}],
    ] as const) {
      const { results, ask } = validating({ schema: undefined, checkResponseFormat }, [[bad]], {
        body: sent,
      });
      await ask();
      assert.deepEqual(results(), []);
    }
  });
});
