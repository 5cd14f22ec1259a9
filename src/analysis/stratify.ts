import type { Inconclusive, InconclusiveReason } from "../domain/estimate.ts";
import { inconclusive } from "./inconclusive.ts";
import { type ConfidenceOptions, type StudentEstimate, studentEstimate } from "./student-estimate.ts";

/** One arm within one stratum: a row for each unit, by the same index in all three; a unit has at most one row here. */
export interface StratumArm {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  /** The number of the unit, below `unitCount`, and the same number in every stratum that the unit stands in. */
  readonly units: Uint32Array;
}

export interface Stratum {
  readonly treatment: StratumArm;
  readonly control: StratumArm;
}

/**
 * How much each stratum counts: `mantel_haenszel` by n_T·n_C / (n_T + n_C) units, which is tightest when the effect is the same
 * everywhere; `by_total` by n_T + n_C units; `equal` as one.
 */
export type StratumWeights = "mantel_haenszel" | "by_total" | "equal";

export interface StratifiedEstimate extends StudentEstimate {
  readonly strata: readonly StratumOutcome[];
}

/** What one stratum says, in the order given, or why it was left out of the pool. */
export type StratumOutcome =
  | {
      readonly kind: "pooled";
      /** Of all strata together 1. */
      readonly weight: number;
      readonly treatment: number;
      readonly control: number;
    }
  | { readonly kind: "left_out"; readonly reason: InconclusiveReason };

/**
 * The difference of ratios ΣS / ΣN, treatment − control, within each stratum and pooled: it compares units of the same phase
 * only, so that a change of allocation between phases cannot pass for an effect (Simpson's paradox). A unit may stand in several
 * strata and in either arm: its influences w·(S − R·N) / ΣN, with the sign of the arm, are added up before they are squared
 * (linearisation by ultimate clusters, Kalton 1979; cluster-robust, Liang and Zeger 1986), each scaled by √(n / (n − 1)) of its
 * arm and stratum. One stratum gives exactly `compareRatios`. The weights are taken as fixed. An arm of fewer than two units or
 * of no counts leaves its stratum out. Takes a few linear passes.
 */
export function stratifiedDifference(
  strata: readonly Stratum[],
  options: ConfidenceOptions & { readonly unitCount: number; readonly weights?: StratumWeights },
): StratifiedEstimate | Inconclusive {
  const { unitCount, weights = "mantel_haenszel", confidence } = options;
  const compared = strata.map((stratum) => ({
    treatment: armOf(stratum.treatment, unitCount),
    control: armOf(stratum.control, unitCount),
  }));
  const raw = compared.map(({ treatment, control }) =>
    typeof treatment === "string" || typeof control === "string"
      ? 0
      : weightOf(treatment.n, control.n, weights),
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const outcomes = compared.map(({ treatment, control }, index): StratumOutcome => {
    if (typeof treatment === "string") return { kind: "left_out", reason: treatment };
    if (typeof control === "string") return { kind: "left_out", reason: control };
    const weight = (raw[index] ?? 0) / total;
    return { kind: "pooled", weight, treatment: treatment.ratio, control: control.ratio };
  });
  if (total === 0) return nothingPooled(outcomes);
  const estimate = studentEstimate({
    value: outcomes.reduce((sum, one) => sum + differenceOf(one), 0),
    ...clusteredError(strata, outcomes, unitCount),
    confidence,
  });
  return estimate.kind === "inconclusive" ? estimate : { ...estimate, strata: outcomes };
}

interface Arm {
  readonly n: number;
  readonly ratio: number;
}

function armOf({ sums, counts, units }: StratumArm, unitCount: number): Arm | InconclusiveReason {
  const n = units.length;
  if (sums.length !== n || counts.length !== n) {
    throw new RangeError(`${sums.length} sums and ${counts.length} counts of ${n} units`);
  }
  let sum = 0;
  let count = 0;
  for (let i = 0; i < n; i++) {
    if ((units[i] ?? 0) >= unitCount) throw new RangeError(`unit ${units[i]} of ${unitCount}`);
    sum += sums[i] ?? 0;
    count += counts[i] ?? 0;
  }
  if (n === 0) return "no_data";
  if (!Number.isFinite(sum) || !Number.isFinite(count)) return "invalid_input";
  if (n < 2) return "too_few_units";
  return count > 0 ? { n, ratio: sum / count } : "zero_denominator";
}

function weightOf(treatment: number, control: number, weights: StratumWeights): number {
  if (weights === "equal") return 1;
  const total = treatment + control;
  return weights === "by_total" ? total : (treatment * control) / total;
}

function differenceOf(one: StratumOutcome): number {
  return one.kind === "pooled" ? one.weight * (one.treatment - one.control) : 0;
}

function nothingPooled(outcomes: readonly StratumOutcome[]): Inconclusive {
  const first = outcomes.find((one) => one.kind === "left_out");
  if (first === undefined) return inconclusive("no_data", "there is no stratum");
  const message = "no stratum has two units and some count in both of its arms";
  return inconclusive(first.reason, message);
}

/** What is added up for each unit, by its number. */
interface Accumulated {
  readonly influence: Float64Array;
  /** Σ of the root mean squares of the influences of the arms and strata that the unit stands in. */
  readonly spread: Float64Array;
  /** The largest n / (n − 1) of those. */
  readonly correction: Float64Array;
}

/**
 * The standard error of the pool, and its degrees of freedom: those of Satterthwaite with units as the parts. A unit's expected
 * square is that of its arm and stratum, and of a unit in several strata the square of their sum, as if its influences went
 * together. One stratum gives Welch's df exactly; a stratum of 5 units that carries all the variance gives 4, not the total.
 */
function clusteredError(
  strata: readonly Stratum[],
  outcomes: readonly StratumOutcome[],
  unitCount: number,
): { standardError: number; df: number } {
  const accumulated: Accumulated = {
    influence: new Float64Array(unitCount),
    spread: new Float64Array(unitCount),
    correction: new Float64Array(unitCount),
  };
  strata.forEach((stratum, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind !== "pooled") return;
    accumulate(stratum.treatment, outcome.treatment, outcome.weight, accumulated);
    accumulate(stratum.control, outcome.control, -outcome.weight, accumulated);
  });
  return errorOf(accumulated);
}

function accumulate(arm: StratumArm, ratio: number, weight: number, into: Accumulated): void {
  const { sums, counts, units } = arm;
  const n = units.length;
  const correction = n / (n - 1);
  const scale = (weight * Math.sqrt(correction)) / counts.reduce((sum, count) => sum + count, 0);
  let squares = 0;
  let noise = 0;
  for (let i = 0; i < n; i++) {
    const unit = units[i] ?? 0;
    const sum = sums[i] ?? 0;
    const expected = ratio * (counts[i] ?? 0);
    const influence = scale * (sum - expected);
    into.influence[unit] = (into.influence[unit] ?? 0) + influence;
    squares += influence * influence;
    noise += scale * scale * (sum * sum + expected * expected);
  }
  // Where every unit has the ratio of its arm, rounding is all that is left of the squares.
  const spread = squares <= rounding * noise ? 0 : Math.sqrt(squares / n);
  for (let i = 0; i < n; i++) {
    const unit = units[i] ?? 0;
    into.spread[unit] = (into.spread[unit] ?? 0) + spread;
    into.correction[unit] = Math.max(into.correction[unit] ?? 0, correction);
  }
}

const rounding = 1e-26;

function errorOf({ influence, spread, correction }: Accumulated): { standardError: number; df: number } {
  let variance = 0;
  let expected = 0;
  for (let unit = 0; unit < influence.length; unit++) {
    variance += (influence[unit] ?? 0) ** 2;
    expected += (spread[unit] ?? 0) ** 2;
  }
  if (expected === 0) return { standardError: 0, df: 1 };
  let parts = 0;
  for (let unit = 0; unit < influence.length; unit++) {
    parts += ((spread[unit] ?? 0) ** 2 / expected) ** 2 * (correction[unit] ?? 0);
  }
  return { standardError: Math.sqrt(variance), df: 1 / parts };
}
