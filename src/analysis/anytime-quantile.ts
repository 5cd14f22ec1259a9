import type { Inconclusive, Interval } from "../domain/estimate.ts";
import { bernoulliConcentration, bernoulliLogMixture } from "./boundaries.ts";
import { inconclusive } from "./inconclusive.ts";

export interface QuantileTuning {
  /** Values in one arm at which the interval is to be tightest; fixed before the first look. */
  readonly tunedFor: number;
}

export interface QuantileDifference {
  readonly kind: "quantile_difference";
  /** Quantile of the treatment minus that of the control. */
  readonly value: number;
  readonly interval: Interval;
  /** Two-sided, of equal quantiles. */
  readonly pValue: number;
}

/**
 * Interval for the p-quantile that holds at every look at once (Howard and Ramdas 2022, Sequential estimation of quantiles with
 * applications to A/B testing and best-arm identification, section 3: a beta-binomial mixture on the number of values at or below the
 * quantile). Values are sorted upwards and independent: one for each unit. Ties may be many; no distribution is assumed. Ends are
 * infinite while there are too few values. Throws a RangeError unless 0 < p < 1, 0 < alpha < 1 and tunedFor ≥ 1.
 */
export function quantileSequence(
  sortedValues: ArrayLike<number>,
  p: number,
  alpha: number,
  { tunedFor }: QuantileTuning,
): Interval {
  checkLevels(p, alpha, tunedFor);
  const n = sortedValues.length;
  if (n === 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const evidence = evidenceByCount(n, p, bernoulliConcentration(tunedFor, alpha));
  const best = likeliestCount(evidence);
  const limit = -Math.log(alpha);
  let fewest = best;
  while (fewest > 0 && at(evidence, fewest - 1) < limit) fewest -= 1;
  let most = best;
  while (most < n && at(evidence, most + 1) < limit) most += 1;
  return { low: valueAt(sortedValues, fewest - 1), high: valueAt(sortedValues, most) };
}

/**
 * Difference of two p-quantiles, its interval and p-value, all valid at every look at once: the two-sample test of Howard and
 * Ramdas 2022 (Theorem 5), and the shifts that it does not reject at `alpha`. The evidence of both arms is multiplied, which no union
 * bound is paid for. Values as for `quantileSequence`; `tunedFor`, in one arm, is 1,000 unless told. `pValue` ≤ `alpha` where
 * the interval excludes 0. O(n); values need no equal counts in the two arms.
 */
export function quantileDifferenceSequence(
  treatmentSorted: ArrayLike<number>,
  controlSorted: ArrayLike<number>,
  p: number,
  alpha: number,
  { tunedFor }: QuantileTuning = { tunedFor: 1_000 },
): QuantileDifference | Inconclusive {
  checkLevels(p, alpha, tunedFor);
  if (treatmentSorted.length === 0 || controlSorted.length === 0) {
    return inconclusive("no_data", "a variant has no values yet");
  }
  const concentration = bernoulliConcentration(tunedFor, alpha);
  const treatment = armOf(treatmentSorted, p, concentration);
  const control = armOf(controlSorted, p, concentration);
  const limit = -Math.log(alpha);
  return {
    kind: "quantile_difference",
    value: treatment.quantile - control.quantile,
    interval: {
      low: -greatestDifference(control, treatment, limit),
      high: greatestDifference(treatment, control, limit),
    },
    pValue: Math.min(1, Math.exp(-leastEvidence(treatment, control))),
  };
}

interface Arm {
  readonly sorted: ArrayLike<number>;
  readonly n: number;
  /** log e-value of the claim that `count` values are at or below the true quantile, by count from 0 to n: convex. */
  readonly evidence: Float64Array;
  readonly best: number;
  /** The value of rank ⌈n·p⌉. */
  readonly quantile: number;
}

function armOf(sorted: ArrayLike<number>, p: number, concentration: number): Arm {
  const n = sorted.length;
  const evidence = evidenceByCount(n, p, concentration);
  const quantile = valueAt(sorted, Math.max(1, Math.ceil(n * p)) - 1);
  return { sorted, n, evidence, best: likeliestCount(evidence), quantile };
}

/**
 * The largest first − second that some pair of counts allows whose evidence stays below the limit. With k values at or below it, a
 * quantile lies from value k to value k + 1; so the second arm gives up counts one by one, and the first may keep fewer and fewer.
 */
function greatestDifference(first: Arm, second: Arm, limit: number): number {
  let most = first.n;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let count = second.best; count >= 0; count--) {
    const left = limit - at(second.evidence, count);
    while (most >= first.best && at(first.evidence, most) >= left) most -= 1;
    if (most < first.best) break;
    greatest = Math.max(greatest, valueAt(first.sorted, most) - valueAt(second.sorted, count - 1));
  }
  return greatest;
}

/** The common quantile that speaks least against itself, among all values seen: between two of them evidence is no less. */
function leastEvidence(one: Arm, other: Arm): number {
  let least = Number.POSITIVE_INFINITY;
  let inOne = 0;
  let inOther = 0;
  while (inOne < one.n || inOther < other.n) {
    const x = Math.min(valueAt(one.sorted, inOne), valueAt(other.sorted, inOther));
    const belowOne = inOne;
    const belowOther = inOther;
    while (inOne < one.n && at(one.sorted, inOne) <= x) inOne += 1;
    while (inOther < other.n && at(other.sorted, inOther) <= x) inOther += 1;
    least = Math.min(
      least,
      evidenceWithin(one, belowOne, inOne) + evidenceWithin(other, belowOther, inOther),
    );
  }
  return least;
}

/** Values equal to the quantile may count on either side of it; the choice that speaks least against it is always safe. */
function evidenceWithin({ evidence, best }: Arm, fewest: number, most: number): number {
  return at(evidence, Math.min(Math.max(best, fewest), most));
}

/** `bernoulliLogMixture` for every count from 0 to n, by the ratio of neighbours outwards from n·p. */
function evidenceByCount(n: number, p: number, concentration: number): Float64Array {
  const evidence = new Float64Array(n + 1);
  const middle = Math.round(n * p);
  evidence[middle] = bernoulliLogMixture(middle, n, p, concentration);
  const odds = p / (1 - p);
  const a = concentration * p;
  const b = concentration * (1 - p);
  const step = (count: number) => Math.log((a + count) / ((b + n - count - 1) * odds));
  for (let count = middle; count < n; count++) evidence[count + 1] = at(evidence, count) + step(count);
  for (let count = middle; count > 0; count--) evidence[count - 1] = at(evidence, count) - step(count - 1);
  return evidence;
}

function likeliestCount(evidence: Float64Array): number {
  let best = 0;
  for (let count = 1; count < evidence.length; count++) {
    if (at(evidence, count) < at(evidence, best)) best = count;
  }
  return best;
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? Number.NaN;
}

/** Infinite beyond either end. */
function valueAt(sorted: ArrayLike<number>, index: number): number {
  if (index < 0) return Number.NEGATIVE_INFINITY;
  return sorted[index] ?? Number.POSITIVE_INFINITY;
}

function checkLevels(p: number, alpha: number, tunedFor: number): void {
  if (!(p > 0 && p < 1 && alpha > 0 && alpha < 1 && tunedFor >= 1 && tunedFor < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`quantile ${p} at alpha ${alpha}, tuned for ${tunedFor} values`);
  }
}
