import type { Estimate, Inconclusive } from "../domain/estimate.ts";
import { tQuantile, tSf } from "./distributions.ts";
import { inconclusive } from "./inconclusive.ts";

/** An effect judged by Student's t, and that t. */
export type StudentEstimate = Estimate & { readonly t: number };

export interface ConfidenceOptions {
  /** Of the two-sided interval, between 0 and 1; 0.95 unless told. */
  readonly confidence?: number;
}

/**
 * The t interval and two-sided p-value of an effect whose standard error has `df` degrees of freedom. Without a standard error
 * it is `no_variance`: a difference of two constants has no p-value, least of all 0.
 */
export function studentEstimate(effect: {
  readonly value: number;
  readonly standardError: number;
  readonly df: number;
  readonly confidence?: number | undefined;
}): StudentEstimate | Inconclusive {
  const { value, standardError, df, confidence = 0.95 } = effect;
  if (!(confidence > 0 && confidence < 1)) {
    return inconclusive("invalid_input", `a confidence of ${confidence} is not between 0 and 1`);
  }
  if (!(Number.isFinite(value) && Number.isFinite(standardError) && df > 0)) {
    return inconclusive("invalid_input", "some value is not a finite number, or too large to be squared");
  }
  if (standardError <= 0) return inconclusive("no_variance", "the values do not vary within either variant");
  const t = value / standardError;
  const halfWidth = criticalT(confidence, df) * standardError;
  return {
    kind: "estimate",
    value,
    standardError,
    df,
    interval: { low: value - halfWidth, high: value + halfWidth },
    pValue: Math.min(1, 2 * tSf(Math.abs(t), df)),
    t,
  };
}

/** How many standard errors a two-sided interval of that confidence reaches to each side. */
export function criticalT(confidence: number, df: number): number {
  return -tQuantile((1 - confidence) / 2, df);
}

/**
 * Degrees of freedom of a sum of independent variance estimates (Satterthwaite 1946; for two means, Welch 1947). The sum must
 * not be 0.
 */
export function satterthwaite(
  ...parts: readonly { readonly variance: number; readonly df: number }[]
): number {
  const total = parts.reduce((sum, { variance }) => sum + variance, 0);
  // Shares, since a variance may be so small that its square is 0.
  return 1 / parts.reduce((sum, { variance, df }) => sum + (variance / total) ** 2 / df, 0);
}
