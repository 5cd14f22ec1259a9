import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  growthbookHash,
  optimizelyBucket,
  unleashNumber,
  unleashRolloutSeed,
  unleashVariantSeed,
} from "../../src/core/sdk-hash.ts";
import { readVectors } from "../vectors/read-vectors.ts";

describe("growthbookHash", () => {
  const vectors = readVectors<{
    readonly hash: readonly (readonly [seed: string, value: string, version: number, hash: number | null])[];
    readonly inNamespace: readonly (readonly [
      name: string,
      id: string,
      namespace: readonly [id: string, start: number, end: number],
      isIn: boolean,
    ])[];
  }>("growthbook");

  for (const [seed, value, version, expected] of vectors.hash) {
    test(`agrees with GrowthBook on "${value}" under seed "${seed}" at version ${version}`, () => {
      assert.equal(growthbookHash(seed, value, version), expected);
    });
  }

  for (const [name, id, [namespace, start, end], isIn] of vectors.inNamespace) {
    test(`puts a unit where GrowthBook's namespace does: ${name}`, () => {
      const number = growthbookHash(`__${namespace}`, id, 1) ?? Number.NaN;
      assert.equal(number >= start && number < end, isIn);
    });
  }
});

describe("unleashNumber", () => {
  const vectors = readVectors<{
    readonly numbers: readonly (readonly [
      groupId: string,
      id: string,
      of: number,
      seed: number,
      is: number,
    ])[];
    readonly variants: {
      readonly cases: readonly (readonly [
        groupId: string,
        id: string,
        weights: readonly number[],
        seed: number,
        index: number,
      ])[];
    };
    readonly rollouts: {
      readonly cases: readonly (readonly [groupId: string, id: string, percentage: number, isOn: boolean])[];
    };
  }>("unleash");

  for (const [groupId, id, normalizer, seed, expected] of vectors.numbers) {
    test(`of ${groupId}:${id} with seed ${seed} is the SDKs' ${expected}`, () => {
      assert.equal(unleashNumber({ groupId, id, normalizer, seed }), expected);
    });
  }

  for (const [groupId, id, weights, seed, index] of vectors.variants.cases) {
    test(`leads unit ${id} of ${groupId} to variant ${index} of the specification`, () => {
      const normalizer = weights.reduce((sum, weight) => sum + weight, 0);
      const number = unleashNumber({ groupId, id, normalizer, seed });
      const ends = weights.map((_, at) => weights.slice(0, at + 1).reduce((sum, weight) => sum + weight, 0));
      assert.equal(
        ends.findIndex((end) => number <= end),
        index,
      );
    });
  }

  for (const [groupId, id, percentage, isOn] of vectors.rollouts.cases) {
    test(`rolls ${groupId} out to unit ${id} as the specification does`, () => {
      const number = unleashNumber({ groupId, id, normalizer: 100, seed: unleashRolloutSeed });
      assert.equal(number <= percentage, isOn);
    });
  }

  test("draws variants from another seed than rollouts", () => {
    assert.notEqual(unleashVariantSeed, unleashRolloutSeed);
  });
});

describe("optimizelyBucket", () => {
  const vectors = readVectors<{
    readonly buckets: readonly (readonly [id: string, experimentId: string, bucket: number])[];
  }>("optimizely");

  for (const [id, experimentId, bucket] of vectors.buckets) {
    test(`of "${id}" in experiment ${experimentId} is the SDKs' ${bucket}`, () => {
      assert.equal(optimizelyBucket(id, experimentId), bucket);
    });
  }
});
