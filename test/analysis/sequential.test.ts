import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom } from "../../src/analysis/random.ts";
import {
  confidenceSequence,
  type Look,
  oneSidedSequence,
  sequenceMultiplier,
  tuningRate,
} from "../../src/analysis/sequential.ts";
import { merge, summarize, variance } from "../../src/analysis/summary.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { nearRelative, toDecimals } from "./near.ts";

interface Sums {
  readonly n: number;
  readonly sum: number;
  readonly sumsq: number;
}

interface Asympcs {
  readonly "rho_alpha.05_N5000": number;
  readonly two_sided_multiplier_of_SE: Readonly<Record<string, number>>;
  readonly one_sided_multiplier: Readonly<Record<string, number>>;
  readonly gbstats_seq: {
    readonly a: Sums;
    readonly b: Sums;
    readonly "N*": number;
    readonly rel_ci: Pair;
    readonly p: number;
  };
  readonly gbstats_prop: { readonly a: Pair; readonly b: Pair; readonly rel_ci: Pair };
  readonly abs_seq: { readonly a_n: number; readonly b_n: number; readonly p: number; readonly ci: Pair };
  readonly one_sided_abs_greater: { readonly ci_low: number; readonly p: number };
}

interface TMixture {
  readonly t: number;
  readonly df: number;
  readonly spread: number;
  readonly twoSided: number;
  readonly positive: number;
}

type Pair = readonly [number, number];

const { asympcs } = readVectors<{ asympcs: Asympcs }>("analysis");
const { tMixture } = readVectors<{ tMixture: readonly TMixture[] }>("always-valid");

describe("the asymptotic confidence sequence", () => {
  test("is tuned and as wide as the published formula says", () => {
    nearRelative(Math.sqrt(tuningRate(0.05, 5_000)), asympcs["rho_alpha.05_N5000"], 1e-14);
    for (const [name, multiplier] of Object.entries(asympcs.two_sided_multiplier_of_SE)) {
      toDecimals(sequenceMultiplier(Number(name.slice(1)), 0.05, tuningRate(0.05, 5_000)), multiplier, 4);
    }
    for (const [name, multiplier] of Object.entries(asympcs.one_sided_multiplier)) {
      const n = Number(name.slice(1));
      toDecimals(sequenceMultiplier(n, 0.05, tuningRate(0.1, 5_000), "one-sided"), multiplier, 4);
    }
  });

  test("agrees with gbstats on a relative difference of means", () => {
    const { a, b, rel_ci, p, "N*": plannedN } = asympcs.gbstats_seq;
    const found = estimated({ ...relative(moments(a), moments(b)), plannedN });
    toDecimals(found.interval.low, rel_ci[0], 5);
    toDecimals(found.interval.high, rel_ci[1], 5);
    assert.equal(found.pValue, p);
  });

  test("agrees with gbstats on a relative difference of proportions", () => {
    const { a, b, rel_ci } = asympcs.gbstats_prop;
    const found = estimated(relative(share(a), share(b)));
    toDecimals(found.interval.low, rel_ci[0], 5);
    toDecimals(found.interval.high, rel_ci[1], 5);
  });

  test("agrees with gbstats on an absolute difference", () => {
    const { a_n, b_n, p, ci } = asympcs.abs_seq;
    const [a, b] = [
      moments({ ...asympcs.gbstats_seq.a, n: a_n }),
      moments({ ...asympcs.gbstats_seq.b, n: b_n }),
    ];
    const found = estimated(absolute(a, b));
    nearRelative(found.interval.low, ci[0], 1e-12);
    nearRelative(found.interval.high, ci[1], 1e-12);
    nearRelative(found.pValue, p, 1e-12);
  });

  test("agrees with gbstats to one side", () => {
    const { a, b } = asympcs.gbstats_seq;
    const found = oneSided({ ...absolute(moments(a), moments(b)), alternative: "greater" });
    nearRelative(found.interval.low, asympcs.one_sided_abs_greater.ci_low, 1e-12);
    assert.equal(found.interval.high, Number.POSITIVE_INFINITY);
    // gbstats bisects until the bound is within 1e-6 and then returns the next half step: its p is good to 3e-4.
    nearRelative(found.pValue, asympcs.one_sided_abs_greater.p, 3e-4);
  });
});

describe("the t form for few units", () => {
  test("has as its e-value the mean likelihood ratio of t over normal effects", () => {
    for (const { t, df, spread, twoSided } of tMixture) {
      nearRelative(estimated(lookAt(t, df, spread)).pValue, Math.min(1, 1 / twoSided), 1e-10);
    }
  });

  test("never claims more to one side than the mean over effects to that side", () => {
    for (const { t, df, spread, positive } of tMixture) {
      const { pValue } = oneSided({ ...lookAt(t, df, spread, 2 * 0.05), alternative: "greater" });
      assert.ok(pValue >= Math.min(1, 1 / positive), `${pValue} at ${t}`);
      // What the closed form gives away is little once there is evidence.
      if (positive > 40) assert.ok(pValue < 1.05 / positive, `${pValue} at ${t}`);
    }
  });

  test("cannot exclude anything at 30 units", () => {
    const { interval, pValue } = estimated(look({ value: 100, n: 30, df: 28 }));
    assert.deepEqual(interval, { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
    assert.ok(pValue > 0.05 && pValue < 1);
  });

  test("becomes the asymptotic form as the degrees of freedom grow", () => {
    const known = estimated(look({ value: 4, n: 900, df: Number.POSITIVE_INFINITY }));
    const learnt = estimated(look({ value: 4, n: 900, df: 1e9 }));
    nearRelative(learnt.pValue, known.pValue, 1e-6);
    nearRelative(learnt.interval.low, known.interval.low, 1e-6);
    const one = oneSided({
      ...look({ value: 4, n: 900, df: Number.POSITIVE_INFINITY }),
      alternative: "greater",
    });
    const other = oneSided({ ...look({ value: 4, n: 900, df: 1e9 }), alternative: "greater" });
    nearRelative(other.pValue, one.pValue, 1e-6);
    nearRelative(other.interval.low, one.interval.low, 1e-6);
  });

  test("is used for a small arm among many units, whose variance is known no better", () => {
    const width = (df: number) => estimated(look({ n: 1_000, df })).interval.high;
    assert.ok(width(9) > width(998));
    assert.ok(width(998) > width(1_000));
    assert.equal(width(1_000), width(Number.POSITIVE_INFINITY));
  });
});

describe("looking often", () => {
  test("excludes no difference by mistake in at most alpha of all experiments, from the first units on", () => {
    const { twoSided, greater } = shareMistaken(1_000, 2_000);
    assert.ok(twoSided < 0.1 + 2 * Math.sqrt(0.09 / 1_000), `${twoSided}`);
    assert.ok(greater < 0.1 + 2 * Math.sqrt(0.09 / 1_000), `${greater}`);
    assert.ok(twoSided > 0.02 && greater > 0.01, "a sequence this wide would be another one");
  });
});

describe("every confidence sequence", () => {
  const looks = fc
    .record({
      value: fc.double({ min: -10, max: 10, noNaN: true }),
      standardError: fc.double({ min: 1e-6, max: 10, noNaN: true }),
      n: fc.integer({ min: 2, max: 2_000_000 }),
      known: fc.boolean(),
      alpha: fc.double({ min: 1e-6, max: 0.4, noNaN: true }),
      plannedN: fc.integer({ min: 1, max: 1_000_000 }),
    })
    .map(({ known, ...rest }) => ({
      ...rest,
      df: known ? Number.POSITIVE_INFINITY : Math.max(1, rest.n - 2),
    }));

  test("has a p-value below alpha exactly where its interval excludes 0", () => {
    fc.assert(
      fc.property(looks, (one) => {
        const two = estimated(one);
        if (Math.abs(two.pValue - one.alpha) > 1e-9 * one.alpha) {
          assert.equal(two.pValue < one.alpha, two.interval.low > 0 || two.interval.high < 0);
        }
        const greater = oneSided({ ...one, alternative: "greater" });
        if (Math.abs(greater.pValue - one.alpha) > 1e-9 * one.alpha) {
          assert.equal(greater.pValue < one.alpha, greater.interval.low > 0);
        }
      }),
    );
  });

  test("has a p-value of alpha for an effect as far off as its interval is wide", () => {
    fc.assert(
      fc.property(looks, fc.integer({ min: 2, max: 3_000 }), (any, n) => {
        const one = { ...any, value: 0, n, df: Math.max(1, n - 2) };
        const { high } = estimated(one).interval;
        if (high < Number.POSITIVE_INFINITY) {
          nearRelative(estimated({ ...one, value: high }).pValue, one.alpha, 1e-8);
        }
        const far = -oneSided({ ...one, alternative: "greater" }).interval.low;
        if (far < Number.POSITIVE_INFINITY) {
          nearRelative(oneSided({ ...one, value: far, alternative: "greater" }).pValue, one.alpha, 1e-8);
        }
      }),
    );
  });

  test("is turned over by a swap of the arms", () => {
    fc.assert(
      fc.property(looks, (one) => {
        const [seen, turned] = [estimated(one), estimated({ ...one, value: -one.value })];
        assert.equal(turned.pValue, seen.pValue);
        assert.deepEqual(
          [turned.interval.low, turned.interval.high],
          [-seen.interval.high, -seen.interval.low],
        );
        const greater = oneSided({ ...one, alternative: "greater" });
        const less = oneSided({ ...one, value: -one.value, alternative: "less" });
        assert.equal(less.pValue, greater.pValue);
        assert.equal(less.interval.high, -greater.interval.low);
      }),
    );
  });

  test("does not know the unit of the values", () => {
    fc.assert(
      fc.property(looks, (one) => {
        const scaled = estimated({ ...one, value: 8 * one.value, standardError: 8 * one.standardError });
        assert.equal(scaled.pValue, estimated(one).pValue);
        assert.equal(scaled.interval.low, 8 * estimated(one).interval.low);
      }),
    );
  });

  test("is narrower to one side, and wider at a greater confidence", () => {
    fc.assert(
      fc.property(looks, (one) => {
        const { interval } = estimated(one);
        const multiplier = (alpha: number) =>
          sequenceMultiplier(one.n, alpha, tuningRate(one.alpha, one.plannedN));
        assert.ok(multiplier(one.alpha / 2) > multiplier(one.alpha));
        if (one.n >= one.plannedN && one.alpha <= 0.1) {
          assert.ok(oneSided({ ...one, alternative: "greater" }).interval.low >= interval.low);
        }
      }),
    );
  });

  test("shrinks as units come in at one variance", () => {
    fc.assert(
      fc.property(looks, (one) => {
        const width = (n: number) =>
          estimated({ ...one, value: 0, n, df: Number.POSITIVE_INFINITY, standardError: 1 / Math.sqrt(n) })
            .interval.high;
        assert.ok(width(2 * one.n) < width(one.n));
      }),
    );
  });

  test("is tightest, in standard errors, near the planned number of units", () => {
    const multiplier = (n: number) => sequenceMultiplier(n, 0.05, tuningRate(0.05, 5_000));
    assert.ok(multiplier(5_000) < multiplier(2_500) && multiplier(5_000) < multiplier(10_000));
  });

  test("gives no NaN, whatever numbers come", () => {
    const any = fc.oneof(
      fc.double(),
      fc.constantFrom(0, 1, 30, 1_000, 0.05, Number.POSITIVE_INFINITY, 5e-324),
    );
    fc.assert(
      fc.property(fc.array(any, { minLength: 6, maxLength: 6 }), (numbers) => {
        const [value = 0, standardError = 0, n = 0, df = 0, alpha = 0, plannedN = 0] = numbers;
        const one = { value, standardError, n, df, alpha, plannedN };
        for (const found of [confidenceSequence(one), oneSidedSequence({ ...one, alternative: "less" })]) {
          if (found.kind === "inconclusive") continue;
          assert.ok(
            ![found.pValue, found.interval.low, found.interval.high].some(Number.isNaN),
            JSON.stringify(found),
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("says why it cannot be computed", () => {
    const reasonOf = (change: Partial<Look>) => {
      const found = confidenceSequence(look(change));
      return found.kind === "inconclusive" ? found.reason : undefined;
    };
    assert.equal(reasonOf({ standardError: 0 }), "no_variance");
    assert.equal(reasonOf({ n: 1 }), "too_few_units");
    assert.equal(reasonOf({ df: 0 }), "too_few_units");
    assert.equal(reasonOf({ alpha: 1 }), "invalid_input");
    assert.equal(reasonOf({ plannedN: 0 }), "invalid_input");
    assert.equal(reasonOf({ value: Number.NaN }), "invalid_input");
    assert.equal(reasonOf({}), undefined);
  });
});

/** A look after every ten units, at alpha 0.1, of equal arms whose values are skewed and do not differ. */
function shareMistaken(runs: number, units: number): { twoSided: number; greater: number } {
  const random = createRandom(31);
  const mistakes = { twoSided: 0, greater: 0 };
  for (let run = 0; run < runs; run++) {
    let [treatment, control] = [summarize([]), summarize([])];
    const mistaken = { twoSided: 0, greater: 0 };
    for (let n = 10; n <= units; n += 10) {
      treatment = merge(treatment, summarize([1, 2, 3, 4, 5].map(() => random.gamma(4))));
      control = merge(control, summarize([1, 2, 3, 4, 5].map(() => random.gamma(4))));
      const standardError = Math.sqrt((variance(treatment) + variance(control)) / (n / 2));
      const one = look({
        value: treatment.mean - control.mean,
        standardError,
        n,
        df: n - 2,
        alpha: 0.1,
        plannedN: 500,
      });
      if (estimated(one).pValue < 0.1) mistaken.twoSided = 1;
      if (oneSided({ ...one, alternative: "greater" }).pValue < 0.1) mistaken.greater = 1;
    }
    mistakes.twoSided += mistaken.twoSided;
    mistakes.greater += mistaken.greater;
  }
  return { twoSided: mistakes.twoSided / runs, greater: mistakes.greater / runs };
}

/** A look whose n·r² is the spread given, whatever that needs of plannedN. */
function lookAt(t: number, df: number, spread: number, tunedAt = 0.05): Look {
  const n = df + 2;
  return look({ value: t, n, df, plannedN: (n * tuningRate(tunedAt, 1)) / spread });
}

function look(change: Partial<Look>): Look {
  return {
    value: 0,
    standardError: 1,
    n: 5_000,
    df: Number.POSITIVE_INFINITY,
    alpha: 0.05,
    plannedN: 5_000,
    ...change,
  };
}

function estimated(one: Look) {
  const found = confidenceSequence(one);
  assert.ok(found.kind === "estimate", JSON.stringify(found));
  return found;
}

function oneSided(one: Parameters<typeof oneSidedSequence>[0]) {
  const found = oneSidedSequence(one);
  assert.ok(found.kind === "estimate", JSON.stringify(found));
  return found;
}

interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

function moments({ n, sum, sumsq }: Sums): Moments {
  return { n, mean: sum / n, variance: (sumsq - (sum * sum) / n) / (n - 1) };
}

function share([successes, n]: Pair): Moments {
  const mean = successes / n;
  return { n, mean, variance: mean * (1 - mean) };
}

function absolute(a: Moments, b: Moments): Look {
  const standardError = Math.sqrt(a.variance / a.n + b.variance / b.n);
  return look({ value: b.mean - a.mean, standardError, n: a.n + b.n });
}

function relative(a: Moments, b: Moments): Look {
  const lift = b.mean / a.mean;
  const standardError = Math.sqrt(b.variance / b.n + (lift ** 2 * a.variance) / a.n) / a.mean;
  return look({ value: lift - 1, standardError, n: a.n + b.n });
}
