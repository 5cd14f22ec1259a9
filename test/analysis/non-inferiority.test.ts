import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { deterioration, nonInferiority } from "../../src/analysis/non-inferiority.ts";
import { type StudentEstimate, studentEstimate } from "../../src/analysis/student-estimate.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near } from "./near.ts";

const effect = (value: number, standardError: number, alpha = 0.025): StudentEstimate =>
  conclusive(studentEstimate({ value, standardError, df: 120, confidence: 1 - 2 * alpha }));
const values = fc.double({ min: -5, max: 5, noNaN: true });
const errors = fc.double({ min: 0.01, max: 3, noNaN: true });
const alphas = fc.double({ min: 0.0001, max: 0.4, noNaN: true });

describe("non-inferiority", () => {
  test("holds when the worse side of the interval lies inside the margin", () => {
    const estimate = { ...effect(0, 0.5), interval: { low: -1, high: 1 } };
    const judge = (margin: number, better: "higher" | "lower") =>
      conclusive(nonInferiority({ estimate, margin, better, alpha: 0.025 })).isNonInferior;
    assert.deepEqual([judge(1.01, "higher"), judge(1, "higher")], [true, false]);
    assert.deepEqual([judge(1.01, "lower"), judge(1, "lower")], [true, false]);
  });

  test("gives the worst effect that the interval still holds", () => {
    const estimate = { ...effect(0.2, 0.5), interval: { low: -1, high: 2 } };
    const bound = (better: "higher" | "lower") =>
      conclusive(nonInferiority({ estimate, margin: 3, better, alpha: 0.025 })).bound;
    assert.deepEqual([bound("higher"), bound("lower")], [-1, 2]);
  });

  test("has a p-value under alpha exactly when it holds", () => {
    fc.assert(
      fc.property(
        values,
        errors,
        alphas,
        fc.constantFrom("higher" as const, "lower" as const),
        (value, error, alpha, better) => {
          const found = conclusive(
            nonInferiority({ estimate: effect(value, error, alpha), margin: 1, better, alpha }),
          );
          assert.ok(found.pValue !== undefined);
          if (Math.abs(found.pValue - alpha) > 1e-9) assert.equal(found.isNonInferior, found.pValue < alpha);
        },
      ),
    );
  });

  test("of the turned effect is that of the metric whose other side is better", () => {
    fc.assert(
      fc.property(values, errors, (value, error) => {
        const one = conclusive(
          nonInferiority({ estimate: effect(value, error), margin: 1, better: "higher", alpha: 0.025 }),
        );
        const other = conclusive(
          nonInferiority({ estimate: effect(-value, error), margin: 1, better: "lower", alpha: 0.025 }),
        );
        assert.equal(one.isNonInferior, other.isNonInferior);
        near(one.bound, -other.bound, 0);
        assert.equal(one.pValue, other.pValue);
      }),
    );
  });

  test("of a sequence follows its interval and shows no p-value that could contradict it", () => {
    const fixed = effect(0, 0.4);
    const sequence = { ...fixed, interval: { low: -1.3, high: 1.3 } };
    const judge = (estimate: typeof fixed) =>
      conclusive(nonInferiority({ estimate, margin: 1, better: "higher", alpha: 0.025 }));
    assert.equal(judge(fixed).isNonInferior, true);
    near(judge(fixed).pValue ?? Number.NaN, 0.006893, 1e-5);
    assert.deepEqual([judge(sequence).isNonInferior, judge(sequence).pValue], [false, undefined]);
    const otherAlpha = conclusive(
      nonInferiority({ estimate: fixed, margin: 1, better: "higher", alpha: 0.05 }),
    );
    assert.equal(otherAlpha.pValue, undefined);
  });

  test("is not shown by an interval without end", () => {
    const estimate = {
      ...effect(0, 1),
      interval: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    };
    assert.equal(
      conclusive(nonInferiority({ estimate, margin: 1e300, better: "lower", alpha: 0.025 })).isNonInferior,
      false,
    );
    assert.equal(conclusive(deterioration({ estimate, better: "lower", alpha: 0.025 })).isWorse, false);
  });

  test("says why there is no verdict", () => {
    const judge = (margin: number, alpha: number) =>
      reasonOf(nonInferiority({ estimate: effect(0, 1), margin, better: "lower", alpha }));
    assert.deepEqual(
      [judge(0, 0.05), judge(-1, 0.05), judge(1, 0), judge(1, 0.5)],
      Array(4).fill("invalid_input"),
    );
  });

  test("gives no NaN, whatever it is fed", () => {
    fc.assert(
      fc.property(fc.array(anyNumber, { minLength: 7, maxLength: 7 }), (numbers) => {
        const [value = 0, standardError = 0, df = 0, low = 0, high = 0, margin = 0, alpha = 0] = numbers;
        const estimate = { ...effect(0, 1), value, standardError, df, interval: { low, high } };
        assertNoNaN(nonInferiority({ estimate, margin, better: "lower", alpha: 0.025 }));
        assertNoNaN(nonInferiority({ estimate, margin: 1, better: "higher", alpha }));
        assertNoNaN(deterioration({ estimate, better: "lower", alpha: 0.1 }));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("deterioration", () => {
  test("is found when the whole interval lies on the worse side of zero", () => {
    const judge = (low: number, high: number, better: "higher" | "lower") =>
      conclusive(
        deterioration({ estimate: { ...effect(0, 1), interval: { low, high } }, better, alpha: 0.025 }),
      );
    assert.deepEqual(
      [judge(-2, -0.1, "higher"), judge(-2, 0, "higher"), judge(0.1, 2, "higher")].map(
        ({ isWorse }) => isWorse,
      ),
      [true, false, false],
    );
    assert.deepEqual(
      [judge(0.1, 2, "lower"), judge(0, 2, "lower"), judge(-2, -0.1, "lower")].map(({ isWorse }) => isWorse),
      [true, false, false],
    );
    assert.deepEqual([judge(-2, -0.1, "higher").bound, judge(0.1, 2, "lower").bound], [-0.1, 0.1]);
  });

  test("has a p-value under alpha exactly when it is found", () => {
    fc.assert(
      fc.property(
        values,
        errors,
        alphas,
        fc.constantFrom("higher" as const, "lower" as const),
        (value, error, alpha, better) => {
          const found = conclusive(deterioration({ estimate: effect(value, error, alpha), better, alpha }));
          assert.ok(found.pValue !== undefined);
          if (Math.abs(found.pValue - alpha) > 1e-9) assert.equal(found.isWorse, found.pValue < alpha);
        },
      ),
    );
  });
});
