import type { Random } from "../../src/analysis/random.ts";

export interface Arm {
  readonly units: number;
  /** Requests of a unit. */
  readonly meanCount: number;
  readonly rate: number;
  /** Correlation of two requests of one unit; 0 means that units do not matter. */
  readonly icc: number;
}

/** Successes and requests of each unit, whose own rate is a beta draw around `rate` (beta-binomial). */
export function clusteredUnits(random: Random, arm: Arm): { sums: Float64Array; counts: Float64Array } {
  const counts = Float64Array.from({ length: arm.units }, () => 1 + random.poisson(arm.meanCount - 1));
  const sums = counts.map((count) => {
    const own = rateOf(random, arm);
    let sum = 0;
    for (let i = 0; i < count; i++) if (random.bernoulli(own)) sum += 1;
    return sum;
  });
  return { sums, counts };
}

function rateOf(random: Random, { rate, icc }: Arm): number {
  if (icc === 0) return rate;
  const size = 1 / icc - 1;
  return random.beta(rate * size, (1 - rate) * size);
}

/** Values whose logarithms are normal of variance 1, a share `icc` of it by unit; their p-quantile is exp of the normal one. */
export function clusteredLatencies(
  random: Random,
  arm: { readonly units: number; readonly meanCount: number; readonly icc: number },
): { values: Float64Array; units: Uint32Array; unitCount: number } {
  const values: number[] = [];
  const units: number[] = [];
  for (let unit = 0; unit < arm.units; unit++) {
    const own = random.normal(0, Math.sqrt(arm.icc));
    for (let i = random.poisson(arm.meanCount - 1); i >= 0; i--) {
      values.push(Math.exp(own + random.normal(0, Math.sqrt(1 - arm.icc))));
      units.push(unit);
    }
  }
  return { values: Float64Array.from(values), units: Uint32Array.from(units), unitCount: arm.units };
}

/** The share of `runs` in which `isMiss` holds. */
export function shareOf(runs: number, isMiss: () => boolean): number {
  let misses = 0;
  for (let run = 0; run < runs; run++) if (isMiss()) misses += 1;
  return misses / runs;
}
