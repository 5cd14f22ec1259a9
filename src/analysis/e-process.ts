import { betaTails } from "./beta-tails.ts";
import { logDirichletBayesFactor } from "./dirichlet-multinomial.ts";

export interface FailureCounts {
  /** Units of the treatment that failed, each counted once. */
  readonly failuresTreatment: number;
  /** Units of both arms that failed. */
  readonly failures: number;
  /** Share of failures that falls to the treatment where it is just as good as tolerated: see `theta0For`. */
  readonly theta0: number;
}

/** Failures' worth of belief that the prior holds: it fits margins that a service is rolled back for, within some tens of failures. */
const priorWeight = 10;

/**
 * Evidence that the treatment fails more than tolerated, starting at 1: roll back at E ≥ 1/α, since under a tolerable failure rate E
 * ever gets there with probability at most α, however often one looks and whatever the common rate does. (Lindon and Malek 2022,
 * Anytime-valid inference for multinomial count data; Beta(10θ₀, 10(1 − θ₀)) prior cut off below θ₀, which makes it one-sided.)
 *
 * At most one failure a unit: a unit that fails ten times is one piece of evidence. θ₀ holds for one phase; the E of several phases,
 * each counted from zero, are multiplied. Infinity only beyond 1e308. Throws a RangeError unless
 * 0 ≤ failuresTreatment ≤ failures and 0 < theta0 < 1.
 */
export function betaEProcess(counts: FailureCounts): number {
  return Math.exp(logBetaEProcess(counts));
}

/** log of `betaEProcess`, finite for any counts. */
export function logBetaEProcess({ failuresTreatment, failures, theta0 }: FailureCounts): number {
  if (!(failuresTreatment >= 0 && failuresTreatment <= failures && theta0 > 0 && theta0 < 1)) {
    throw new RangeError(`${failuresTreatment} of ${failures} failures at a share of ${theta0}`);
  }
  const complement = 1 - theta0;
  const [a, b] = [priorWeight * theta0, priorWeight * complement];
  const failuresControl = failures - failuresTreatment;
  return (
    logDirichletBayesFactor([failuresTreatment, failuresControl], [theta0, complement], priorWeight) +
    betaTails(a + failuresTreatment, b + failuresControl, theta0, complement).upper -
    betaTails(a, b, theta0, complement).upper
  );
}

/**
 * Share of failures that the treatment may have: of `allocationShare` of the exposed units, each failing up to `marginRatio` times as
 * often as a unit of the control. Equal arms and equal rates give ½; equal arms and a ratio m give m / (1 + m). Throws a RangeError
 * unless marginRatio > 0 and 0 < allocationShare < 1.
 */
export function theta0For(marginRatio: number, allocationShare = 0.5): number {
  if (
    !(marginRatio > 0 && marginRatio < Number.POSITIVE_INFINITY && allocationShare > 0 && allocationShare < 1)
  ) {
    throw new RangeError(`a ratio of ${marginRatio} at an allocation of ${allocationShare}`);
  }
  const treatment = marginRatio * allocationShare;
  return treatment / (treatment + 1 - allocationShare);
}
