/**
 * The hashes of other experiment systems, for teams whose app must agree with the proxy on the variant of a unit.
 * All are taken over UTF-8. For ids beyond ASCII some of those SDKs disagree among themselves (JavaScript ones that hash
 * UTF-16 code units, for one); the published vectors are ASCII.
 */
import { fnv1a32 } from "./fnv1a.ts";
import { murmur3 } from "./murmur3.ts";

/** GrowthBook has 10,000 buckets at version 2; Optimizely too; an Unleash server makes variant weights sum to 1,000. */
export const growthbookCells = 10_000;
export const optimizelyCells = 10_000;
export const unleashCells = 1_000;

/** GrowthBook's hash of a value on [0, 1), null for a version that it has not defined (its SDK specification, `hash`). */
export function growthbookHash(seed: string, value: string, version: number): number | null {
  if (version === 1) return (fnv1a32(value + seed) % 1_000) / 1_000;
  if (version === 2) return growthbookBucket(seed, value) / growthbookCells;
  return null;
}

/** Version 2 before its division: an integer of [0, 10000). */
export function growthbookBucket(seed: string, value: string): number {
  return fnv1a32(String(fnv1a32(seed + value))) % growthbookCells;
}

interface UnleashInput {
  readonly groupId: string;
  readonly id: string;
  /** The sum of the weights for a variant, 100 for a rollout. */
  readonly normalizer: number;
  readonly seed: number;
}

/** Rollouts are drawn with this seed … */
export const unleashRolloutSeed = 0;
/** … and variants with this one, so that a small rollout still reaches every variant (Unleash SDKs since late 2023). */
export const unleashVariantSeed = 86_028_157;

/** Unleash's normalised number, an integer of [1, normalizer]. */
export function unleashNumber({ groupId, id, normalizer, seed }: UnleashInput): number {
  return (murmur3(`${groupId}:${id}`, seed) % normalizer) + 1;
}

/** Optimizely's bucket value, an integer of [0, 10000). The id of the experiment is the salt. */
export function optimizelyBucket(bucketingId: string, experimentId: string): number {
  return Math.floor((murmur3(bucketingId + experimentId, 1) / 2 ** 32) * optimizelyCells);
}
