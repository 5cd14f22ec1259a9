import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { normalSf, tSf } from "../../src/analysis/distributions.ts";
import { noncentralTSf } from "../../src/analysis/noncentral-t.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative } from "./near.ts";

const { noncentralT } = readVectors<{
  readonly noncentralT: readonly (readonly [number, number, number, number])[];
}>("plain-tests");

const degrees = fc.double({ min: 0.5, max: 1e6, noNaN: true });

describe("the noncentral t distribution", () => {
  test("agrees with quadrature at 40 digits", () => {
    for (const [t, df, ncp, expected] of noncentralT)
      nearRelative(noncentralTSf(t, df, ncp), expected, 1e-12);
  });

  test("is Student's t without a shift, at any degrees of freedom", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), degrees, (t, df) => {
        nearRelative(noncentralTSf(t, df, 0), tSf(t, df), 1e-11);
      }),
    );
    nearRelative(noncentralTSf(1000, 10, 0), tSf(1000, 10), 1e-12);
  });

  test("reflects: turning t and the shift around leaves the other tail", () => {
    const near8 = fc.double({ min: -8, max: 8, noNaN: true });
    fc.assert(
      fc.property(near8, near8, degrees, (t, ncp, df) => {
        near(noncentralTSf(t, df, ncp) + noncentralTSf(-t, df, -ncp), 1, 1e-12);
      }),
    );
  });

  test("is normal at infinite degrees of freedom, and nearly so before", () => {
    assert.equal(noncentralTSf(1.96, Number.POSITIVE_INFINITY, 2.8), normalSf(1.96 - 2.8));
    nearRelative(noncentralTSf(1.96, 1e14, 2.8), normalSf(1.96 - 2.8), 1e-12);
  });

  test("throws for what is not finite", () => {
    for (const [t, df, ncp] of [
      [Number.NaN, 1, 1],
      [1, 0, 1],
      [1, 1, Number.POSITIVE_INFINITY],
    ] as const) {
      assert.throws(() => noncentralTSf(t, df, ncp), RangeError);
    }
  });
});
