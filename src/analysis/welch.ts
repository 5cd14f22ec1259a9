import type { Inconclusive } from "../domain/estimate.ts";
import { inconclusive } from "./inconclusive.ts";
import {
  type ConfidenceOptions,
  type StudentEstimate,
  satterthwaite,
  studentEstimate,
} from "./student-estimate.ts";
import { type Summary, variance } from "./summary.ts";

/**
 * Difference of means, treatment − control, by the t test of unequal variances (Welch 1947). Values must be independent: one for
 * each unit. Inconclusive below 2 values in an arm, and where neither arm varies.
 */
export function welch(
  treatment: Summary,
  control: Summary,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  const lack = lackOf(treatment, control);
  if (lack !== undefined) return lack;
  return studentEstimate({
    value: treatment.mean - control.mean,
    standardError: Math.sqrt(varianceOfMean(treatment) + varianceOfMean(control)),
    df: degreesOf(treatment, control),
    confidence: options.confidence,
  });
}

/**
 * Ratio of geometric means, treatment over control, from summaries of natural logarithms: what suits latencies, whose effects
 * multiply. Value and interval are ratios, 1 is no difference; t and `pValue` are of the logarithm, and `standardError` is that of
 * the logarithm times the ratio.
 */
export function welchLogRatio(
  treatment: Summary,
  control: Summary,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  const onLogs = welch(treatment, control, options);
  if (onLogs.kind === "inconclusive") return onLogs;
  const ratio = Math.exp(onLogs.value);
  if (ratio === Number.POSITIVE_INFINITY) {
    return inconclusive("invalid_input", "the ratio of the geometric means is too large for a number");
  }
  return {
    ...onLogs,
    value: ratio,
    standardError: ratio * onLogs.standardError,
    interval: { low: Math.exp(onLogs.interval.low), high: Math.exp(onLogs.interval.high) },
  };
}

/**
 * (treatment − control) / control with the delta method: Var = s²T/(nT·C̄²) + T̄²·s²C/(nC·C̄⁴), degrees of freedom as of the
 * difference (GrowthBook's gbstats, which it agrees with). Symmetric, so it may reach below −1; `ratioLift` does not. The mean of the
 * control must be above 0.
 */
export function relativeLift(
  treatment: Summary,
  control: Summary,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  const lack = lackOf(treatment, control);
  if (lack !== undefined) return lack;
  if (!(control.mean > 0)) {
    return inconclusive(
      "zero_denominator",
      "the control's mean is not above 0; nothing can be relative to it",
    );
  }
  const quotient = treatment.mean / control.mean;
  const variance = varianceOfMean(treatment) + quotient ** 2 * varianceOfMean(control);
  return studentEstimate({
    value: (treatment.mean - control.mean) / control.mean,
    standardError: Math.sqrt(variance) / control.mean,
    df: degreesOf(treatment, control),
    confidence: options.confidence,
  });
}

/** Welch's, of the difference of means. Where nothing varies there are none, and 1 does for what is not judged anyway. */
function degreesOf(treatment: Summary, control: Summary): number {
  const one = { variance: varianceOfMean(treatment), df: treatment.n - 1 };
  const other = { variance: varianceOfMean(control), df: control.n - 1 };
  return one.variance + other.variance > 0 ? satterthwaite(one, other) : 1;
}

function lackOf(treatment: Summary, control: Summary): Inconclusive | undefined {
  const least = Math.min(treatment.n, control.n);
  if (!(least > 0)) return inconclusive("no_data", "one of the variants has no value");
  if (least < 2)
    return inconclusive("too_few_units", "one value has no variance; 2 in each variant are the least");
  return undefined;
}

function varianceOfMean(summary: Summary): number {
  return variance(summary) / summary.n;
}
