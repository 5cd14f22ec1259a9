import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { benjaminiHochberg, holm } from "../../src/analysis/multiple.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { nearRelative } from "./near.ts";

const published = readVectors<{
  readonly multiple: {
    readonly p: readonly number[];
    readonly bh: readonly number[];
    readonly bh1995: {
      readonly p: readonly number[];
      readonly bh_rejects: number;
      readonly holm_rejects: number;
    };
  };
}>("analysis").multiple;
const vectors = readVectors<{
  readonly multiple: {
    readonly p: readonly number[];
    readonly holm: readonly number[];
    readonly bh: readonly number[];
  };
}>("plain-tests").multiple;

const family = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function nearAll(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) nearRelative(actual[i] ?? Number.NaN, value, 1e-14);
}

describe("corrections for several tests", () => {
  test("agree with the published values", () => {
    nearAll(benjaminiHochberg(published.p), published.bh);
    const { p, bh_rejects, holm_rejects } = published.bh1995;
    assert.equal(benjaminiHochberg(p).filter((one) => one <= 0.05).length, bh_rejects);
    assert.equal(holm(p).filter((one) => one <= 0.05).length, holm_rejects);
  });

  test("agree with statsmodels, ties and the ends among them", () => {
    nearAll(holm(vectors.p), vectors.holm);
    nearAll(benjaminiHochberg(vectors.p), vectors.bh);
  });

  test("leave one test, and none, as they are", () => {
    assert.deepEqual([holm([0.03]), benjaminiHochberg([0.03])], [[0.03], [0.03]]);
    assert.deepEqual([holm([]), benjaminiHochberg([])], [[], []]);
  });

  test("never lower a p-value, keep the order, and Holm is at least Benjamini and Hochberg", () => {
    fc.assert(
      fc.property(family, (pValues) => {
        const [strict, lax] = [holm(pValues), benjaminiHochberg(pValues)];
        for (const [i, p] of pValues.entries()) {
          const [one = Number.NaN, other = Number.NaN] = [strict[i], lax[i]];
          assert.ok(p <= other * (1 + 1e-15) && other <= one * (1 + 1e-15) && one <= 1);
          for (const [j, q] of pValues.entries()) {
            if (p < q) assert.ok(one <= (strict[j] ?? 0) && other <= (lax[j] ?? 0));
          }
        }
      }),
    );
  });

  test("do not depend on the order of the tests", () => {
    fc.assert(
      fc.property(family, (pValues) => {
        assert.deepEqual(holm(pValues.toReversed()), holm(pValues).toReversed());
        assert.deepEqual(benjaminiHochberg(pValues.toReversed()), benjaminiHochberg(pValues).toReversed());
      }),
    );
  });

  test("throw for what is no probability", () => {
    for (const p of [Number.NaN, -0.1, 1.1]) {
      assert.throws(() => holm([0.1, p]), RangeError);
      assert.throws(() => benjaminiHochberg([0.1, p]), RangeError);
    }
  });
});
