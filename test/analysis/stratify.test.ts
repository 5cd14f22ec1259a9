import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom } from "../../src/analysis/random.ts";
import { compareRatios } from "../../src/analysis/ratio.ts";
import {
  type Stratum,
  type StratumArm,
  type StratumWeights,
  stratifiedDifference,
} from "../../src/analysis/stratify.ts";
import { summarizePairs } from "../../src/analysis/summary.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { clusteredUnits, shareOf } from "./clustered-units.ts";
import { anyArm, anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative } from "./near.ts";

interface Rows {
  readonly sums: readonly number[];
  readonly counts: readonly number[];
  readonly units: readonly number[];
}
const { simpson } = readVectors<{
  simpson: {
    C: readonly (readonly [number, number])[];
    T: readonly (readonly [number, number])[];
    pooled: readonly [number, number];
    stratified_diff_equal_weights: number;
  };
}>("analysis");
const { strata: reference } = readVectors<{
  strata: {
    unitCount: number;
    strata: readonly { treatment: Rows; control: Rows }[];
    value: number;
    standardError: number;
  };
}>("units");

const armOf = ({ sums, counts, units }: Rows): StratumArm => ({
  sums: Float64Array.from(sums),
  counts: Float64Array.from(counts),
  units: Uint32Array.from(units),
});
const stratumOf = (one: { treatment: Rows; control: Rows }): Stratum => ({
  treatment: armOf(one.treatment),
  control: armOf(one.control),
});
/** Rows whose units are `first`, `first` + 1, … */
const numbered = (
  arm: { sums: ArrayLike<number>; counts: ArrayLike<number> },
  first: number,
): StratumArm => ({
  sums: Float64Array.from(arm.sums),
  counts: Float64Array.from(arm.counts),
  units: Uint32Array.from({ length: arm.sums.length }, (_, i) => first + i),
});
const allWeights: readonly StratumWeights[] = ["mantel_haenszel", "by_total", "equal"];

describe("pooling over strata", () => {
  test("turns Simpson's paradox the right way round, with the published difference", () => {
    const { strata, unitCount } = simpsonsStrata();
    const found = conclusive(stratifiedDifference(strata, { unitCount, weights: "equal" }));
    nearRelative(found.value, simpson.stratified_diff_equal_weights, 1e-10);
    const all = (arm: "treatment" | "control") =>
      summarizePairs(
        strata.flatMap((stratum) => [...stratum[arm].sums]),
        strata.flatMap((stratum) => [...stratum[arm].counts]),
      );
    const [control, treatment] = [all("control"), all("treatment")];
    nearRelative(control.meanX / control.meanY, simpson.pooled[0], 1e-10);
    nearRelative(treatment.meanX / treatment.meanY, simpson.pooled[1], 1e-10);
    assert.ok(found.value > 0 && treatment.meanX / treatment.meanY < control.meanX / control.meanY);
  });

  test("of one stratum is the plain comparison of ratios, whatever the weights", () => {
    fc.assert(
      fc.property(anyArm, anyArm, fc.constantFrom(...allWeights), (treatment, control, weights) => {
        const stratum = {
          treatment: numbered(treatment, 0),
          control: numbered(control, treatment.sums.length),
        };
        const unitCount = treatment.sums.length + control.sums.length;
        const pooled = stratifiedDifference([stratum], { unitCount, weights });
        const plain = compareRatios(
          summarizePairs(treatment.sums, treatment.counts),
          summarizePairs(control.sums, control.counts),
        );
        assert.equal(pooled.kind, plain.kind);
        if (pooled.kind !== "estimate" || plain.kind !== "estimate") return;
        near(pooled.value, plain.value, 1e-10);
        near(pooled.standardError, plain.standardError, 1e-10);
        nearRelative(pooled.df, plain.df, 1e-8);
        near(pooled.pValue, plain.pValue, 1e-8);
      }),
    );
  });

  test("adds up a unit's influences over strata and arms, as a regression with clustered errors does", () => {
    const strata = reference.strata.map(stratumOf);
    const found = conclusive(
      stratifiedDifference(strata, { unitCount: reference.unitCount, weights: "equal" }),
    );
    nearRelative(found.value, reference.value, 1e-10);
    nearRelative(found.standardError, reference.standardError, 1e-10);
  });

  test("of the same units in every stratum knows no more than one stratum", () => {
    const random = createRandom(21);
    const [treatment, control] = [draw(random, 30), draw(random, 40)];
    const stratum = { treatment: numbered(treatment, 0), control: numbered(control, 30) };
    const once = conclusive(stratifiedDifference([stratum], { unitCount: 70 }));
    const thrice = conclusive(stratifiedDifference([stratum, stratum, stratum], { unitCount: 70 }));
    near(thrice.standardError, once.standardError, 1e-12);
    near(thrice.df, once.df, 1e-9);
    const apart = [0, 70, 140].map((first) => ({
      treatment: numbered(treatment, first),
      control: numbered(control, first + 30),
    }));
    const fresh = conclusive(stratifiedDifference(apart, { unitCount: 210 }));
    near(fresh.standardError, once.standardError / Math.sqrt(3), 1e-12);
    near(fresh.df, 3 * once.df, 1e-9);
  });

  test("counts degrees of freedom where the variance is, not where the units are", () => {
    const noisy = [0, 9, 1, 8, 5];
    const calm = Array.from({ length: 1000 }, (_, i) => 5 + (i % 2) * 0.01);
    const ones = (length: number) => new Array<number>(length).fill(1);
    const stratum = (values: readonly number[], first: number): Stratum => ({
      treatment: numbered({ sums: values, counts: ones(values.length) }, first),
      control: numbered({ sums: calm, counts: ones(1000) }, first + values.length),
    });
    const strata = [stratum(noisy, 0), stratum(calm, 1005)];
    near(conclusive(stratifiedDifference(strata, { unitCount: 3005, weights: "equal" })).df, 4, 0.01);
  });

  test("weighs strata as told", () => {
    const random = createRandom(22);
    const sizes = [
      [10, 90],
      [50, 50],
    ] as const;
    const strata = sizes.map(([t, c], i) => ({
      treatment: numbered(draw(random, t), 100 * i),
      control: numbered(draw(random, c), 100 * i + t),
    }));
    const shares = (weights: StratumWeights) =>
      conclusive(stratifiedDifference(strata, { unitCount: 200, weights })).strata.map((one) =>
        one.kind === "pooled" ? one.weight : 0,
      );
    const [small = 0, large = 0] = shares("mantel_haenszel");
    near(small, 9 / 34, 1e-12);
    near(large, 25 / 34, 1e-12);
    assert.deepEqual(shares("by_total"), [0.5, 0.5]);
    assert.deepEqual(shares("equal"), [0.5, 0.5]);
  });

  test("leaves out a stratum that has no comparison, says why, and pools the others", () => {
    const random = createRandom(23);
    const full = { treatment: numbered(draw(random, 20), 0), control: numbered(draw(random, 20), 20) };
    const bare = numbered({ sums: [], counts: [] }, 0);
    const strata = [
      full,
      { treatment: bare, control: full.control },
      { treatment: numbered(draw(random, 1), 40), control: full.control },
    ];
    for (const weights of allWeights) {
      const found = conclusive(stratifiedDifference(strata, { unitCount: 50, weights }));
      assert.deepEqual(found.strata.slice(1), [
        { kind: "left_out", reason: "no_data" },
        { kind: "left_out", reason: "too_few_units" },
      ]);
      near(found.value, conclusive(stratifiedDifference([full], { unitCount: 50 })).value, 1e-12);
    }
  });

  test("says why there is nothing to pool", () => {
    const constant = { sums: [0.1, 0.2, 0.3], counts: [1, 2, 3] };
    const pair = (one: typeof constant, other: typeof constant) => [
      { treatment: numbered(one, 0), control: numbered(other, 3) },
    ];
    const options = { unitCount: 6 };
    assert.equal(reasonOf(stratifiedDifference([], options)), "no_data");
    assert.equal(reasonOf(stratifiedDifference(pair(constant, constant), options)), "no_variance");
    assert.equal(
      reasonOf(stratifiedDifference(pair(constant, { ...constant, counts: [0, 0, 0] }), options)),
      "zero_denominator",
    );
    assert.equal(
      reasonOf(stratifiedDifference(pair(constant, { ...constant, sums: [1, 2, Number.NaN] }), options)),
      "invalid_input",
    );
    assert.throws(() => stratifiedDifference(pair(constant, constant), { unitCount: 5 }), RangeError);
    assert.throws(
      () => stratifiedDifference(pair(constant, { ...constant, counts: [1] }), options),
      RangeError,
    );
  });

  test("swapping the arms turns the sign and nothing else", () => {
    const strata = reference.strata.map(stratumOf);
    const there = conclusive(stratifiedDifference(strata, { unitCount: reference.unitCount }));
    const swapped = strata.map(({ treatment, control }) => ({ treatment: control, control: treatment }));
    const back = conclusive(stratifiedDifference(swapped, { unitCount: reference.unitCount }));
    near(there.value, -back.value, 1e-14);
    near(there.standardError, back.standardError, 1e-14);
    near(there.df, back.df, 1e-9);
  });

  test("gives no NaN, whatever it is fed", () => {
    const rows = fc.array(fc.tuple(anyNumber, anyNumber, fc.nat(5)), { maxLength: 5 });
    const stratum = fc.tuple(rows, rows).map(([treatment, control]): Stratum => {
      const arm = (some: typeof treatment) =>
        armOf({
          sums: some.map(([s]) => s),
          counts: some.map(([, n]) => n),
          units: some.map(([, , unit]) => unit),
        });
      return { treatment: arm(treatment), control: arm(control) };
    });
    fc.assert(
      fc.property(fc.array(stratum, { maxLength: 3 }), fc.constantFrom(...allWeights), (strata, weights) => {
        assertNoNaN(stratifiedDifference(strata, { unitCount: 6, weights }));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the rate of false differences at 5 %, over two phases of a ramp", () => {
  for (const { icc, weights } of allWeights.flatMap((weights) => [0, 0.3].map((icc) => ({ icc, weights })))) {
    test(`with units that stay through both and units that come late, ICC ${icc}, ${weights}`, () => {
      const random = createRandom(31);
      const share = shareOf(1500, () => {
        const { strata, unitCount } = ramp(random, icc);
        return conclusive(stratifiedDifference(strata, { unitCount, weights })).pValue < 0.05;
      });
      assert.ok(Math.abs(share - 0.05) < 0.017, `${share}`);
    });
  }
});

/** 30 units an arm in the first phase; they stay for the second, where 50 more join and all rates are higher. */
function ramp(
  random: ReturnType<typeof createRandom>,
  icc: number,
): { strata: Stratum[]; unitCount: number } {
  const rates = Array.from({ length: 160 }, () =>
    icc === 0 ? 0.3 : random.beta(0.3 * (1 / icc - 1), 0.7 * (1 / icc - 1)),
  );
  const arm = (first: number, units: number, drift: number): StratumArm => {
    const counts = Array.from({ length: units }, () => 1 + random.poisson(5));
    const sums = counts.map((count, i) => {
      let sum = 0;
      for (let j = 0; j < count; j++) if (random.bernoulli((rates[first + i] ?? 0) + drift)) sum += 1;
      return sum;
    });
    return numbered({ sums, counts }, first);
  };
  return {
    strata: [
      { treatment: arm(0, 30, 0), control: arm(80, 30, 0) },
      { treatment: arm(0, 80, 0.1), control: arm(80, 80, 0.1) },
    ],
    unitCount: 160,
  };
}

function draw(
  random: ReturnType<typeof createRandom>,
  units: number,
): { sums: Float64Array; counts: Float64Array } {
  return clusteredUnits(random, { units, meanCount: 6, rate: 0.4, icc: 0.2 });
}

/** The published cells, each cut into ten units of different rates, for without variance there is no comparison. */
function simpsonsStrata(): { strata: Stratum[]; unitCount: number } {
  const cut = ([successes, n]: readonly [number, number], first: number): StratumArm => {
    const shares = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 0.09 : 0.11));
    return numbered(
      { sums: shares.map((share) => successes * share), counts: shares.map(() => n / 10) },
      first,
    );
  };
  const strata = simpson.C.map(
    (control, i): Stratum => ({
      treatment: cut(simpson.T[i] ?? [0, 0], 20 * i),
      control: cut(control, 20 * i + 10),
    }),
  );
  return { strata, unitCount: 20 * strata.length };
}
