import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  betaCdf,
  betaQuantile,
  betaSf,
  binomialCdf,
  binomialSf,
  chiSquaredSf,
  normalCdf,
  normalQuantile,
  normalSf,
  tQuantile,
  tSf,
} from "../../src/analysis/distributions.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative } from "./near.ts";

type Two = readonly [number, number];
type Three = readonly [number, number, number];
type Four = readonly [number, number, number, number];

const published = readVectors<{
  readonly distributions: {
    readonly t_sf: readonly Three[];
    readonly chi2_sf: readonly Three[];
    readonly norm_q: readonly Two[];
    readonly t_q: readonly Three[];
    readonly norm_sf: readonly Two[];
  };
}>("analysis").distributions;

const vectors = readVectors<{
  readonly tSf: readonly Three[];
  readonly tQuantile: readonly Three[];
  readonly betaQuantile: readonly Four[];
  readonly normalSf: readonly Two[];
  readonly normalQuantile: readonly Two[];
}>("special");

const probability = fc.double({ min: 1e-300, max: 1 - 2 ** -53, noNaN: true });
const degrees = fc.oneof(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY));

describe("tails", () => {
  test("agree with the published values down to 1e-86", () => {
    for (const [t, df, expected] of published.t_sf) nearRelative(tSf(t, df), expected, 1e-12);
    for (const [x, df, expected] of published.chi2_sf) nearRelative(chiSquaredSf(x, df), expected, 1e-12);
    for (const [z, expected] of published.norm_sf) nearRelative(normalSf(z), expected, 1e-12);
  });

  test("agree with mpmath down to 1e-300, at degrees of freedom from 0.3 to 1e12", () => {
    for (const [t, df, expected] of vectors.tSf) nearRelative(tSf(t, df), expected, 2e-13);
    for (const [z, expected] of vectors.normalSf) nearRelative(normalSf(z), expected, 2e-13);
  });

  test("reflect: the tail above t is the one below −t", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e3, max: 1e3, noNaN: true }), degrees, (x, df) => {
        near(tSf(x, df) + tSf(-x, df), 1, 1e-14);
        assert.equal(normalCdf(x), normalSf(-x));
      }),
    );
  });

  test("of t become normal as df grows, and Infinity means normal", () => {
    assert.equal(tSf(3, Number.POSITIVE_INFINITY), normalSf(3));
    nearRelative(tSf(3, 1e15), normalSf(3), 1e-13);
    nearRelative(tSf(3, 2e20), tSf(3, 1e20), 1e-13);
  });

  test("of t do not overflow: beyond 1e100 it is as with Cauchy, 1/(πt)", () => {
    nearRelative(tSf(1e200, 1), 1 / (Math.PI * 1e200), 1e-12);
    nearRelative(tSf(1.0000001e100, 1), tSf(0.9999999e100, 1), 3e-7);
    assert.equal(tSf(Number.POSITIVE_INFINITY, 3), 0);
    assert.equal(tSf(Number.NEGATIVE_INFINITY, 3), 1);
    assert.equal(tSf(1e-200, 3), 0.5);
  });

  test("of chi-squared with one degree are those of the normal squared", () => {
    for (const z of [0.1, 1, 3, 30]) nearRelative(chiSquaredSf(z * z, 1), 2 * normalSf(z), 1e-12);
    assert.equal(chiSquaredSf(0, 3), 1);
    assert.equal(chiSquaredSf(-1, 3), 1);
  });

  test("of beta do not care where x is beyond 0 and 1", () => {
    assert.deepEqual([betaCdf(-1, 2, 3), betaCdf(2, 2, 3), betaSf(-1, 2, 3), betaSf(2, 2, 3)], [0, 1, 1, 0]);
    nearRelative(betaCdf(0.5, 2, 2), 0.5, 1e-15);
  });

  test("of counts are sums of binomial probabilities", () => {
    const [n, p] = [12, 0.3];
    let below = 0;
    let term = (1 - p) ** n;
    for (let k = 0; k < n; k++) {
      below += term;
      nearRelative(binomialCdf(k, n, p), below, 1e-13);
      near(binomialSf(k, n, p), 1 - below, 1e-14);
      assert.equal(binomialCdf(k + 0.5, n, p), binomialCdf(k, n, p));
      term *= ((n - k) * p) / ((k + 1) * (1 - p));
    }
    nearRelative(binomialSf(n - 1, n, p), p ** n, 1e-13);
    assert.deepEqual([binomialCdf(-1, n, p), binomialCdf(n, n, p)], [0, 1]);
    assert.deepEqual([binomialSf(-1, n, p), binomialSf(n, n, p)], [1, 0]);
  });
});

describe("quantiles", () => {
  test("agree with the published values", () => {
    for (const [p, expected] of published.norm_q) nearRelative(normalQuantile(p), expected, 1e-14);
    // The file promises 1e-9 and its second quantile of t keeps no more: mpmath and scipy 1.17 have 6.850381320312….
    for (const [p, df, expected] of published.t_q) nearRelative(tQuantile(p, df), expected, 1e-9);
  });

  test("agree with mpmath from 1e-300 to the middle", () => {
    for (const [p, expected] of vectors.normalQuantile) nearRelative(normalQuantile(p), expected, 1e-14);
    for (const [p, df, expected] of vectors.tQuantile) nearRelative(tQuantile(p, df), expected, 1e-13);
    for (const [p, a, b, expected] of vectors.betaQuantile)
      nearRelative(betaQuantile(p, a, b), expected, 1e-12);
  });

  test("invert the tails", () => {
    fc.assert(
      fc.property(probability, degrees, (p, df) => {
        if (p <= 0.5) nearRelative(normalCdf(normalQuantile(p)), p, 1e-12);
        else near(normalCdf(normalQuantile(p)), p, 1e-15);
        if (p <= 0.5) nearRelative(tSf(-tQuantile(p, df), df), p, 1e-11);
        else near(tSf(-tQuantile(p, df), df), p, 1e-14);
      }),
    );
  });

  test("of beta invert its tails", () => {
    const shape = fc.double({ min: 0.05, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 0.999, noNaN: true }), shape, shape, (p, a, b) => {
        const x = betaQuantile(p, a, b);
        // Where quantiles crowd at 1, or below the least double, a double x cannot tell them apart.
        if (x > 1e-300 && x < 0.9) near(betaCdf(x, a, b), p, 1e-10);
        assert.ok(x >= 0 && x <= 1);
      }),
    );
  });

  test("reflect at the median, which is 0", () => {
    assert.equal(normalQuantile(0.5) + 0, 0);
    assert.equal(tQuantile(0.5, 3) + 0, 0);
    assert.equal(normalQuantile(0.75), -normalQuantile(0.25));
    assert.equal(tQuantile(0.9375, 3.4), -tQuantile(0.0625, 3.4));
  });

  test("are infinite at 0 and 1, but for beta", () => {
    for (const quantile of [normalQuantile, (p: number) => tQuantile(p, 2)]) {
      assert.deepEqual([quantile(0), quantile(1)], [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    }
    assert.deepEqual([betaQuantile(0, 2, 3), betaQuantile(1, 2, 3)], [0, 1]);
  });

  test("throw for what is no probability, and tails for what is no number", () => {
    for (const p of [-0.1, 1.1, Number.NaN]) {
      assert.throws(() => normalQuantile(p), RangeError);
      assert.throws(() => tQuantile(p, 3), RangeError);
      assert.throws(() => betaQuantile(p, 1, 1), RangeError);
      assert.throws(() => binomialCdf(1, 2, p), RangeError);
    }
    for (const df of [0, -1, Number.NaN]) assert.throws(() => tSf(1, df), RangeError);
    assert.throws(() => tSf(Number.NaN, 1), RangeError);
    assert.throws(() => normalSf(Number.NaN), RangeError);
    assert.throws(() => chiSquaredSf(Number.NaN, 1), RangeError);
  });
});
