import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom } from "../../src/analysis/random.ts";
import {
  compareRatios,
  compareRatiosJackknife,
  jackknifeRatio,
  ratioEstimate,
  ratioLift,
} from "../../src/analysis/ratio.ts";
import type { StudentEstimate } from "../../src/analysis/student-estimate.ts";
import { emptyPairSummary, mergePairs, summarizePairs } from "../../src/analysis/summary.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { clusteredUnits, shareOf } from "./clustered-units.ts";
import { anyArm, anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative } from "./near.ts";

type Rows = readonly number[];
interface Judged {
  readonly value: number;
  readonly standardError: number;
  readonly df: number;
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
}

const { ratio_cluster: published } = readVectors<{
  ratio_cluster: {
    A: { S: Rows; N: Rows };
    B: { S: Rows; N: Rows };
    meanA: number;
    varmeanA: number;
    meanB: number;
    varmeanB: number;
    t: number;
    df: number;
    p: number;
    ci: readonly [number, number];
  };
}>("analysis");
const { ratio: reference } = readVectors<{
  ratio: {
    treatment: readonly [Rows, Rows];
    control: readonly [Rows, Rows];
    difference: Judged;
    logLift: Judged;
    jackknifeVariance: readonly [number, number];
  };
}>("units");

const summaryOf = ({ sums, counts }: { sums: ArrayLike<number>; counts: ArrayLike<number> }) =>
  summarizePairs(sums, counts);

describe("the delta method for ratios of unit sums", () => {
  const a = summarizePairs(published.A.S, published.A.N);
  const b = summarizePairs(published.B.S, published.B.N);

  test("gives the published ratio and variance of each arm", () => {
    const one = conclusive(ratioEstimate(a));
    const other = conclusive(ratioEstimate(b));
    nearRelative(one.value, published.meanA, 1e-12);
    nearRelative(one.variance, published.varmeanA, 1e-12);
    nearRelative(other.value, published.meanB, 1e-12);
    nearRelative(other.variance, published.varmeanB, 1e-12);
  });

  test("gives the published t, degrees of freedom, p-value and interval", () => {
    const estimate = conclusive(compareRatios(b, a));
    nearRelative(estimate.t, published.t, 1e-12);
    nearRelative(estimate.df, published.df, 1e-12);
    nearRelative(estimate.pValue, published.p, 1e-10);
    nearRelative(estimate.interval.low, published.ci[0], 1e-10);
    nearRelative(estimate.interval.high, published.ci[1], 1e-10);
  });

  test("agrees with a weighted regression with robust errors", () => {
    const estimate = conclusive(
      compareRatios(summarizePairs(...reference.treatment), summarizePairs(...reference.control)),
    );
    agree(estimate, reference.difference);
  });

  test("merged parts give what the whole gives", () => {
    fc.assert(
      fc.property(anyArm, anyArm, fc.nat(30), ({ sums, counts }, control, cut) => {
        const parts = mergePairs(
          summarizePairs(sums.slice(0, cut), counts.slice(0, cut)),
          summarizePairs(sums.slice(cut), counts.slice(cut)),
        );
        const whole = compareRatios(summarizePairs(sums, counts), summaryOf(control));
        const merged = compareRatios(parts, summaryOf(control));
        assert.equal(merged.kind, whole.kind);
        if (whole.kind === "estimate" && merged.kind === "estimate") {
          near(merged.value, whole.value, 1e-9);
          near(merged.standardError, whole.standardError, 1e-6);
        }
      }),
    );
  });

  test("swapping the arms turns the sign and nothing else", () => {
    fc.assert(
      fc.property(anyArm, anyArm, (one, other) => {
        const there = compareRatios(summaryOf(one), summaryOf(other));
        const back = compareRatios(summaryOf(other), summaryOf(one));
        assert.equal(there.kind, back.kind);
        if (there.kind !== "estimate" || back.kind !== "estimate") return;
        near(there.value, -back.value, 0);
        assert.equal(there.pValue, back.pValue);
        near(there.interval.low, -back.interval.high, 0);
      }),
    );
  });

  test("the interval leaves out 0 exactly when p is under alpha", () => {
    fc.assert(
      fc.property(
        anyArm,
        anyArm,
        fc.double({ min: 0.5, max: 0.999, noNaN: true }),
        (one, other, confidence) => {
          const estimate = compareRatios(summaryOf(one), summaryOf(other), { confidence });
          if (estimate.kind !== "estimate") return;
          const alpha = 1 - confidence;
          if (Math.abs(estimate.pValue - alpha) < 1e-9) return;
          const { low, high } = estimate.interval;
          assert.equal(low > 0 || high < 0, estimate.pValue < alpha);
        },
      ),
    );
  });

  test("scaling every sum scales the difference and leaves p alone", () => {
    fc.assert(
      fc.property(anyArm, anyArm, fc.constantFrom(1e-6, 0.5, 1000), (one, other, scale) => {
        const scaled = (arm: typeof one) =>
          summarizePairs(
            arm.sums.map((sum) => sum * scale),
            arm.counts,
          );
        const plain = compareRatios(summaryOf(one), summaryOf(other));
        const large = compareRatios(scaled(one), scaled(other));
        assert.equal(plain.kind, large.kind);
        if (plain.kind !== "estimate" || large.kind !== "estimate") return;
        near(large.value / scale, plain.value, 1e-9);
        near(large.pValue, plain.pValue, 1e-6);
      }),
    );
  });

  test("more units and less confidence shrink the interval", () => {
    const many = mergePairs(mergePairs(b, b), mergePairs(b, b));
    const width = ({ interval }: StudentEstimate) => interval.high - interval.low;
    assert.ok(width(conclusive(compareRatios(many, a))) < width(conclusive(compareRatios(b, a))));
    assert.ok(
      width(conclusive(compareRatios(b, a, { confidence: 0.8 }))) <
        width(conclusive(compareRatios(b, a, { confidence: 0.9 }))),
    );
  });

  test("says why there is no comparison", () => {
    const constant = summarizePairs([0.1, 0.2, 0.3], [1, 2, 3]);
    assert.equal(reasonOf(compareRatios(emptyPairSummary, a)), "no_data");
    assert.equal(reasonOf(compareRatios(a, summarizePairs([1], [2]))), "too_few_units");
    assert.equal(reasonOf(compareRatios(a, summarizePairs([1, 2], [0, 0]))), "zero_denominator");
    assert.equal(reasonOf(compareRatios(constant, summarizePairs([2, 4], [1, 2]))), "no_variance");
    assert.equal(reasonOf(compareRatios(a, b, { confidence: 1 })), "invalid_input");
    assert.equal(reasonOf(compareRatios(a, summarizePairs([1, Number.NaN], [2, 3]))), "invalid_input");
  });

  test("a constant ratio has variance 0 and can still be compared with one that varies", () => {
    const constant = summarizePairs([0.1, 0.2, 0.3], [1, 2, 3]);
    assert.equal(conclusive(ratioEstimate(constant)).variance, 0);
    assert.equal(conclusive(compareRatios(constant, a)).df, 5);
  });

  test("gives no NaN, whatever it is fed", () => {
    const rows = fc.array(fc.tuple(anyNumber, anyNumber), { maxLength: 6 });
    fc.assert(
      fc.property(rows, rows, anyNumber, (one, other, confidence) => {
        const [above, below] = [one, other].map((arm) => ({
          sums: arm.map(([x]) => x),
          counts: arm.map(([, y]) => y),
        }));
        if (above === undefined || below === undefined) return;
        for (const compare of [compareRatios, ratioLift]) {
          assertNoNaN(compare(summaryOf(above), summaryOf(below), { confidence }));
          assertNoNaN(compare(summaryOf(above), summaryOf(below)));
        }
        assertNoNaN(compareRatiosJackknife(above, below));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the relative effect of two ratios", () => {
  test("agrees with the logarithms of the reference", () => {
    const lift = conclusive(
      ratioLift(summarizePairs(...reference.treatment), summarizePairs(...reference.control)),
    );
    const { logLift } = reference;
    nearRelative(lift.value, Math.expm1(logLift.value), 1e-10);
    nearRelative(lift.df, logLift.df, 1e-10);
    nearRelative(lift.pValue, logLift.pValue, 1e-10);
    nearRelative(lift.interval.low, Math.expm1(logLift.low), 1e-10);
    nearRelative(lift.interval.high, Math.expm1(logLift.high), 1e-10);
    nearRelative(lift.standardError, logLift.standardError * Math.exp(logLift.value), 1e-10);
  });

  test("swapping the arms inverts the quotient and its interval", () => {
    const [one, other] = [summarizePairs(...reference.treatment), summarizePairs(...reference.control)];
    const there = conclusive(ratioLift(one, other));
    const back = conclusive(ratioLift(other, one));
    near((1 + there.value) * (1 + back.value), 1, 1e-12);
    near((1 + there.interval.low) * (1 + back.interval.high), 1, 1e-12);
    assert.equal(there.pValue, back.pValue);
  });

  test("says why nothing is relative to a ratio of 0 or below", () => {
    const zero = summarizePairs([0, 0, 0], [1, 2, 1]);
    const some = summarizePairs([0, 1, 1], [1, 2, 1]);
    assert.equal(reasonOf(ratioLift(some, zero)), "zero_denominator");
    assert.equal(reasonOf(ratioLift(zero, some)), "not_positive");
  });
});

describe("the jackknife of a ratio", () => {
  test("gives the variance of ratios with each unit left out in turn", () => {
    const [above, below] = reference.jackknifeVariance;
    nearRelative(conclusive(jackknifeRatio(...reference.treatment)).variance, above, 1e-10);
    nearRelative(conclusive(jackknifeRatio(...reference.control)).variance, below, 1e-10);
  });

  test("with equal counts it is the variance of a mean, exactly", () => {
    const { variance, value } = conclusive(jackknifeRatio([1, 2, 3, 4, 10], [2, 2, 2, 2, 2]));
    near(value, 2, 1e-15);
    near(variance, 0.625, 1e-14);
  });

  test("says why there is none", () => {
    assert.equal(reasonOf(jackknifeRatio([], [])), "no_data");
    assert.equal(reasonOf(jackknifeRatio([1], [1])), "too_few_units");
    assert.equal(reasonOf(jackknifeRatio([1, 0], [1, 0])), "zero_denominator");
    assert.equal(reasonOf(jackknifeRatio([1, Number.NaN], [1, 1])), "invalid_input");
    const constant = { sums: [0.1, 0.2, 0.3], counts: [1, 2, 3] };
    assert.equal(reasonOf(compareRatiosJackknife(constant, constant)), "no_variance");
    assert.throws(() => jackknifeRatio([1], [1, 2]), RangeError);
  });
});

describe("the rate of false differences at 5 %", () => {
  const random = createRandom(97);

  for (const icc of [0, 0.3]) {
    test(`of the delta method, 60 units an arm, ICC ${icc}`, () => {
      const arm = { units: 60, meanCount: 8, rate: 0.2, icc };
      const draw = () => summaryOf(clusteredUnits(random, arm));
      const share = shareOf(4000, () => conclusive(compareRatios(draw(), draw())).pValue < 0.05);
      // Three standard errors of 4,000 runs are 1.03 points.
      assert.ok(Math.abs(share - 0.05) < 0.011, `${share}`);
    });

    test(`of the jackknife, 12 units an arm, ICC ${icc}`, () => {
      const arm = { units: 12, meanCount: 8, rate: 0.3, icc };
      const draw = () => clusteredUnits(random, arm);
      const share = shareOf(4000, () => conclusive(compareRatiosJackknife(draw(), draw())).pValue < 0.05);
      assert.ok(share < 0.061, `${share}`);
    });
  }

  test("is far beyond it when clustered requests are taken for units", () => {
    const draw = () => {
      const { sums, counts } = clusteredUnits(random, { units: 60, meanCount: 8, rate: 0.2, icc: 0.3 });
      const values = [...counts].flatMap((count, i) =>
        Array.from({ length: count }, (_, j) => (j < (sums[i] ?? 0) ? 1 : 0)),
      );
      return summarizePairs(values, new Array<number>(values.length).fill(1));
    };
    const share = shareOf(500, () => conclusive(compareRatios(draw(), draw())).pValue < 0.05);
    assert.ok(share > 0.15, `${share}`);
  });
});

function agree(estimate: StudentEstimate, expected: Judged): void {
  nearRelative(estimate.value, expected.value, 1e-10);
  nearRelative(estimate.standardError, expected.standardError, 1e-10);
  nearRelative(estimate.df, expected.df, 1e-10);
  nearRelative(estimate.pValue, expected.pValue, 1e-10);
  nearRelative(estimate.interval.low, expected.low, 1e-10);
  nearRelative(estimate.interval.high, expected.high, 1e-10);
}
