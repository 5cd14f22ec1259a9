import type { Inconclusive } from "../domain/estimate.ts";
import { inconclusive } from "./inconclusive.ts";

/** By unit: how many values it has, their sum and the sum of their squares. Units without values may stand in between. */
export interface UnitColumns {
  readonly counts: ArrayLike<number>;
  readonly sums: ArrayLike<number>;
  readonly squares: ArrayLike<number>;
}

export interface Intraclass {
  readonly kind: "intraclass";
  /** 0 when a unit's values are no more alike than those of others, 1 when they are the same; below 0 by chance. */
  readonly value: number;
  readonly units: number;
  /** Σm² / Σm over the units' counts m: the count to give to `designEffect`. */
  readonly effectiveCount: number;
  /** 1 + (m − 1)·ICC at that count; never below 1, for a plan must not live on a chance finding. */
  readonly designEffect: number;
}

/**
 * How alike the values of one unit are: intraclass correlation by one-way analysis of variance with unequal counts (Donner 1986,
 * ICC = (MSB − MSW)/(MSB + (m₀ − 1)·MSW)). Each group, an arm of a phase, has its own mean, so an effect is not taken for
 * likeness. Sums of squares lose digits where the mean is far larger than the spread: 1e-16·(mean/sd)² of the result.
 */
export function intraclassCorrelation(groups: readonly UnitColumns[]): Intraclass | Inconclusive {
  const parts = groups.map(sumsOfSquares);
  const total = (part: (of: Squares) => number) => parts.reduce((sum, of) => sum + part(of), 0);
  const units = total((of) => of.units);
  const values = total((of) => of.values);
  if (values === 0) return inconclusive("no_data", "no unit has a value");
  const dfBetween = units - parts.filter((of) => of.units > 0).length;
  if (dfBetween < 1) return inconclusive("too_few_units", "one unit has nobody to differ from");
  if (values <= units) return inconclusive("too_few_points", "no unit has two values that could be alike");
  const between = total((of) => of.between) / dfBetween;
  const within = total((of) => of.within) / (values - units);
  const typicalCount = (values - total((of) => of.countSquares / Math.max(1, of.values))) / dfBetween;
  const spread = between + (typicalCount - 1) * within;
  if (!Number.isFinite(spread))
    return inconclusive("invalid_input", "some value is not finite, or its square is not");
  if (!(spread > 0)) return inconclusive("no_variance", "all values are the same");
  const value = (between - within) / spread;
  const effectiveCount = total((of) => of.countSquares) / values;
  const effect = 1 + (effectiveCount - 1) * Math.max(0, value);
  return { kind: "intraclass", value, units, effectiveCount, designEffect: effect };
}

interface Squares {
  readonly units: number;
  readonly values: number;
  /** Σm². */
  readonly countSquares: number;
  readonly between: number;
  readonly within: number;
}

function sumsOfSquares({ counts, sums, squares }: UnitColumns): Squares {
  let units = 0;
  let values = 0;
  let countSquares = 0;
  let mean = 0;
  let between = 0;
  let within = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (!(count > 0)) continue;
    const own = (sums[i] ?? 0) / count;
    // Below 0 only by rounding.
    within += Math.max(0, (squares[i] ?? 0) - own * own * count);
    units += 1;
    values += count;
    countSquares += count * count;
    // West 1979, weighted by the counts.
    const before = own - mean;
    mean += (before * count) / values;
    between += before * (own - mean) * count;
  }
  return { units, values, countSquares, between, within };
}
