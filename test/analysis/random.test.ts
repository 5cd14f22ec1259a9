import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom, type Random } from "../../src/analysis/random.ts";

const draws = 40_000;

function momentsOf(draw: (random: Random) => number, seed = 1): { mean: number; variance: number } {
  const random = createRandom(seed);
  const values = Float64Array.from({ length: draws }, () => draw(random));
  const mean = values.reduce((sum, value) => sum + value, 0) / draws;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (draws - 1);
  return { mean, variance };
}

describe("seeded draws", () => {
  test("are the same for the same keys, and others for other keys in any place", () => {
    const keys = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 4 });
    const firstOf = ([seed = 0, ...more]: readonly number[]) => {
      const random = createRandom(seed, ...more);
      return [random.uniform(), random.uniform(), random.uniform(), random.uniform()];
    };
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        assert.deepEqual(firstOf(one), firstOf(one));
        if (one.join() !== other.join()) assert.notDeepEqual(firstOf(one), firstOf(other));
      }),
    );
    assert.notDeepEqual(firstOf([1, 2, 3]), firstOf([1, 3, 2]));
    assert.notDeepEqual(firstOf([1]), firstOf([1, 0]));
  });

  test("are xoshiro128** of a state that the seed fills", () => {
    // Computed once with unsigned integers of arbitrary size, from the authors' definition.
    const random = createRandom(1);
    const words = Array.from({ length: 4 }, () => random.uniform() * 2 ** 32);
    assert.deepEqual(words, [2442144158, 3238099751, 3819917871, 2104621829]);
  });

  const laws: readonly [string, (random: Random) => number, number, number][] = [
    ["uniform", (random) => random.uniform(), 1 / 2, 1 / 12],
    ["normal", (random) => random.normal(3, 2), 3, 4],
    ["exponential", (random) => random.exponential(2), 2, 4],
    ["gamma of a small shape", (random) => random.gamma(0.3), 0.3, 0.3],
    ["gamma", (random) => random.gamma(7), 7, 7],
    ["beta", (random) => random.beta(2, 3), 2 / 5, 1 / 25],
    ["beta with its mass at the ends", (random) => random.beta(1e-3, 1e-3), 1 / 2, 1 / 4],
    ["poisson", (random) => random.poisson(4), 4, 4],
    ["poisson of a large mean", (random) => random.poisson(90), 90, 90],
    ["integer", (random) => random.integer(5), 2, 2],
    ["bernoulli", (random) => Number(random.bernoulli(0.3)), 0.3, 0.21],
  ];
  for (const [name, draw, mean, variance] of laws) {
    test(`have the mean and the variance of their law: ${name}`, () => {
      const found = momentsOf(draw);
      // Five standard errors; of the variance with the kurtosis of the heaviest tail here.
      assert.ok(Math.abs(found.mean - mean) < 5 * Math.sqrt(variance / draws), `mean ${found.mean}`);
      assert.ok(
        Math.abs(found.variance / variance - 1) < 5 * Math.sqrt(22 / draws),
        `variance ${found.variance}`,
      );
    });
  }

  test("never leave [0, 1) for a share, whatever the shapes", () => {
    const shape = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.integer(), shape, shape, (seed, a, b) => {
        const value = createRandom(seed).beta(a, b);
        assert.ok(value >= 0 && value <= 1, String(value));
      }),
    );
  });
});
