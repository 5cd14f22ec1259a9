import type { ExperimentConfig } from "../domain/config.ts";
import type { PositionRange } from "../domain/experiment.ts";
import { cellStart } from "./line.ts";
import { growthbookCells, optimizelyCells, unleashCells } from "./sdk-hash.ts";

export type FractionRange = readonly [start: number, end: number];

interface BucketRangeInput {
  readonly count: number;
  readonly coverage: number;
  /** Fractions of 1; undefined for equal ones. */
  readonly weights: readonly number[] | undefined;
}

/**
 * The layout of the system that `hash` agrees with: one range a variant, in the variants' order, which must be the
 * order of that system. Undefined for `assay_v1`, which has its own layout.
 */
export function sdkLayout(experiment: ExperimentConfig): readonly PositionRange[] | undefined {
  const total = experiment.variants.reduce((sum, variant) => sum + variant.weight, 0);
  const weights = experiment.variants.map((variant) => (total > 0 ? variant.weight / total : 0));
  const { coverage } = experiment;
  switch (experiment.hash) {
    case "assay_v1":
      return undefined;
    case "growthbook_v2":
      return growthbookBucketRanges({ count: weights.length, coverage, weights }).map(growthbookPositions);
    case "unleash_murmur3":
      return cumulativeCells(weights, unleashCells);
    case "optimizely_murmur3":
      return cumulativeCells(
        weights.map((weight) => weight * coverage),
        optimizelyCells,
      );
  }
}

/**
 * GrowthBook's ranges on [0, 1): each variant starts where the weights before it end, and coverage fills it from there
 * (its SDK specification, `getBucketRange`). Weights that are not within 1 % of a sum of 1 count as equal there.
 */
export function growthbookBucketRanges(input: BucketRangeInput): readonly FractionRange[] {
  const coverage = Math.min(1, Math.max(0, input.coverage));
  const equal = Array.from({ length: input.count }, () => 1 / input.count);
  const weights = isWholeSum(input.weights) ? input.weights : equal;
  let reached = 0;
  return weights.map((weight) => {
    const start = reached;
    reached += weight;
    return [start, start + coverage * weight];
  });
}

/** The positions of GrowthBook's buckets n with `start ≤ n / 10000 < end`, compared as doubles, as its SDKs do. */
export function growthbookPositions([start, end]: FractionRange): PositionRange {
  return { start: growthbookBoundary(start), end: growthbookBoundary(end) };
}

function growthbookBoundary(fraction: number): number {
  let cell = Math.max(0, Math.floor(fraction * growthbookCells) - 1);
  while (cell < growthbookCells && cell / growthbookCells < fraction) cell += 1;
  return cellStart(cell, growthbookCells);
}

function isWholeSum(weights: readonly number[] | undefined): weights is readonly number[] {
  if (weights === undefined) return false;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum >= 0.99 && sum <= 1.01;
}

// Unleash and Optimizely know whole cells only: an end between two of them goes to the nearer one.
function cumulativeCells(shares: readonly number[], cells: number): readonly PositionRange[] {
  let reached = 0;
  return shares.map((share) => {
    const start = cellStart(Math.round(reached * cells), cells);
    reached += share;
    return { start, end: cellStart(Math.round(reached * cells), cells) };
  });
}
