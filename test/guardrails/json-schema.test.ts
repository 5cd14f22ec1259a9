import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOf, judged, output, reasonOf } from "./check-fixture.ts";

describe("the check json_schema", () => {
  const schema = { type: "object", properties: { mood: { enum: ["good", "bad"] } }, required: ["mood"] };
  const check = checkOf("json_schema", { schema });

  test("lets through what the schema takes", () => {
    assert.equal(judged(check, output('{"mood": "good", "amy": 1}')).kind, "pass");
  });

  test("tells what the schema does not take, in the schema's words", () => {
    assert.equal(reasonOf(check, output('{"mood": "amy"}')), "the answer is against #/properties/mood/enum");
    assert.equal(reasonOf(check, output("{}")), "the answer is against #/required");
    assert.equal(reasonOf(check, output("amy")), "the answer is no JSON");
    assert.equal(reasonOf(check, output(" ")), "the answer is no JSON");
  });

  test("has no verdict on an answer without text", () => {
    assert.deepEqual(judged(check, output("")), { kind: "not_evaluated", reason: "the answer has no text" });
  });
});
