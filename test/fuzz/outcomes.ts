import assert from "node:assert/strict";
import { parseOutcomes } from "../../src/core/outcome-body.ts";
import { Failure } from "../../src/domain/failure.ts";
import { requestId, rules } from "../core/outcome-fixture.ts";
import type { FuzzTarget } from "./target.ts";

/** A body of outcomes is refused as a whole, or each item of it becomes one outcome with a value in its range. */
export function createOutcomesTarget(): FuzzTarget {
  return {
    words: [
      '"request_id":',
      `"${requestId}"`,
      '"unit":{"type":"user","id":"u"}',
      '"metric":"csat"',
      '"metric":"topic"',
      '"value":',
      '"good"',
      '"idempotency_key":"k"',
      '"at":"2026-11-22T20:00:00Z"',
      "[",
      "]",
      "{",
      "}",
      ",",
      "true",
      "null",
      "1e400",
      "-0",
      '"__proto__":',
    ],
    check(input) {
      try {
        const { drafts, isArray } = parseOutcomes(input, rules);
        const value: unknown = JSON.parse(input.toString("utf8"));
        assert.equal(Array.isArray(value), isArray);
        assert.equal(drafts.length, Array.isArray(value) ? value.length : 1);
        for (const draft of drafts)
          assert.ok(draft.value === undefined || Number.isFinite(draft.value), String(draft.value));
        return `ok ${Math.min(drafts.length, 5)}`;
      } catch (thrown) {
        if (!(thrown instanceof Failure)) throw thrown;
        assert.ok(thrown.status >= 400 && thrown.status < 500);
        return `${thrown.code} ${thrown.message.replace(/".*?"|\d+/gs, "").slice(0, 40)}`;
      }
    },
  };
}
