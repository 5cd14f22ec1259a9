import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allocate } from "../../src/core/allocation.ts";
import { assignUnit } from "../../src/core/assign.ts";
import { cellPosition, contains } from "../../src/core/line.ts";
import {
  growthbookCells,
  growthbookHash,
  optimizelyBucket,
  unleashNumber,
  unleashVariantSeed,
} from "../../src/core/sdk-hash.ts";
import {
  type FractionRange,
  growthbookBucketRanges,
  growthbookPositions,
} from "../../src/core/sdk-layout.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { experimentWith, variantsOf } from "./experiment-fixture.ts";

const unitOf = (id: string) => ({ type: "user", id }) as const;

describe("growthbook_v2", () => {
  const vectors = readVectors<{
    readonly getBucketRange: readonly (readonly [
      name: string,
      input: readonly [count: number, coverage: number, weights: readonly number[] | null],
      ranges: readonly FractionRange[],
    ])[];
    readonly chooseVariation: readonly (readonly [
      name: string,
      n: number,
      ranges: readonly FractionRange[],
      index: number,
    ])[];
  }>("growthbook");

  for (const [name, [count, coverage, weights], expected] of vectors.getBucketRange) {
    test(`lays ranges out as GrowthBook does: ${name}`, () => {
      const ranges = growthbookBucketRanges({ count, coverage, weights: weights ?? undefined });
      assert.deepEqual(ranges.map(rounded), expected.map(rounded));
    });
  }

  for (const [name, n, ranges, index] of vectors.chooseVariation) {
    test(`finds the range that GrowthBook finds: ${name}`, () => {
      const position = cellPosition(Math.round(n * growthbookCells), growthbookCells);
      assert.equal(
        ranges.findIndex((range) => contains(growthbookPositions(range), position)),
        index,
      );
    });
  }

  test("cuts the line where doubles do, in sums that are not quite the decimal they stand for", () => {
    const fractions = [0.1 + 0.2, 0.7 + 0.1, 0.3 - 0.2, 1 / 3, 0.15 * 3, 0.00005, 0.99995];
    for (const fraction of fractions) {
      const below = growthbookPositions([0, fraction]);
      for (let cell = 0; cell < growthbookCells; cell += 1) {
        const isBelow = cell / growthbookCells < fraction;
        assert.equal(contains(below, cellPosition(cell, growthbookCells)), isBelow);
      }
    }
  });

  test("assigns every unit as GrowthBook's own comparison of doubles does", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 });
    const coverage = fc.integer({ min: 0, max: 20 }).map((steps) => steps / 20);
    fc.assert(
      fc.property(weights, coverage, fc.nat(), (parts, share, number) => {
        const total = parts.reduce((sum, part) => sum + part, 0);
        const variants = variantsOf(
          Object.fromEntries(parts.map((part, at) => [at === 0 ? "control" : `v${at}`, part])),
        );
        const experiment = experimentWith({ hash: "growthbook_v2", coverage: share, variants });
        const n = growthbookHash(experiment.salt, `user-${number}`, 2) ?? Number.NaN;
        const index = growthbookBucketRanges({
          count: parts.length,
          coverage: share,
          weights: parts.map((part) => part / total),
        }).findIndex(([start, end]) => n >= start && n < end);
        const assigned = assignUnit(experiment, allocate(experiment), unitOf(`user-${number}`));
        const expected = index === -1 ? ["control", "not_exposed"] : [variants[index]?.id, "split"];
        assert.deepEqual([assigned.variantId, assigned.reason], expected);
      }),
      { numRuns: 2_000 },
    );
  });

  function rounded([start, end]: FractionRange): readonly number[] {
    return [start, end].map((fraction) => Math.round(fraction * 1e6) / 1e6);
  }
});

test("unleash_murmur3 assigns every unit as Unleash counts its weights up", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 500 }), (number, first) => {
      const weights = { control: first, a: 300, b: 700 - first };
      const experiment = experimentWith({ hash: "unleash_murmur3", variants: variantsOf(weights) });
      const id = `user-${number}`;
      const target = unleashNumber({ groupId: "tone-1", id, normalizer: 1000, seed: unleashVariantSeed });
      const expected = target <= first ? "control" : target <= first + 300 ? "a" : "b";
      assert.equal(assignUnit(experiment, allocate(experiment), unitOf(id)).variantId, expected);
    }),
    { numRuns: 2_000 },
  );
});

test("optimizely_murmur3 assigns every unit by the ends of cumulative ranges", () => {
  // 40 % of the traffic in two equal variants is [0, 2000) and [2000, 4000) of Optimizely's 10,000 buckets.
  const experiment = experimentWith({ hash: "optimizely_murmur3", salt: "1886780721", coverage: 0.4 });
  for (let unit = 0; unit < 5_000; unit += 1) {
    const bucket = optimizelyBucket(`ppid${unit}`, "1886780721");
    const { variantId, reason } = assignUnit(experiment, allocate(experiment), unitOf(`ppid${unit}`));
    const expected = bucket < 2_000 ? "control" : bucket < 4_000 ? "candidate" : "none";
    assert.equal(reason === "split" ? variantId : "none", expected);
  }
});
