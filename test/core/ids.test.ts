import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createIds } from "../../src/core/ids.ts";

describe("ids", () => {
  test("of traces and spans are hexadecimal, of their length, and never the same", () => {
    const ids = createIds(() => 0);
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const [trace, span] = [ids.traceId(), ids.spanId()];
      assert.match(trace, /^[0-9a-f]{32}$/);
      assert.match(span, /^[0-9a-f]{16}$/);
      seen.add(trace).add(span);
    }
    assert.equal(seen.size, 4000);
  });

  test("of requests are UUIDs of version 7, in order also when the clock jumps back", () => {
    let now = 1_700_000_000_000;
    const ids = createIds(() => now);
    const all = Array.from({ length: 5000 }, (_, i) => {
      now += i % 7 === 0 ? 1 : -1;
      return ids.requestId();
    });
    for (const id of all)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(all, all.toSorted());
  });
});
