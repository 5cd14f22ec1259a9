import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { counted, differenceText } from "../../src/cli/quantity.ts";

const value = { unit: "value", scale: "linear" } as const;

describe("a difference in words", () => {
  test("shows on which side of 0 a bound is, however wide the interval", () => {
    assert.equal(differenceText(26, { low: -0.237, high: 52 }, value), "+26 [-0.2, +52]");
    assert.equal(differenceText(-26, { low: -52, high: 0.0042 }, value), "-26 [-52, +0.004]");
    assert.equal(differenceText(26, { low: 0, high: 52 }, value), "+26 [0, +52]");
  });

  test("takes what a sum's rounding leaves for 0", () => {
    assert.equal(differenceText(26, { low: -1e-14, high: 52 }, value), "+26 [0, +52]");
  });

  test("has the sign of each bound, for any interval", () => {
    const bound = fc
      .double({ min: -1e6, max: 1e6, noNaN: true })
      .filter((x) => x === 0 || Math.abs(x) > 1e-8);
    fc.assert(
      fc.property(bound, bound, (one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const text = differenceText((low + high) / 2, { low, high }, value);
        const [, first = "", second = ""] = /\[(\S+), (\S+)\]/.exec(text) ?? [];
        const signOf = (shown: string) => (shown.startsWith("-") ? -1 : shown.startsWith("+") ? 1 : 0);
        assert.deepEqual([signOf(first), signOf(second)], [Math.sign(low) || 0, Math.sign(high) || 0], text);
      }),
    );
  });
});

test("one of a kind is not written as many", () => {
  assert.deepEqual(
    [0, 1, 2, 1000].map((count) => counted(count, "user")),
    ["0 users", "1 user", "2 users", "1,000 users"],
  );
});
