import type { Estimate, Inconclusive, Interval } from "../domain/estimate.ts";
import { tQuantile, tSf } from "./distributions.ts";
import { inconclusive } from "./inconclusive.ts";

/** A guardrail metric's effect, treatment − control, with the interval that is to be believed. */
export interface GuardrailEffect {
  /**
   * Its interval decides, whatever it was made by: fixed-horizon, sequence or score. Its confidence must be 1 − 2·alpha, so that
   * each side errs with `alpha` (95 % for 0.025).
   */
  readonly estimate: Estimate;
  readonly better: "higher" | "lower";
  /** One-sided. */
  readonly alpha: number;
}

export interface NonInferiority {
  readonly kind: "non_inferiority";
  /** The treatment is not worse than the control by the margin or more. */
  readonly isNonInferior: boolean;
  /** The worst effect that the interval still holds, in the units of the effect. */
  readonly bound: number;
  /** One-sided, of an effect as bad as the margin; see `oneSidedP` for when there is one. */
  readonly pValue: number | undefined;
}

/**
 * Whether a guardrail metric is at most `margin` worse: the interval's worse side lies strictly inside the margin (Piaggio et al.
 * 2012, CONSORT for non-inferiority). `margin` is above 0 and in the units of the effect. No correction over several
 * guardrails, for all of them must pass.
 */
export function nonInferiority(
  effect: GuardrailEffect & { readonly margin: number },
): NonInferiority | Inconclusive {
  const { estimate, margin, better, alpha } = effect;
  if (!(margin > 0 && margin < Number.POSITIVE_INFINITY)) {
    return inconclusive("invalid_input", `a margin of ${margin} is not above 0 and finite`);
  }
  const gain = gainOf(effect);
  if (gain.kind === "inconclusive") return gain;
  const bound = better === "higher" ? estimate.interval.low : estimate.interval.high;
  return {
    kind: "non_inferiority",
    isNonInferior: gain.interval.low > -margin,
    bound,
    pValue: oneSidedP({ ...gain, value: gain.value + margin }, gain, alpha),
  };
}

export interface Deterioration {
  readonly kind: "deterioration";
  /** The treatment is worse than the control, by however little. */
  readonly isWorse: boolean;
  /** The best effect that the interval still holds, in the units of the effect. */
  readonly bound: number;
  /** One-sided, of no difference; see `oneSidedP` for when there is one. */
  readonly pValue: number | undefined;
}

/**
 * Whether a metric is worse beyond zero: the interval's better side lies strictly on the worse side of 0. With m metrics watched,
 * `alpha` is α/m and the interval's confidence 1 − 2α/m (Bonferroni), since any one of them forbids shipping.
 */
export function deterioration(effect: GuardrailEffect): Deterioration | Inconclusive {
  const gain = gainOf(effect);
  if (gain.kind === "inconclusive") return gain;
  const { estimate, better, alpha } = effect;
  return {
    kind: "deterioration",
    isWorse: gain.interval.high < 0,
    bound: better === "higher" ? estimate.interval.high : estimate.interval.low,
    pValue: oneSidedP({ ...gain, value: -gain.value }, gain, alpha),
  };
}

interface Gain {
  readonly kind: "gain";
  readonly value: number;
  readonly standardError: number;
  readonly df: number;
  readonly interval: Interval;
}

/** The effect turned such that more is better. */
function gainOf({ estimate, better, alpha }: GuardrailEffect): Gain | Inconclusive {
  if (!(alpha > 0 && alpha < 0.5)) {
    return inconclusive("invalid_input", `an alpha of ${alpha} is not between 0 and 0.5`);
  }
  const { value, standardError, df, interval } = estimate;
  if (Number.isNaN(value) || !(interval.low <= interval.high)) {
    return inconclusive("invalid_input", "the effect or its interval is not a number");
  }
  if (better === "higher") return { kind: "gain", value, standardError, df, interval };
  const turned = { low: -interval.high, high: -interval.low };
  return { kind: "gain", value: -value, standardError, df, interval: turned };
}

/**
 * Of a true value of 0 or less, by Student's t; undefined unless the interval is Student's at 1 − 2·alpha. A sequence or a score
 * interval has another p-value than its standard error tells, and one that contradicts the interval must not stand beside it.
 */
function oneSidedP(
  shifted: Gain,
  { value, standardError, df, interval }: Gain,
  alpha: number,
): number | undefined {
  if (!(standardError > 0 && standardError < Number.POSITIVE_INFINITY && df > 0)) return undefined;
  const halfWidth = -tQuantile(alpha, df) * standardError;
  const isStudents = [value - interval.low, interval.high - value].every(
    (reach) => Math.abs(reach - halfWidth) <= 1e-9 * (halfWidth + Math.abs(value)),
  );
  return isStudents ? tSf(shifted.value / standardError, df) : undefined;
}
