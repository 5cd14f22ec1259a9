import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checks } from "../../src/guardrails/index.ts";
import { calls, checkOf, judged, reasonOf } from "./check-fixture.ts";

const call = (name: string, json: string) => calls({ name, arguments: json });

describe("the check tools", () => {
  test("finds calls of tools that are not allowed, without repeating the name", () => {
    for (const allow of [["search", "refund"], { search: {}, refund: {} }]) {
      const check = checkOf("tools", { allow });
      assert.equal(reasonOf(check, call("search", "{}")), undefined);
      const subject = calls({ name: "search", arguments: "{}" }, { name: "rm_amy", arguments: "{}" });
      assert.equal(reasonOf(check, subject), "call 2 is of a tool that is not allowed");
      for (const name of ["constructor", "__proto__", "", "Search"]) {
        assert.equal(reasonOf(check, call(name, "{}")), "call 1 is of a tool that is not allowed");
      }
    }
  });

  test("checks arguments by the tool's schema, and says so in the schema's words", () => {
    const schema = {
      type: "object",
      properties: { amount: { type: "number", maximum: 100 } },
      required: ["amount"],
      additionalProperties: false,
    };
    const check = checkOf("tools", { allow: { refund: { schema }, ask: {} } });
    const reason = (json: string) => reasonOf(check, call("refund", json));
    assert.equal(reason('{"amount": 100}'), undefined);
    assert.equal(
      reason('{"amount": 101}'),
      "call 1 has arguments that are against #/properties/amount/maximum",
    );
    assert.equal(reason("{}"), "call 1 has arguments that are against #/required");
    assert.equal(
      reason('{"amount": 1, "amy@example.com": 2}'),
      "call 1 has arguments that are against #/additionalProperties",
    );
    assert.equal(reasonOf(check, call("ask", '["anything"]')), undefined);
  });

  test("finds arguments that are no JSON, and takes none for an empty object", () => {
    const check = checkOf("tools", { allow: ["f"] });
    assert.equal(reasonOf(check, call("f", '{"a":')), "call 1 has arguments that are no JSON");
    assert.equal(reasonOf(check, call("f", "")), undefined);
    const schema = { type: "object", required: ["a"] };
    const strict = checkOf("tools", { allow: { f: { schema } } });
    assert.equal(reasonOf(strict, call("f", "")), "call 1 has arguments that are against #/required");
  });

  test("counts calls, of whatever tools when none are listed", () => {
    const check = checkOf("tools", { max_calls: 2 });
    const one = { name: "f", arguments: "{}" };
    assert.equal(reasonOf(check, calls(one, one)), undefined);
    assert.equal(reasonOf(check, calls(one, one, one)), "3 calls, at most 2");
    assert.equal(reasonOf(checkOf("tools", { max_calls: 0 }), calls(one)), "1 calls, at most 0");
    assert.equal(judged(check, calls()).kind, "not_evaluated");
  });

  test("allows no tool by an empty list", () => {
    assert.equal(
      reasonOf(checkOf("tools", { allow: [] }), call("f", "{}")),
      "call 1 is of a tool that is not allowed",
    );
  });

  test("looks at tool calls alone, and redacts nothing", () => {
    assert.deepEqual(checks.tools?.stages, ["tool_calls"]);
    assert.deepEqual(checks.tools?.actions, ["block", "flag"]);
  });
});
