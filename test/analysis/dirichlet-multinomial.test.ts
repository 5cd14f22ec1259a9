import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { logDirichletBayesFactor } from "../../src/analysis/dirichlet-multinomial.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near } from "./near.ts";

interface Case {
  readonly counts: readonly number[];
  readonly shares: readonly number[];
  readonly concentration: number;
  readonly log: number;
}

const { dirichlet } = readVectors<{ dirichlet: readonly Case[] }>("always-valid");

describe("the Bayes factor of a Dirichlet against fixed shares", () => {
  test("agrees with sixty-digit arithmetic, of a million counts too", () => {
    for (const { counts, shares, concentration, log } of dirichlet) {
      near(logDirichletBayesFactor(counts, shares, concentration), log, 1e-13);
    }
  });

  test("says nothing before the first count", () => {
    near(logDirichletBayesFactor([0, 0, 0], [0.2, 0.3, 0.5], 7), 0, 1e-15);
  });

  test("is on average the same after one more count, whatever came before: a martingale", () => {
    const counts = fc.array(fc.nat(5_000), { minLength: 2, maxLength: 5 });
    const weights = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(counts, weights, fc.double({ min: 0.01, max: 1e5, noNaN: true }), (before, weight, k) => {
        const used = weight.slice(0, before.length);
        const shares = used.map((one) => one / used.reduce((sum, other) => sum + other, 0));
        const now = logDirichletBayesFactor(before, shares, k);
        const next = shares.reduce((sum, share, arm) => {
          const after = before.map((count, i) => count + (i === arm ? 1 : 0));
          return sum + share * Math.exp(logDirichletBayesFactor(after, shares, k) - now);
        }, 0);
        near(next, 1, 1e-9);
      }),
    );
  });

  test("refuses what are no counts or shares", () => {
    assert.throws(() => logDirichletBayesFactor([1], [0.5, 0.5], 10), RangeError);
    assert.throws(() => logDirichletBayesFactor([1, -1], [0.5, 0.5], 10), RangeError);
    assert.throws(() => logDirichletBayesFactor([1, Number.NaN], [0.5, 0.5], 10), RangeError);
    assert.throws(() => logDirichletBayesFactor([1, 2], [1, 0], 10), RangeError);
    assert.throws(() => logDirichletBayesFactor([1, 2], [0.5, 0.5], 0), RangeError);
  });
});
