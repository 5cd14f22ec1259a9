import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { intraclassCorrelation, type UnitColumns } from "../../src/analysis/intraclass.ts";
import { designEffect } from "../../src/analysis/power.ts";
import { createRandom } from "../../src/analysis/random.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { clusteredUnits } from "./clustered-units.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative } from "./near.ts";

const { intraclass } = readVectors<{
  readonly intraclass: readonly { readonly units: readonly (readonly number[])[]; readonly icc: number }[];
}>("plain-tests");

function columnsOf(units: readonly (readonly number[])[]): UnitColumns {
  const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return {
    counts: units.map((values) => values.length),
    sums: units.map(sumOf),
    squares: units.map((values) => sumOf(values.map((value) => value * value))),
  };
}

const like = columnsOf([
  [1, 2],
  [5, 6],
  [9, 9, 8],
]);

describe("the intraclass correlation", () => {
  test("agrees with the analysis of variance of statsmodels, with unequal counts", () => {
    for (const { units, icc } of intraclass) {
      nearRelative(conclusive(intraclassCorrelation([columnsOf(units)])).value, icc, 1e-9);
    }
  });

  test("finds what was simulated", () => {
    for (const icc of [0, 0.3]) {
      const { sums, counts } = clusteredUnits(createRandom(5), { units: 4000, meanCount: 8, rate: 0.3, icc });
      const found = conclusive(intraclassCorrelation([{ counts, sums, squares: sums }]));
      near(found.value, icc, 0.02);
    }
  });

  test("is 1 where all values of a unit are the same, and lowest where units have the same mean", () => {
    assert.equal(
      conclusive(
        intraclassCorrelation([
          columnsOf([
            [1, 1],
            [2, 2],
            [4, 4],
          ]),
        ]),
      ).value,
      1,
    );
    assert.equal(
      conclusive(
        intraclassCorrelation([
          columnsOf([
            [0, 1],
            [0, 1],
            [1, 0],
          ]),
        ]),
      ).value,
      -1,
    );
  });

  test("does not take a difference between the groups for likeness", () => {
    const alone = conclusive(intraclassCorrelation([like, like]));
    const shifted = columnsOf([
      [101, 102],
      [105, 106],
      [109, 109, 108],
    ]);
    near(conclusive(intraclassCorrelation([like, shifted])).value, alone.value, 1e-9);
    assert.equal(alone.units, 6);
  });

  test("does not see units without values, nor empty groups", () => {
    const gaps = columnsOf([[], [1, 2], [5, 6], [], [9, 9, 8]]);
    assert.deepEqual(intraclassCorrelation([gaps, columnsOf([])]), intraclassCorrelation([like]));
  });

  test("gives the design effect of the weighted mean count, and never below 1", () => {
    const found = conclusive(intraclassCorrelation([like]));
    nearRelative(found.effectiveCount, (4 + 4 + 9) / 7, 1e-15);
    nearRelative(found.designEffect, designEffect(found.effectiveCount, found.value), 1e-15);
    assert.equal(
      conclusive(
        intraclassCorrelation([
          columnsOf([
            [0, 1],
            [0, 1],
            [1, 0],
          ]),
        ]),
      ).designEffect,
      1,
    );
  });

  test("does not depend on scale or shift", () => {
    const units = fc.array(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 6 }), {
      minLength: 3,
      maxLength: 10,
    });
    fc.assert(
      fc.property(units, (values) => {
        const found = intraclassCorrelation([columnsOf(values)]);
        const moved = intraclassCorrelation([
          columnsOf(values.map((unit) => unit.map((value) => 4 * value + 64))),
        ]);
        if (found.kind === "inconclusive") assert.equal(reasonOf(moved), found.reason);
        else near(conclusive(moved).value, found.value, 1e-8);
      }),
    );
  });

  test("says why it cannot tell, and never NaN", () => {
    assert.equal(reasonOf(intraclassCorrelation([])), "no_data");
    assert.equal(
      reasonOf(intraclassCorrelation([columnsOf([[1, 2]]), columnsOf([[3, 4]])])),
      "too_few_units",
    );
    assert.equal(reasonOf(intraclassCorrelation([columnsOf([[1], [2], [3]])])), "too_few_points");
    assert.equal(
      reasonOf(
        intraclassCorrelation([
          columnsOf([
            [3, 3],
            [3, 3],
          ]),
        ]),
      ),
      "no_variance",
    );
    const column = fc.array(anyNumber, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(column, column, column, (counts, sums, squares) => {
        assertNoNaN(intraclassCorrelation([{ counts, sums, squares }]));
      }),
    );
  });
});
