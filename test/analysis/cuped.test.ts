import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type CupedEstimate, cuped, cupedRatio, linearise } from "../../src/analysis/cuped.ts";
import { createRandom, type Random } from "../../src/analysis/random.ts";
import { compareRatios } from "../../src/analysis/ratio.ts";
import { summarize, summarizePairs } from "../../src/analysis/summary.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { clusteredUnits, shareOf } from "./clustered-units.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative } from "./near.ts";

interface Gapped {
  readonly y: readonly number[];
  readonly x: readonly (number | null)[];
}
const { history: reference } = readVectors<{
  history: {
    treatment: Gapped;
    control: Gapped;
    low: number;
    high: number;
  } & Readonly<
    Record<"theta" | "value" | "df" | "t" | "pValue" | "correlation" | "varianceReduction", number>
  >;
}>("units");
const withGaps = ({ y, x }: Gapped) => ({ y, x: x.map((value) => value ?? Number.NaN) });

interface Draw {
  readonly units: number;
  readonly effect: number;
  /** Share of units without history. */
  readonly missing: number;
}

function drawn(random: Random, { units, effect, missing }: Draw): { y: Float64Array; x: Float64Array } {
  const x = new Float64Array(units);
  const y = new Float64Array(units);
  for (let i = 0; i < units; i++) {
    const history = random.normal(10, 2);
    // New units differ from those with history, in both arms alike.
    const isNew = random.bernoulli(missing);
    y[i] = (isNew ? 4 : history) + effect + random.normal(0, 1);
    x[i] = isNew ? Number.NaN : history;
  }
  return { y, x };
}

describe("history taken off (CUPED)", () => {
  test("agrees with a regression on arm and history, and a Welch test of what it leaves", () => {
    const found = conclusive(cuped(withGaps(reference.treatment), withGaps(reference.control)));
    for (const key of ["theta", "value", "df", "t", "pValue", "correlation", "varianceReduction"] as const) {
      nearRelative(found[key], reference[key], 1e-10);
    }
    nearRelative(found.interval.low, reference.low, 1e-10);
    nearRelative(found.interval.high, reference.high, 1e-10);
    assert.equal(
      found.unitsWithHistory,
      reference.treatment.x.concat(reference.control.x).filter((x) => x !== null).length,
    );
  });

  test("of a history that explains four fifths removes four fifths of the variance", () => {
    const random = createRandom(3);
    const arm = { units: 20_000, effect: 0, missing: 0 };
    const found = conclusive(cuped(drawn(random, arm), drawn(random, arm)));
    near(found.varianceReduction, 0.8, 0.01);
    near(found.theta, 1, 0.01);
  });

  test("stays unbiased and keeps its coverage where units without history differ from the others", () => {
    const random = createRandom(4);
    const arm = { units: 150, effect: 0, missing: 0.3 };
    let sum = 0;
    const missed = shareOf(2000, () => {
      const { value, interval } = conclusive(
        cuped(drawn(random, { ...arm, effect: 0.5 }), drawn(random, arm)),
      );
      sum += value;
      return interval.low > 0.5 || interval.high < 0.5;
    });
    // Three standard errors: the difference has one of about 0.31.
    near(sum / 2000, 0.5, 0.021);
    assert.ok(Math.abs(missed - 0.05) < 0.015, `${missed}`);
  });

  test("swapping the arms turns the sign; scale and shift of the history do not matter", () => {
    const random = createRandom(5);
    const [one, other] = [
      drawn(random, { units: 60, effect: 1, missing: 0.2 }),
      drawn(random, { units: 80, effect: 0, missing: 0.2 }),
    ];
    const there = conclusive(cuped(one, other));
    const back = conclusive(cuped(other, one));
    near(there.value, -back.value, 1e-12);
    near(there.pValue, back.pValue, 1e-12);
    const moved = ({ y, x }: typeof one) => ({ y, x: x.map((value) => 7 * value - 1000) });
    const same = conclusive(cuped(moved(one), moved(other)));
    near(same.value, there.value, 1e-9);
    near(same.pValue, there.pValue, 1e-9);
    near(same.theta, there.theta / 7, 1e-9);
  });

  test("p is under alpha exactly when the interval leaves out 0", () => {
    const random = createRandom(6);
    for (let run = 0; run < 200; run++) {
      const found = conclusive(
        cuped(
          drawn(random, { units: 50, effect: 0.4, missing: 0 }),
          drawn(random, { units: 50, effect: 0, missing: 0 }),
        ),
      );
      assert.equal(found.interval.low > 0 || found.interval.high < 0, found.pValue < 0.05);
    }
  });

  test("says why there is no adjustment", () => {
    const y = Array.from({ length: 30 }, (_, i) => i % 7);
    const x = Array.from({ length: 30 }, (_, i) => i % 5);
    const without = x.map((value, i) => (i < 11 ? Number.NaN : value));
    const same = x.map(() => 0.1);
    assert.equal(reasonOf(cuped({ y, x: without }, { y, x: without })), "too_few_units");
    assert.equal(reasonOf(cuped({ y, x: same }, { y, x: same })), "no_variance");
    assert.equal(reasonOf(cuped({ y: same, x }, { y: same, x })), "no_variance");
    assert.equal(reasonOf(cuped({ y: x, x }, { y: x, x })), "no_variance");
    assert.equal(reasonOf(cuped({ y: y.with(3, Number.NaN), x }, { y, x })), "invalid_input");
    assert.equal(reasonOf(cuped({ y, x: x.with(3, Number.POSITIVE_INFINITY) }, { y, x })), "invalid_input");
    assert.throws(() => cuped({ y, x: x.slice(1) }, { y, x }), RangeError);
  });

  test("a history that explains everything leaves rounding, which is no variance", () => {
    const random = createRandom(7);
    for (let run = 0; run < 50; run++) {
      const [scale, shift] = [random.normal(0, 10), random.normal(0, 10)];
      const x = Array.from({ length: 40 }, () => random.normal(5, 2));
      const exact = { y: x.map((value) => scale * value + shift), x };
      assert.equal(reasonOf(cuped(exact, { y: exact.y.slice(9), x: x.slice(9) })), "no_variance");
    }
  });

  test("an arm without any history is left as it is", () => {
    const random = createRandom(8);
    const control = drawn(random, { units: 90, effect: 0, missing: 0 });
    const treatment = drawn(random, { units: 90, effect: 0, missing: 1 });
    const found = conclusive(cuped(treatment, control));
    near(found.value, summarize(treatment.y).mean - summarize(control.y).mean, 1e-12);
  });

  test("gives no NaN, whatever it is fed", () => {
    const rows = fc.array(fc.tuple(anyNumber, anyNumber), { minLength: 38, maxLength: 45 });
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const arm = (some: typeof one) => ({ y: some.map(([y]) => y), x: some.map(([, x]) => x) });
        assertNoNaN(cuped(arm(one), arm(other)));
        assertNoNaN(
          cupedRatio(
            { sums: arm(one).y, counts: arm(one).x, x: arm(one).y },
            { sums: arm(other).y, counts: arm(other).x, x: arm(other).x },
          ),
        );
      }),
    );
  });
});

describe("history taken off a ratio", () => {
  const random = createRandom(9);
  const draw = () => clusteredUnits(random, { units: 80, meanCount: 8, rate: 0.3, icc: 0.3 });

  test("linearised units have the ratio as their mean and its delta-method variance", () => {
    const { sums, counts } = draw();
    const plain = conclusive(
      compareRatios(
        summarizePairs(sums, counts),
        summarizePairs(
          counts,
          sums.map((sum) => sum + 1),
        ),
      ),
    );
    const z = linearise(sums, counts);
    assert.ok(z instanceof Float64Array);
    const { n, mean, m2 } = summarize(z);
    const other = linearise(
      counts,
      sums.map((sum) => sum + 1),
    );
    assert.ok(other instanceof Float64Array);
    const below = summarize(other);
    near(mean - below.mean, plain.value, 1e-12);
    near(m2 / (n - 1) / n + below.m2 / (below.n - 1) / below.n, plain.standardError ** 2, 1e-12);
  });

  test("is nearly the plain comparison when the history says nothing, and tighter when it does", () => {
    const [treatment, control] = [draw(), draw()];
    const plain = conclusive(
      compareRatios(
        summarizePairs(treatment.sums, treatment.counts),
        summarizePairs(control.sums, control.counts),
      ),
    );
    const noise = ({ sums, counts }: typeof treatment) => ({
      sums,
      counts,
      x: sums.map(() => random.normal()),
    });
    const blind = conclusive(cupedRatio(noise(treatment), noise(control)));
    near(blind.standardError / plain.standardError, 1, 0.05);
    const telling = ({ sums, counts }: typeof treatment) => ({
      sums,
      counts,
      x: sums.map((sum, i) => sum / (counts[i] ?? 1) + random.normal(0, 0.05)),
    });
    const sharp = conclusive(cupedRatio(telling(treatment), telling(control)));
    assert.ok(sharp.varianceReduction > 0.6, `${sharp.varianceReduction}`);
    assertTighter(sharp, plain.standardError);
  });

  test("finds no difference between equal arms 5 % of the time", () => {
    const arm = () => {
      const { sums, counts } = draw();
      return { sums, counts, x: sums.map((sum, i) => sum / (counts[i] ?? 1) + random.normal(0, 0.2)) };
    };
    const share = shareOf(2000, () => conclusive(cupedRatio(arm(), arm())).pValue < 0.05);
    assert.ok(Math.abs(share - 0.05) < 0.015, `${share}`);
  });

  test("passes on why an arm has no ratio", () => {
    const { sums, counts } = draw();
    const empty = { sums, counts: counts.map(() => 0), x: sums };
    assert.equal(reasonOf(cupedRatio({ sums, counts, x: sums }, empty)), "zero_denominator");
  });
});

function assertTighter({ standardError }: CupedEstimate, than: number): void {
  assert.ok(standardError < 0.7 * than, `${standardError} against ${than}`);
}
