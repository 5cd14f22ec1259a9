import type { Inconclusive } from "../domain/estimate.ts";
import { logDirichletBayesFactor } from "./dirichlet-multinomial.ts";
import { chiSquaredSf } from "./distributions.ts";
import { inconclusive } from "./inconclusive.ts";

export interface SampleRatio {
  readonly kind: "sample_ratio";
  /** Pearson's chi-squared; infinite when units stand in an arm that has no share. */
  readonly statistic: number;
  readonly pValue: number;
  /** Nobody may be told of a winner. */
  readonly isMismatch: boolean;
}

export interface SequentialSampleRatio {
  readonly kind: "sequential_sample_ratio";
  /** log of how much better other shares explain the counts; infinite when units stand in an arm that has no share. */
  readonly logBayesFactor: number;
  /** Bayes factor of 1,000 or more. */
  readonly isMismatch: boolean;
}

/**
 * Does the number of units in each arm fit the allocation? Chi-squared, alarm at p < 0.001 (Fabijan et al. 2019, Diagnosing sample
 * ratio mismatch in online controlled experiments). For one look; the sequential test is for automatic holds. `expectedShares` are
 * relative: they are divided by their sum. Under five expected units in an arm it is `too_few_units`.
 */
export function sampleRatio(
  observed: readonly number[],
  expectedShares: readonly number[],
): SampleRatio | Inconclusive {
  const arms = armsOf(observed, expectedShares);
  if ("reason" in arms) return arms;
  const { counts, shares, n, hasStrays } = arms;
  if (hasStrays)
    return { kind: "sample_ratio", statistic: Number.POSITIVE_INFINITY, pValue: 0, isMismatch: true };
  const fewest = n * Math.min(...shares);
  if (fewest < 5) {
    return inconclusive(
      "too_few_units",
      `${fewest.toPrecision(2)} units are expected in an arm; five are needed`,
    );
  }
  const statistic = shares.reduce(
    (sum, share, i) => sum + ((counts[i] ?? 0) - n * share) ** 2 / (n * share),
    0,
  );
  const pValue = chiSquaredSf(statistic, shares.length - 1);
  return { kind: "sample_ratio", statistic, pValue, isMismatch: pValue < 0.001 };
}

/**
 * The same question, asked as often as one likes: with the allocation kept, the Bayes factor ever reaches 1,000 with probability at
 * most 1/1000 (Lindon and Malek 2022). `concentration` has to stay the same for all looks. At the default of 100 an arm that loses 50,
 * 10, 2 or 1 % of its units is found after about 200, 6,600, 211,000 or 909,000 units: at most 1.3 times what the best concentration
 * for that loss would need. 10,000 saves a fifth of the units for a loss of 1 %, but takes 7 times as many to see half an arm missing.
 */
export function sampleRatioSequential(
  observed: readonly number[],
  expectedShares: readonly number[],
  concentration = 100,
): SequentialSampleRatio | Inconclusive {
  const arms = armsOf(observed, expectedShares);
  if ("reason" in arms) return arms;
  if (!(concentration > 0 && concentration < Number.POSITIVE_INFINITY)) {
    return inconclusive("invalid_input", `a concentration of ${concentration} is not above 0`);
  }
  const logBayesFactor = arms.hasStrays
    ? Number.POSITIVE_INFINITY
    : logDirichletBayesFactor(arms.counts, arms.shares, concentration);
  return {
    kind: "sequential_sample_ratio",
    logBayesFactor,
    isMismatch: logBayesFactor >= Math.log(1_000),
  };
}

interface Arms {
  readonly counts: readonly number[];
  readonly shares: readonly number[];
  readonly n: number;
  /** Units where none can be: no allocation explains them. */
  readonly hasStrays: boolean;
}

function armsOf(observed: readonly number[], expectedShares: readonly number[]): Arms | Inconclusive {
  const isAmount = (value: number) => value >= 0 && value < Number.POSITIVE_INFINITY;
  if (observed.length !== expectedShares.length || ![...observed, ...expectedShares].every(isAmount)) {
    return inconclusive("invalid_input", "every arm needs a count and a share, neither below 0");
  }
  const isOpen = (_: number, arm: number) => (expectedShares[arm] ?? 0) > 0;
  const open = expectedShares.filter(isOpen);
  const shareSum = open.reduce((sum, share) => sum + share, 0);
  const n = observed.reduce((sum, count) => sum + count, 0);
  const counts = observed.filter(isOpen);
  const hasStrays = observed.some((count, arm) => count > 0 && !isOpen(count, arm));
  if (n === 0) return inconclusive("no_data", "no unit has been exposed");
  if (open.length < 2 && !hasStrays)
    return inconclusive("invalid_input", "a ratio needs two arms with a share");
  return { counts, shares: open.map((share) => share / shareSum), n, hasStrays };
}
