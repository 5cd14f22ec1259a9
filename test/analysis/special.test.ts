import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  erfc,
  gammaLower,
  gammaUpper,
  logBeta,
  logGamma,
  logRegularizedBeta,
  logRegularizedBetaUpper,
  regularizedBeta,
  regularizedBetaUpper,
} from "../../src/analysis/special.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative } from "./near.ts";

type Two = readonly [number, number];
type Three = readonly [number, number, number];

const vectors = readVectors<{
  readonly logGamma: readonly Two[];
  readonly logBeta: readonly Three[];
  /** a, b, x and the logarithms of both tails. */
  readonly logBetaTails: readonly (readonly [number, number, number, number, number])[];
  /** a, x and the logarithms of both tails. */
  readonly logGammaTails: readonly (readonly [number, number, number, number])[];
}>("special");

/** An absolute error of the logarithm is a relative one of the tail. */
function nearLog(actual: number, expected: number): void {
  if (actual === expected) return;
  const distance = 5e-13 * Math.max(1, Math.abs(expected) / 700);
  assert.ok(Math.abs(actual - expected) <= distance, `${actual} is not ${expected} within ${distance}`);
}

const shape = fc.double({ min: 0.01, max: 1e4, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe("log gamma and log beta", () => {
  test("agree with mpmath, also beside the zeros of log gamma", () => {
    for (const [x, expected] of vectors.logGamma) nearRelative(logGamma(x), expected, 1e-14);
    for (const [a, b, expected] of vectors.logBeta) near(logBeta(a, b), expected, 1e-14);
  });

  test("are those of factorials", () => {
    assert.equal(logGamma(1), 0);
    assert.equal(logGamma(2), 0);
    nearRelative(logGamma(11), Math.log(3_628_800), 1e-15);
    near(logBeta(3, 4), -Math.log(60), 1e-15);
  });

  test("throw where they are not defined", () => {
    for (const x of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => logGamma(x), RangeError);
      assert.throws(() => logBeta(1, x), RangeError);
    }
  });
});

describe("the incomplete beta function", () => {
  test("agrees with mpmath in both tails for a and b of 0.01 to 1e7, far below the least double", () => {
    for (const [a, b, x, lower, upper] of vectors.logBetaTails) {
      nearLog(logRegularizedBeta(x, a, b), lower);
      nearLog(logRegularizedBetaUpper(x, a, b), upper);
    }
    assert.ok(vectors.logBetaTails.some(([, , , lower, upper]) => Math.min(lower, upper) < -1000));
  });

  test("is the same from both ends", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 20 }), shape, shape, (of, a, b) => {
        // A multiple of 2⁻²⁰ has an exact complement.
        const x = of / 2 ** 20;
        nearLog(logRegularizedBeta(x, a, b), logRegularizedBetaUpper(1 - x, b, a));
      }),
    );
  });

  test("has tails that sum to 1, and is never NaN", () => {
    fc.assert(
      fc.property(share, shape, shape, (x, a, b) => {
        near(regularizedBeta(x, a, b) + regularizedBetaUpper(x, a, b), 1, 1e-12);
      }),
    );
  });

  test("is a power of x, or of 1 − x, where the other shape is 1", () => {
    nearRelative(regularizedBeta(0.3, 7, 1), 0.3 ** 7, 1e-14);
    nearRelative(regularizedBetaUpper(0.25, 1, 500), 0.75 ** 500, 1e-13);
    nearRelative(regularizedBeta(1e-300, 0.5, 1), 1e-150, 1e-13);
  });

  test("ends at 0 and 1", () => {
    assert.deepEqual([regularizedBeta(0, 2, 3), regularizedBetaUpper(0, 2, 3)], [0, 1]);
    assert.deepEqual([regularizedBeta(1, 2, 3), regularizedBetaUpper(1, 2, 3)], [1, 0]);
    assert.equal(logRegularizedBeta(0, 2, 3), Number.NEGATIVE_INFINITY);
  });

  test("throws for what is no share or no shape", () => {
    const wrong: readonly Three[] = [
      [-0.1, 1, 1],
      [1.1, 1, 1],
      [Number.NaN, 1, 1],
      [0.5, 0, 1],
      [0.5, 1, Number.NaN],
    ];
    for (const [x, a, b] of wrong) assert.throws(() => regularizedBeta(x, a, b), RangeError);
  });
});

describe("the incomplete gamma function", () => {
  test("agrees with mpmath in both tails for shapes of 0.01 to 5e6", () => {
    for (const [a, x, lower, upper] of vectors.logGammaTails) {
      if (lower > -700) nearRelative(gammaLower(a, x), Math.exp(lower), 5e-13);
      if (upper > -700) nearRelative(gammaUpper(a, x), Math.exp(upper), 5e-13);
    }
  });

  test("has tails that sum to 1, and is never NaN", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e5, noNaN: true }), shape, (x, a) => {
        near(gammaLower(a, x) + gammaUpper(a, x), 1, 1e-12);
      }),
    );
    assert.deepEqual([gammaLower(2, Number.POSITIVE_INFINITY), gammaUpper(2, 0)], [1, 1]);
  });

  test("throws for what is no shape, or below 0", () => {
    for (const [a, x] of [
      [0, 1],
      [1, -1],
      [1, Number.NaN],
      [Number.NaN, 1],
    ] as const) {
      assert.throws(() => gammaUpper(a, x), RangeError);
    }
  });
});

describe("the complementary error function", () => {
  test("agrees with mpmath to the last digits, though x² has more than a double holds", () => {
    nearRelative(erfc(26.3), 8.590249058794049e-303, 2e-15);
    nearRelative(erfc(5.7), 7.566211621862486e-16, 2e-15);
    nearRelative(erfc(1.5), 0.033894853524689274, 2e-15);
  });

  test("reflects at 0", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (x) => near(erfc(x) + erfc(-x), 2, 1e-15)),
    );
    assert.equal(erfc(0), 1);
  });

  test("does not jump where the series and the fraction meet", () => {
    nearRelative(erfc(1.5 - 1e-15), erfc(1.5), 1e-14);
  });

  test("ends in 0 and 2, and throws for NaN", () => {
    assert.deepEqual([erfc(Number.POSITIVE_INFINITY), erfc(Number.NEGATIVE_INFINITY), erfc(40)], [0, 2, 0]);
    assert.throws(() => erfc(Number.NaN), RangeError);
  });
});
