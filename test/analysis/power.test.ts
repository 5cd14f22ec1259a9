import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  daysLeft,
  designEffect,
  peekingPrice,
  sampleSizeCohenH,
  sampleSizeMeans,
  sampleSizeNonInferiority,
  sampleSizeProportions,
  smallestVisibleEffectMeans,
  smallestVisibleEffectProportions,
} from "../../src/analysis/power.ts";
import { sequenceMultiplier, tuningRate } from "../../src/analysis/sequential.ts";
import type { Inconclusive } from "../../src/domain/estimate.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { anyNumber, assertNoNaN, reasonOf } from "./estimates.ts";
import { nearRelative, toDecimals } from "./near.ts";

const published = readVectors<{ readonly power: Readonly<Record<string, number>> }>("analysis").power;
const { sampleSizeMeans: vectors } = readVectors<{
  readonly sampleSizeMeans: readonly (readonly [number, number, number, boolean, number])[];
}>("plain-tests");

function numberOf(found: number | Inconclusive): number {
  assert.equal(typeof found, "number", JSON.stringify(found));
  return Number(found);
}

function vector(name: string): number {
  const value = published[name];
  assert.ok(value !== undefined, name);
  return value;
}

describe("the size for a difference of means", () => {
  test("agrees with R, as far as R's search goes", () => {
    nearRelative(numberOf(sampleSizeMeans({ sd: 1, effect: 0.5 })), vector("t_d0.5"), 1e-9);
    // The effect given has a power of 0.7999987 by mpmath; at ours it is 0.8 to the last digit.
    const effect = numberOf(smallestVisibleEffectMeans({ n: 30, sd: 1, isStrict: true }));
    nearRelative(effect, vector("mde_d_n30"), 2e-6);
    nearRelative(effect, 0.7356210695976682, 1e-12);
  });

  test("agrees with scipy's noncentral t at other risks, with and without the wrong side", () => {
    for (const [effect, alpha, power, isStrict, size] of vectors) {
      nearRelative(numberOf(sampleSizeMeans({ sd: 1, effect, alpha, power, isStrict })), size, 1e-9);
    }
  });

  test("is undone by the smallest visible effect", () => {
    const effects = fc.double({ min: 0.01, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(effects, fc.double({ min: 0.1, max: 50, noNaN: true }), (effect, sd) => {
        const n = numberOf(sampleSizeMeans({ sd, effect: effect * sd }));
        nearRelative(numberOf(smallestVisibleEffectMeans({ n, sd })), effect * sd, 1e-9);
      }),
      { numRuns: 25 },
    );
  });

  test("depends on effect over spread alone, in either direction, and is never under 2", () => {
    const once = numberOf(sampleSizeMeans({ sd: 1, effect: 0.25 }));
    assert.equal(sampleSizeMeans({ sd: 8, effect: -2 }), once);
    assert.equal(sampleSizeMeans({ sd: 1, effect: 1e9 }), 2);
  });
});

describe("the size for a difference of shares", () => {
  test("agrees with R and with Cohen", () => {
    const shares = { control: 0.1, treatment: 0.12 };
    nearRelative(numberOf(sampleSizeProportions(shares)), vector("prop_.10_.12"), 1e-9);
    nearRelative(numberOf(sampleSizeCohenH({ ...shares, isStrict: true })), vector("cohen_h_.10_.12"), 1e-11);
  });

  test("is undone by the smallest visible effect, upward and downward", () => {
    for (const [control, treatment] of [
      [0.1, 0.12],
      [0.1, 0.08],
      [0.5, 0.9],
      [0.99, 0.9],
    ] as const) {
      const n = numberOf(sampleSizeProportions({ control, treatment }));
      const direction = treatment > control ? "increase" : "decrease";
      const effect = numberOf(smallestVisibleEffectProportions({ n, control, direction }));
      nearRelative(effect, Math.abs(treatment - control), 1e-9);
    }
  });

  test("says when no effect at all would be seen", () => {
    assert.equal(
      reasonOf(smallestVisibleEffectProportions({ n: 100, control: 0.001, direction: "decrease" })),
      "too_few_units",
    );
    toDecimals(numberOf(smallestVisibleEffectProportions({ n: 30, control: 0.1 })), 0.3089, 4);
  });
});

test("the size for non-inferiority agrees with Blackwelder", () => {
  nearRelative(
    numberOf(sampleSizeNonInferiority({ rate: 0.95, margin: 0.03 })),
    vector("ni_.95_margin_.03_one_sided_.025"),
    1e-12,
  );
  nearRelative(
    numberOf(sampleSizeNonInferiority({ rate: 0.98, margin: 0.01 })),
    vector("ni_.98_margin_.01"),
    1e-12,
  );
  assert.equal(reasonOf(sampleSizeNonInferiority({ rate: 1, margin: 0.01 })), "no_variance");
});

test("sizes fall with the effect and rise with what is asked for", () => {
  const effects = fc.double({ min: 0.02, max: 0.2, noNaN: true });
  fc.assert(
    fc.property(effects, fc.double({ min: 0.5, max: 0.95, noNaN: true }), (effect, power) => {
      for (const size of [
        (by: number, risk: object) => numberOf(sampleSizeMeans({ sd: 1, effect: by, ...risk })),
        (by: number, risk: object) =>
          numberOf(sampleSizeProportions({ control: 0.3, treatment: 0.3 + by, ...risk })),
        (by: number, risk: object) => numberOf(sampleSizeNonInferiority({ rate: 0.9, margin: by, ...risk })),
      ]) {
        assert.ok(size(1.5 * effect, { power }) < size(effect, { power }));
        assert.ok(size(effect, { power: power + 0.04 }) > size(effect, { power }));
        assert.ok(size(effect, { power, alpha: 0.01 }) > size(effect, { power, alpha: 0.02 }));
      }
    }),
    { numRuns: 25 },
  );
});

describe("the price of peeking", () => {
  test("is 1.91 at α = 0.05 and a power of 0.8", () => {
    toDecimals(numberOf(peekingPrice()), 1.91, 2);
  });

  test("is what the sequence itself asks for at the n it is tuned to, whatever that n is", () => {
    const [zHalfAlpha, zPower] = [1.959963984540054, 0.8416212335729143];
    for (const plannedN of [500, 5000, 1e6]) {
      const multiplier = sequenceMultiplier(plannedN, 0.05, tuningRate(0.05, plannedN));
      nearRelative(numberOf(peekingPrice()), ((multiplier + zPower) / (zHalfAlpha + zPower)) ** 2, 1e-12);
    }
  });
});

test("the design effect is 1 for one request a unit, or for requests that are not alike", () => {
  assert.equal(designEffect(1, 0.3), 1);
  assert.equal(designEffect(11, 0), 1);
  assert.equal(designEffect(11, 0.5), 6);
});

describe("the days left", () => {
  test("are what is missing at today's traffic", () => {
    assert.equal(daysLeft({ unitsNeeded: 1000, unitsSoFar: 400, unitsPerDay: 80 }), 7.5);
    assert.equal(daysLeft({ unitsNeeded: 1000, unitsSoFar: 1200, unitsPerDay: 0 }), 0);
  });

  test("are not known without traffic", () => {
    assert.equal(reasonOf(daysLeft({ unitsNeeded: 2, unitsSoFar: 1, unitsPerDay: 0 })), "zero_denominator");
    assert.equal(reasonOf(daysLeft({ unitsNeeded: 2, unitsSoFar: 1, unitsPerDay: -1 })), "invalid_input");
    assert.equal(
      reasonOf(daysLeft({ unitsNeeded: Number.NaN, unitsSoFar: 1, unitsPerDay: 1 })),
      "invalid_input",
    );
  });
});

test("plans that cannot be made have a reason, and never NaN", () => {
  assert.equal(reasonOf(sampleSizeMeans({ sd: 0, effect: 1 })), "no_variance");
  assert.equal(reasonOf(sampleSizeMeans({ sd: 1, effect: 0 })), "invalid_input");
  assert.equal(reasonOf(sampleSizeMeans({ sd: 1, effect: 1, power: 0.04 })), "invalid_input");
  assert.equal(reasonOf(smallestVisibleEffectMeans({ sd: 1, n: 1 })), "too_few_units");
  assert.equal(reasonOf(sampleSizeProportions({ control: 0.1, treatment: 0.1 })), "invalid_input");
  fc.assert(
    fc.property(anyNumber, anyNumber, anyNumber, anyNumber, (one, other, alpha, power) => {
      const risks = { alpha, power };
      assertNoNaN([
        sampleSizeMeans({ sd: one, effect: other }),
        sampleSizeMeans({ sd: 1, effect: 1, ...risks }),
        smallestVisibleEffectMeans({ n: one, sd: other }),
        sampleSizeProportions({ control: one, treatment: other }),
        sampleSizeCohenH({ control: one, treatment: other }),
        smallestVisibleEffectProportions({ n: one, control: other }),
        sampleSizeNonInferiority({ rate: one, margin: other }),
        peekingPrice(risks),
        daysLeft({ unitsNeeded: one, unitsSoFar: other, unitsPerDay: power }),
      ]);
    }),
  );
});
