import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { merge, type Summary, summarize } from "../../src/analysis/summary.ts";
import { relativeLift, welch, welchLogRatio } from "../../src/analysis/welch.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative, toDecimals } from "./near.ts";

interface Sums {
  readonly n: number;
  readonly sum: number;
  readonly sumsq: number;
}

interface Published {
  readonly welch: readonly [
    {
      readonly a: readonly number[];
      readonly b: readonly number[];
      readonly t: number;
      readonly df: number;
      readonly p: number;
    },
    {
      readonly summary_a: Sums;
      readonly summary_b: Sums;
      readonly t: number;
      readonly df: number;
      readonly p: number;
      readonly ci95: readonly [number, number];
      readonly relative: { est: number; se: number; p: number; ci: readonly [number, number] };
    },
  ];
}

const [small, large] = readVectors<Published>("analysis").welch;
const { welch: vectors } = readVectors<{
  readonly welch: readonly {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly t: number;
    readonly df: number;
    readonly p: number;
    readonly ci90: readonly [number, number];
  }[];
}>("plain-tests");

function ofSums({ n, sum, sumsq }: Sums): Summary {
  return { n, mean: sum / n, m2: sumsq - (sum * sum) / n };
}

const value = fc.integer({ min: -10_000, max: 10_000 }).map((whole) => whole / 100);
const sample = fc.array(value, { minLength: 2, maxLength: 30 }).map((values) => [...values, 0.5, 1.5]);

describe("Welch's test", () => {
  test("agrees with the published values", () => {
    const found = conclusive(welch(summarize(small.a), summarize(small.b)));
    nearRelative(found.t, small.t, 1e-12);
    nearRelative(found.df, small.df, 1e-12);
    nearRelative(found.pValue, small.p, 1e-12);
    const other = conclusive(welch(ofSums(large.summary_b), ofSums(large.summary_a)));
    nearRelative(other.t, large.t, 1e-10);
    nearRelative(other.df, large.df, 1e-10);
    nearRelative(other.pValue, large.p, 1e-10);
    nearRelative(other.interval.low, large.ci95[0], 1e-10);
    nearRelative(other.interval.high, large.ci95[1], 1e-10);
  });

  test("agrees with scipy from 2 values to 300, at scales of 1e-6 to 1e9", () => {
    for (const { x, y, t, df, p, ci90 } of vectors) {
      const found = conclusive(welch(summarize(x), summarize(y), { confidence: 0.9 }));
      nearRelative(found.t, t, 1e-10);
      nearRelative(found.df, df, 1e-10);
      nearRelative(found.pValue, p, 1e-10);
      nearRelative(found.interval.low, ci90[0], 1e-10);
      nearRelative(found.interval.high, ci90[1], 1e-10);
    }
  });

  test("changes only signs when the arms change places", () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const found = conclusive(welch(summarize(x), summarize(y)));
        const swapped = conclusive(welch(summarize(y), summarize(x)));
        assert.equal(swapped.value + found.value, 0);
        near(swapped.pValue, found.pValue, 1e-13);
        near(swapped.interval.low, -found.interval.high, 1e-12);
      }),
    );
  });

  test("scales with the values and does not see a shift", () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const found = conclusive(welch(summarize(x), summarize(y)));
        const moved = (values: number[]) => summarize(values.map((one) => 8 * one + 4096));
        const turned = conclusive(welch(moved(x), moved(y)));
        near(turned.value, 8 * found.value, 1e-9);
        near(turned.pValue, found.pValue, 1e-8);
      }),
    );
  });

  test("is the same of merged summaries", () => {
    fc.assert(
      fc.property(sample, sample, sample, (x, more, y) => {
        const whole = conclusive(welch(summarize([...x, ...more]), summarize(y)));
        const merged = conclusive(welch(merge(summarize(x), summarize(more)), summarize(y)));
        near(merged.value, whole.value, 1e-11);
        near(merged.pValue, whole.pValue, 1e-9);
      }),
    );
  });

  test("has p below α exactly where the interval leaves 0 out", () => {
    fc.assert(
      fc.property(sample, sample, fc.double({ min: 0.5, max: 0.999, noNaN: true }), (x, y, confidence) => {
        const { pValue, interval } = conclusive(welch(summarize(x), summarize(y), { confidence }));
        const alpha = 1 - confidence;
        if (Math.abs(pValue - alpha) > 1e-9)
          assert.equal(pValue < alpha, interval.low > 0 || interval.high < 0);
      }),
    );
  });

  test("has intervals that widen with confidence and narrow with n", () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const [one, other] = [summarize(x), summarize(y)];
        const narrow = conclusive(welch(one, other, { confidence: 0.8 })).interval;
        const wide = conclusive(welch(one, other, { confidence: 0.99 })).interval;
        const more = conclusive(welch(merge(one, one), merge(other, other), { confidence: 0.8 })).interval;
        assert.ok(wide.high - wide.low > narrow.high - narrow.low);
        assert.ok(more.high - more.low < narrow.high - narrow.low);
      }),
    );
  });

  test("says why it cannot tell, and never NaN", () => {
    const one = summarize([1, 2, 3]);
    assert.equal(reasonOf(welch(summarize([]), one)), "no_data");
    assert.equal(reasonOf(welch(one, summarize([4]))), "too_few_units");
    assert.equal(reasonOf(welch(summarize([4, 4]), summarize([5, 5]))), "no_variance");
    assert.equal(reasonOf(welch(one, one, { confidence: 1 })), "invalid_input");
    assert.equal(conclusive(welch(summarize([4, 4]), one)).df, 2);
    fc.assert(
      fc.property(fc.array(anyNumber), fc.array(anyNumber), (x, y) => {
        for (const test of [welch, welchLogRatio, relativeLift])
          assertNoNaN(test(summarize(x), summarize(y)));
      }),
    );
  });
});

describe("the ratio of geometric means", () => {
  test("does not depend on the unit of the values", () => {
    const logsOf = (values: number[], by: number) => summarize(values.map((one) => Math.log(one * by)));
    const [x, y] = [
      [120, 340, 95, 410],
      [100, 190, 88, 301, 150],
    ];
    const inMs = conclusive(welchLogRatio(logsOf(x, 1), logsOf(y, 1)));
    const inSeconds = conclusive(welchLogRatio(logsOf(x, 1e-3), logsOf(y, 1e-3)));
    nearRelative(
      inMs.value,
      (120 * 340 * 95 * 410) ** (1 / 4) / (100 * 190 * 88 * 301 * 150) ** (1 / 5),
      1e-13,
    );
    nearRelative(inSeconds.value, inMs.value, 1e-12);
    nearRelative(inSeconds.interval.high, inMs.interval.high, 1e-12);
    nearRelative(Math.sqrt(inMs.interval.low * inMs.interval.high), inMs.value, 1e-13);
  });

  test("inverts when the arms change places, and its p is of the logarithms", () => {
    const [x, y] = [summarize([1, 2.5, 3]), summarize([0.5, 2, 1, 1.1])];
    const found = conclusive(welchLogRatio(x, y));
    const swapped = conclusive(welchLogRatio(y, x));
    nearRelative(swapped.value, 1 / found.value, 1e-14);
    nearRelative(swapped.interval.low, 1 / found.interval.high, 1e-13);
    assert.equal(found.pValue, conclusive(welch(x, y)).pValue);
  });

  test("is inconclusive where it overflows", () => {
    assert.equal(reasonOf(welchLogRatio(summarize([800, 801]), summarize([0, 1]))), "invalid_input");
  });
});

describe("the relative lift", () => {
  test("agrees with the published value", () => {
    const found = conclusive(relativeLift(ofSums(large.summary_b), ofSums(large.summary_a)));
    toDecimals(found.value, large.relative.est, 5);
    toDecimals(found.standardError, large.relative.se, 5);
    toDecimals(found.pValue, large.relative.p, 5);
    toDecimals(found.interval.low, large.relative.ci[0], 5);
    toDecimals(found.interval.high, large.relative.ci[1], 5);
  });

  test("does not depend on the scale of the values", () => {
    const [x, y] = [summarize([3, 5, 4]), summarize([2, 4, 3])];
    const [larger, other] = [summarize([3000, 5000, 4000]), summarize([2000, 4000, 3000])];
    nearRelative(
      conclusive(relativeLift(larger, other)).pValue,
      conclusive(relativeLift(x, y)).pValue,
      1e-13,
    );
  });

  test("needs something to be relative to", () => {
    const one = summarize([1, 2]);
    assert.equal(reasonOf(relativeLift(one, summarize([-1, 1]))), "zero_denominator");
    assert.equal(reasonOf(relativeLift(one, summarize([-3, -1]))), "zero_denominator");
  });
});
