import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type ClusteredQuantile,
  clusteredQuantile,
  compareQuantiles,
  quantileOf,
} from "../../src/analysis/quantile.ts";
import { createRandom } from "../../src/analysis/random.ts";
import { select } from "../../src/analysis/select.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { clusteredLatencies, shareOf } from "./clustered-units.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative } from "./near.ts";

const { quantile: reference } = readVectors<{
  quantile: {
    p: number;
    values: readonly number[];
    units: readonly number[];
    value: number;
    low: number;
    high: number;
    standardError: number;
  };
}>("units");

const sampleOf = (values: readonly number[], units: readonly number[]) => ({
  values: Float64Array.from(values),
  units: Uint32Array.from(units),
  unitCount: Math.max(0, ...units) + 1,
});
const ownUnits = (values: readonly number[]) => sampleOf(values, [...values.keys()]);
const width = ({ interval }: ClusteredQuantile) => interval.high - interval.low;

describe("selection", () => {
  test("finds what sorting finds, and leaves nothing larger before it nor smaller behind", () => {
    const random = createRandom(5);
    for (let run = 0; run < 1500; run++) {
      const distinct = [1, 3, 1e9][run % 3] ?? 1;
      const length = 1 + random.integer(run % 50 === 0 ? 5000 : 40);
      const values = Float64Array.from({ length }, () => random.integer(distinct));
      const sorted = values.toSorted();
      const rank = random.integer(length);
      assert.equal(select(values, rank), sorted[rank]);
      assert.ok(values.subarray(0, rank).every((value) => value <= (sorted[rank] ?? 0)));
      assert.ok(values.subarray(rank).every((value) => value >= (sorted[rank] ?? 0)));
      assert.deepEqual(values.toSorted(), sorted);
    }
  });

  test("keeps to the range that it is given", () => {
    const values = Float64Array.of(9, 5, 4, 3, 0);
    assert.equal(select(values, 1, 1, 3), 3);
    assert.deepEqual([values[0], values[4]], [9, 0]);
  });
});

describe("the quantile of values", () => {
  test("is the least value that a share p does not exceed", () => {
    const values = () => Float64Array.of(40, 10, 30, 20);
    assert.deepEqual(
      [0, 0.25, 0.26, 0.5, 0.75, 0.76, 1].map((p) => quantileOf(values(), p)),
      [10, 10, 20, 20, 30, 40, 40],
    );
  });

  test("is not moved by the rounding of n·p", () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    for (let percent = 1; percent <= 100; percent++) assert.equal(quantileOf(values, percent / 100), percent);
  });

  test("says why there is none", () => {
    assert.equal(reasonOf(quantileOf(new Float64Array(0), 0.5)), "no_data");
    assert.equal(reasonOf(quantileOf(Float64Array.of(1, Number.NaN), 0.5)), "invalid_input");
    assert.equal(reasonOf(quantileOf(Float64Array.of(1), 1.1)), "invalid_input");
  });
});

describe("the clustered quantile", () => {
  test("agrees with the ranks of a regression with clustered errors", () => {
    const found = conclusive(
      clusteredQuantile({ ...sampleOf(reference.values, reference.units), p: reference.p }),
    );
    assert.equal(found.value, reference.value);
    assert.deepEqual(found.interval, { low: reference.low, high: reference.high });
    nearRelative(found.standardError, reference.standardError, 1e-10);
    assert.equal(found.units, 40);
  });

  test("with a unit for each value lies between the ranks n(p ± t√(p(1−p)/(n−1)))", () => {
    const found = conclusive(
      clusteredQuantile({ ...ownUnits(Array.from({ length: 1000 }, (_, i) => i + 1)), p: 0.95 }),
    );
    // t of 999 degrees of freedom is 1.96234; √(0.95 · 0.05 / 999) is 0.0068954.
    assert.deepEqual([found.value, found.interval.low, found.interval.high], [950, 937, 964]);
  });

  test("of five units is as wide as five units allow", () => {
    // By unit 110, 90, 100, 100 and 100 of 200 values lie below the median; t of 4 degrees of freedom is 2.77645.
    // V = 5/4 · (10² + 10²) / 1000².
    const unitOf = (rank: number) => {
      if (rank % 50 === 1 && rank < 500) return 0;
      return rank % 50 === 0 && rank >= 500 ? 1 : rank % 5;
    };
    const ranks = [...Array(1000).keys()];
    const found = conclusive(
      clusteredQuantile({
        ...sampleOf(
          ranks.map((rank) => rank + 1),
          ranks.map(unitOf),
        ),
        p: 0.5,
      }),
    );
    assert.deepEqual([found.value, found.interval.low, found.interval.high], [500, 457, 544]);
  });

  test("of a unit that repeats each value m times is √m wider in ranks", () => {
    const once = Array.from({ length: 2000 }, (_, i) => i);
    const repeated = once.flatMap((value) => [value, value, value, value]);
    const plain = conclusive(clusteredQuantile({ ...ownUnits(once), p: 0.9 }));
    const four = (units: readonly number[]) =>
      conclusive(clusteredQuantile({ ...sampleOf(repeated, units), p: 0.9 }));
    // The same 2,000 units know as much as they did, however often they say it.
    near(width(four(repeated)), width(plain), 0.04);
    near(width(four([...repeated.keys()])) / width(plain), 0.5, 0.04);
  });

  test("needs more than z²p/(1−p) values: 73 for p95", () => {
    const upTo = (length: number) => ownUnits(Array.from({ length }, (_, i) => i));
    assert.equal(reasonOf(clusteredQuantile({ ...upTo(72), p: 0.95 })), "too_few_points");
    assert.equal(reasonOf(clusteredQuantile({ ...upTo(72), p: 0.05 })), "too_few_points");
    // Student's t asks for a few more than the normal's 73.
    assert.equal(clusteredQuantile({ ...upTo(78), p: 0.95 }).kind, "quantile");
    assert.equal(clusteredQuantile({ ...upTo(78), p: 0.05 }).kind, "quantile");
  });

  test("says why there is none", () => {
    const units = new Uint32Array(100);
    const values = Float64Array.from({ length: 100 }, (_, i) => i);
    assert.equal(reasonOf(clusteredQuantile({ values, units, unitCount: 5, p: 0.5 })), "too_few_units");
    assert.equal(reasonOf(clusteredQuantile({ values, units, unitCount: 5, p: 1 })), "invalid_input");
    assert.equal(reasonOf(clusteredQuantile({ ...ownUnits([]), p: 0.5 })), "no_data");
    const holed = values.with(3, Number.NaN);
    assert.equal(
      reasonOf(clusteredQuantile({ values: holed, units, unitCount: 5, p: 0.5 })),
      "invalid_input",
    );
    assert.throws(
      () => clusteredQuantile({ values, units: new Uint32Array(99), unitCount: 5, p: 0.5 }),
      RangeError,
    );
    assert.throws(
      () => clusteredQuantile({ values, units: units.with(9, 5), unitCount: 5, p: 0.5 }),
      RangeError,
    );
  });

  test("leaves the arrays in their order", () => {
    const { values, units, unitCount } = clusteredLatencies(createRandom(1), {
      units: 50,
      meanCount: 9,
      icc: 0.3,
    });
    const before = values.slice();
    clusteredQuantile({ values, units, unitCount, p: 0.9 });
    assert.deepEqual(values, before);
  });

  test("does not depend on the order of the rows, and follows a rising change of scale", () => {
    const { values, units, unitCount } = clusteredLatencies(createRandom(2), {
      units: 60,
      meanCount: 9,
      icc: 0.3,
    });
    const plain = conclusive(clusteredQuantile({ values, units, unitCount, p: 0.9 }));
    const reversed = { values: values.toReversed(), units: units.toReversed(), unitCount, p: 0.9 };
    assert.deepEqual(clusteredQuantile(reversed), plain);
    const onLogs = conclusive(clusteredQuantile({ values: values.map(Math.log), units, unitCount, p: 0.9 }));
    near(onLogs.value, Math.log(plain.value), 1e-12);
    near(onLogs.interval.low, Math.log(plain.interval.low), 1e-12);
    near(onLogs.interval.high, Math.log(plain.interval.high), 1e-12);
  });

  test("a mass of equal values is its own interval", () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i < 600 ? 7 : i));
    const found = conclusive(clusteredQuantile({ ...ownUnits(values), p: 0.3 }));
    assert.deepEqual([found.value, found.interval], [7, { low: 7, high: 7 }]);
    assert.equal(reasonOf(compareQuantiles(found, found)), "no_variance");
  });

  test("gives no NaN, whatever it is fed", () => {
    const rows = fc.array(
      fc.tuple(fc.oneof(anyNumber, fc.double({ noNaN: true, noDefaultInfinity: true })), fc.nat(4)),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(rows, anyNumber, fc.constantFrom(0.5, 0.95, Number.NaN), (some, p, confidence) => {
        const sample = {
          values: Float64Array.from(some, ([value]) => value),
          units: Uint32Array.from(some, ([, unit]) => unit),
          unitCount: 5,
        };
        const one = clusteredQuantile({ ...sample, p, confidence });
        const half = clusteredQuantile({ ...sample, p: 0.5 });
        for (const found of [one, half, compareQuantiles(half, half)]) assertNoNaN(found);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the difference of two quantiles", () => {
  const random = createRandom(11);
  const draw = (units: number, icc: number) =>
    clusteredQuantile({ ...clusteredLatencies(random, { units, meanCount: 6, icc }), p: 0.9 });

  test("swapping the arms turns the sign, and p is under alpha exactly when the interval leaves out 0", () => {
    for (let run = 0; run < 50; run++) {
      const [one, other] = [draw(80, 0.2), draw(120, 0.2)];
      const there = conclusive(compareQuantiles(one, other));
      const back = conclusive(compareQuantiles(other, one));
      assert.deepEqual([there.value, there.pValue], [-back.value, back.pValue]);
      assert.equal(there.interval.low > 0 || there.interval.high < 0, there.pValue < 0.05);
    }
  });

  test("is inconclusive when an arm is, and refuses two different quantiles", () => {
    const fine = draw(80, 0);
    assert.equal(reasonOf(compareQuantiles(fine, draw(2, 0))), "too_few_points");
    assert.throws(() => compareQuantiles(fine, { ...conclusive(fine), p: 0.5 }), RangeError);
  });

  for (const icc of [0, 0.3]) {
    test(`of equal arms is found at most 5 % of the time, and an interval misses the truth as often, ICC ${icc}`, () => {
      const truth = Math.exp(1.2815515655446004);
      let missed = 0;
      const share = shareOf(1500, () => {
        const arms = [conclusive(draw(120, icc)), conclusive(draw(120, icc))] as const;
        for (const { interval } of arms) if (interval.low > truth || interval.high < truth) missed += 1;
        return conclusive(compareQuantiles(...arms)).pValue < 0.05;
      });
      // Three standard errors: 1.7 points of 1,500 runs and 1.2 of 3,000 intervals.
      assert.ok(share < 0.067, `${share}`);
      assert.ok(Math.abs(missed / 3000 - 0.05) < 0.015, `${missed / 3000}`);
    });
  }
});
