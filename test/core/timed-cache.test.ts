import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TimedCache } from "../../src/core/timed-cache.ts";

function cacheOf(maxEntries: number, ttlMs: number) {
  const clock = { now: 0 };
  return { clock, cache: new TimedCache<number>({ maxEntries, ttlMs, now: () => clock.now }) };
}

describe("a cache with a time", () => {
  test("forgets a value when its time is over, and reading does not prolong it", () => {
    const { cache, clock } = cacheOf(10, 100);
    cache.set("a", 1);
    clock.now = 99;
    assert.equal(cache.get("a"), 1);
    clock.now = 100;
    assert.equal(cache.get("a"), undefined);
    assert.equal(cache.size, 0);
  });

  test("forgets the longest unused when there are too many", () => {
    const { cache } = cacheOf(2, 100);
    cache.set("a", 1);
    cache.set("b", 2);
    cache.get("a");
    cache.set("c", 3);
    assert.deepEqual([cache.get("a"), cache.get("b"), cache.get("c")], [1, undefined, 3]);
  });

  test("keeps nothing where nothing may be kept", () => {
    const { cache } = cacheOf(0, 100);
    cache.set("a", 1);
    assert.equal(cache.get("a"), undefined);
  });

  test("never gives a wrong or a stale value, and never holds more than it may", () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), isSet: fc.boolean(), ms: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 0, max: 3 }), (steps, maxEntries) => {
        const { cache, clock } = cacheOf(maxEntries, 100);
        const truth = new Map<string, { value: number; at: number }>();
        for (const [value, { key, isSet, ms }] of steps.entries()) {
          clock.now += ms;
          if (isSet) {
            cache.set(key, value);
            truth.set(key, { value, at: clock.now });
          } else {
            const got = cache.get(key);
            const last = truth.get(key);
            if (got !== undefined) assert.ok(last?.value === got && clock.now < last.at + 100);
          }
          assert.ok(cache.size <= maxEntries);
        }
      }),
    );
  });
});
