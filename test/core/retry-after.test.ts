import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { backoffMs, retryAfterMs } from "../../src/core/retry-after.ts";

const now = Date.parse("2026-07-01T12:00:00Z");
/** Both limits are used up; else their resets say nothing of this refusal. */
const spent = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "0" };

describe("retryAfterMs", () => {
  test("reads milliseconds, seconds, a date and durations", () => {
    const cases: readonly (readonly [Record<string, string | string[]>, number | undefined])[] = [
      [{}, undefined],
      [{ "retry-after-ms": "250" }, 250],
      [{ "retry-after-ms": " 12.5 " }, 12.5],
      [{ "retry-after": "2" }, 2000],
      [{ "retry-after": "0" }, 0],
      [{ "retry-after": "1.5" }, 1500],
      [{ "retry-after": "9".repeat(400) }, 366 * 86_400_000],
      [{ "retry-after": "Wed, 01 Jul 2026 12:00:07 GMT" }, 7000],
      [{ "retry-after": "Wed, 01 Jul 2026 11:00:00 GMT" }, 0],
      [{ "retry-after": ["3", "4"] }, 3000],
      [{ "x-ratelimit-reset-requests": "1s" }, 1000],
      [{ "x-ratelimit-reset-tokens": "6m0s" }, 360_000],
      [{ "x-ratelimit-reset-tokens": "20ms" }, 20],
      [{ "x-ratelimit-reset-tokens": "1h2m3.5s" }, 3_723_500],
      [{ "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "9s" }, 9000],
    ];
    for (const [headers, wanted] of cases) assert.equal(retryAfterMs({ ...spent, ...headers }, now), wanted);
  });

  test("takes the finer header before the coarser", () => {
    const all = { ...spent, "retry-after-ms": "5", "retry-after": "9", "x-ratelimit-reset-requests": "8s" };
    assert.equal(retryAfterMs(all, now), 5);
    assert.equal(retryAfterMs({ ...all, "retry-after-ms": "soon" }, now), 9000);
    assert.equal(retryAfterMs({ ...all, "retry-after-ms": "-1", "retry-after": "soon" }, now), 8000);
  });

  test("reads the reset of a limit only when nothing of it remains", () => {
    const resets = { "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "9s" };
    assert.equal(retryAfterMs(resets, now), undefined);
    assert.equal(retryAfterMs({ ...resets, "x-ratelimit-remaining-requests": "0" }, now), 1000);
    const many = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "12" };
    assert.equal(retryAfterMs({ ...resets, ...many }, now), 1000);
  });

  test("is a number that is not negative, or undefined, whatever the headers hold", () => {
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("-1", "1e9", "NaN", "Infinity", "", "0x10", "ms", "1m1h"),
    );
    const headers = fc.record(
      {
        "retry-after-ms": value,
        "retry-after": fc.oneof(value, fc.array(value)),
        "x-ratelimit-reset-requests": value,
        "x-ratelimit-reset-tokens": value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(headers, (it) => {
        const wait = retryAfterMs({ ...spent, ...it }, now);
        assert.ok(wait === undefined || (wait >= 0 && Number.isFinite(wait)), String(wait));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("backoffMs", () => {
  test("is below its ceiling, which doubles up to the most", () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(1000),
        fc.nat(10_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (retries, baseMs, maxMs, random) => {
          const wait = backoffMs(retries, { baseMs, maxMs }, random);
          assert.ok(Number.isInteger(wait) && wait >= 0);
          assert.ok(wait <= Math.min(maxMs, baseMs * 2 ** retries));
        },
      ),
    );
    const limits = { baseMs: 100, maxMs: 500 };
    const nearlyOne = 1 - Number.EPSILON;
    assert.deepEqual(
      [0, 1, 2, 3, 9].map((retries) => backoffMs(retries, limits, nearlyOne)),
      [99, 199, 399, 499, 499],
    );
    assert.equal(backoffMs(3, limits, 0), 0);
  });
});
