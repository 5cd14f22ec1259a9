import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { quantile, ratio, spread } from "../../bench/arithmetic.ts";

const positive = fc.double({ min: 0.001, max: 1e6, noNaN: true });

describe("quantile", () => {
  it("is the smallest value that the share does not exceed", () => {
    assert.equal(quantile([4, 1, 3, 2], 0.5), 2);
    assert.equal(quantile([4, 1, 3, 2], 0.51), 3);
    assert.equal(quantile([4, 1, 3, 2], 0.99), 4);
    assert.equal(quantile([4, 1, 3, 2], 0), 1);
  });

  it("of nothing is not a number", () => {
    assert.equal(quantile([], 0.5), Number.NaN);
  });

  it("has at least its share of the values at or below it, and less below it", () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const value = quantile(values, share);
          const wanted = values.length * share;
          assert.ok(values.filter((one) => one <= value).length >= wanted);
          assert.ok(values.filter((one) => one < value).length < wanted);
        },
      ),
    );
  });
});

describe("spread", () => {
  it("tells the middle, the lowest quartile and both ends", () => {
    assert.deepEqual(spread([10, 1, 7, 4]), { median: 5.5, lowerQuartile: 1, least: 1, most: 10 });
    assert.deepEqual(spread([5, 3, 1, 2, 4]), { median: 3, lowerQuartile: 2, least: 1, most: 5 });
  });

  it("keeps its order whatever the values", () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1 }), (values) => {
        const { least, lowerQuartile, median, most } = spread(values);
        assert.ok(least <= lowerQuartile && lowerQuartile <= median && median <= most);
      }),
    );
  });
});

describe("ratio", () => {
  it("is of the rounds, so that what slows both is not seen", () => {
    const { median, low, high } = ratio([20, 40, 60], [10, 20, 30]);
    assert.deepEqual({ median, low, high }, { median: 2, low: 2, high: 2 });
  });

  it("takes the tightest order statistics that cover 95 %", () => {
    const of = (n: number) =>
      ratio(
        Array.from({ length: n }, (_, i) => i + 1),
        Array(n).fill(1),
      );
    // Published limits of the sign test: n = 6 and 8 leave nothing out, n = 9 one on each side, n = 12 two.
    assert.deepEqual([of(6).low, of(6).high], [1, 6]);
    assert.deepEqual([of(8).low, of(8).high], [1, 8]);
    assert.deepEqual([of(9).low, of(9).high], [2, 8]);
    assert.deepEqual([of(12).low, of(12).high], [3, 10]);
    assert.equal(of(6).coverage, 0.96875);
    assert.equal(of(9).coverage, 0.9609375);
  });

  it("says how little the whole range of a few rounds covers", () => {
    assert.equal(ratio([1, 2, 3], [1, 1, 1]).coverage, 0.75);
    assert.equal(ratio([1], [1]).coverage, 0);
  });

  it("leaves out rounds that only one of both has", () => {
    assert.equal(ratio([1, 2, 3], [1]).median, 1);
  });
});
