import type { Estimate, Inconclusive } from "../domain/estimate.ts";
import { normalMixtureRho } from "./boundaries.ts";
import { inconclusive } from "./inconclusive.ts";

/** One look at an effect. The same `alpha` and `plannedN` belong to every look at it, and are fixed before the first. */
export interface Look {
  /** Treatment minus control; for a margin, with the margin taken off. */
  readonly value: number;
  readonly standardError: number;
  /** Units so far, both arms together: the n whose standard error this is, never requests. */
  readonly n: number;
  /** Degrees of freedom of the standard error (Welch's, by units); infinite where it is taken as known. */
  readonly df: number;
  /** Chance, over all looks together, to exclude the true effect. */
  readonly alpha: number;
  /** N*: units of both arms at which the interval is to be tightest, mostly the sample size that was planned. */
  readonly plannedN: number;
}

/** The side that is claimed: the effect is greater than 0, or less. */
export type Alternative = "greater" | "less";

/** One bound and its one-sided p-value; the other bound is infinite. */
export type OneSidedEstimate = Estimate & { readonly alternative: Alternative };

/** Below it, in units or in degrees of freedom, the estimated variance is reckoned with. */
const asymptoticFrom = 1_000;

/**
 * Interval and p-value that hold at every look at once, however many there are and whenever one stops. From 1,000 units on it is the
 * asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021 (arXiv 2103.06476, Theorem 2.2), the one
 * of gbstats' SequentialTwoSidedTTest. Below, the t form of Lindon, Ham, Tingley and Bojinov 2022 (arXiv 2210.08589),
 * exact for normal values of one variance; with few units its interval may be infinite. Fewer than 1,000 degrees of freedom count
 * as few units too: of 1,000 units with 10 in one arm, those 10 decide how well the variance is known.
 *
 * `pValue` < `alpha` where the interval excludes 0. The p-value of several looks is the least of theirs.
 */
export function confidenceSequence(look: Look): Estimate | Inconclusive {
  const problem = problemOf(look, 1);
  if (problem !== undefined) return problem;
  const { value, standardError, df, alpha } = look;
  const scale = scaleOf(look, alpha);
  const halfWidth = standardError * radius(scale, scale.logRoot - Math.log(alpha));
  const logP = scale.logRoot - logLikelihoodRatio(scale, value / standardError);
  return {
    kind: "estimate",
    value,
    standardError,
    df,
    interval: { low: value - halfWidth, high: value + halfWidth },
    pValue: Math.min(1, Math.exp(logP)),
  };
}

/**
 * One bound that holds at every look, and the p-value of there being no effect to the side that is claimed (Waudby-Smith et al.
 * 2021, eq. 134 of arXiv 2103.06476v7; tuned at 2·alpha, as in gbstats). The t form here is its counterpart: half the normal mixture keeps at least
 * 2·LR − 1 of its likelihood ratio, since P(T > x) ≤ ½·(1 + x²/k)^(−k/2) for Student's t with k degrees of freedom.
 */
export function oneSidedSequence(
  look: Look & { readonly alternative: Alternative },
): OneSidedEstimate | Inconclusive {
  const problem = problemOf(look, 0.5);
  if (problem !== undefined) return problem;
  const { value, standardError, df, alpha, alternative } = look;
  const scale = scaleOf(look, 2 * alpha);
  const halfWidth = standardError * radius(scale, oneSidedThreshold(scale, alpha));
  const towards = alternative === "greater" ? value : -value;
  const log = logLikelihoodRatio(scale, towards / standardError);
  return {
    kind: "estimate",
    value,
    standardError,
    df,
    interval:
      alternative === "greater"
        ? { low: value - halfWidth, high: Number.POSITIVE_INFINITY }
        : { low: Number.NEGATIVE_INFINITY, high: value + halfWidth },
    pValue: towards > 0 ? Math.min(1, Math.exp(scale.logRoot - log - Math.log(-2 * Math.expm1(-log)))) : 1,
    alternative,
  };
}

/** r², the rate at which the mixture spreads: the sequence is tightest near `plannedN` units (eq. 161 of arXiv 2103.06476v7). */
export function tuningRate(alpha: number, plannedN: number): number {
  return 1 / normalMixtureRho(plannedN, alpha);
}

/** How many standard errors the asymptotic sequence reaches at n units. One-sided, `r2` is tuned at 2·alpha. */
export function sequenceMultiplier(
  n: number,
  alpha: number,
  r2: number,
  sides: "two-sided" | "one-sided" = "two-sided",
): number {
  const scale = { spread: n * r2, logRoot: 0.5 * Math.log1p(n * r2), df: Number.POSITIVE_INFINITY };
  return radius(
    scale,
    sides === "two-sided" ? scale.logRoot - Math.log(alpha) : oneSidedThreshold(scale, alpha),
  );
}

interface Scale {
  /** n·r², the prior's variance over that of the estimate. */
  readonly spread: number;
  /** log √(n r² + 1), the price of the mixture. */
  readonly logRoot: number;
  /** Infinite for the asymptotic form. */
  readonly df: number;
}

function scaleOf({ n, df, plannedN }: Look, tunedAt: number): Scale {
  const spread = n * tuningRate(tunedAt, plannedN);
  const isAsymptotic = n >= asymptoticFrom && df >= asymptoticFrom;
  return { spread, logRoot: 0.5 * Math.log1p(spread), df: isAsymptotic ? Number.POSITIVE_INFINITY : df };
}

/** Largest log likelihood ratio that the mixture concedes at t; the e-value is exp of it less `logRoot`. */
function logLikelihoodRatio({ spread, df }: Scale, t: number): number {
  const kept = spread / (spread + 1);
  if (df === Number.POSITIVE_INFINITY) return 0.5 * t * t * kept;
  // t² / (ν + t²), without an overflow of t².
  const explained = 1 / (1 + df / t / t);
  return -0.5 * (df + 1) * Math.log1p(-kept * explained);
}

/** The |t| at which that ratio reaches `logThreshold`, infinite where no t does: the inverse of `logLikelihoodRatio`. */
function radius({ spread, df }: Scale, logThreshold: number): number {
  const kept = spread / (spread + 1);
  if (df === Number.POSITIVE_INFINITY) return Math.sqrt((2 * logThreshold) / kept);
  // 1 − P and P − T of the papers; T = 1 − kept.
  const unexplained = -Math.expm1((-2 * logThreshold) / (df + 1));
  return unexplained < kept ? Math.sqrt((df * unexplained) / (kept - unexplained)) : Number.POSITIVE_INFINITY;
}

/** log(1 + √(n r² + 1) / (2 alpha)). */
function oneSidedThreshold({ logRoot }: Scale, alpha: number): number {
  return Math.log1p(Math.exp(logRoot) / (2 * alpha));
}

function problemOf(
  { value, standardError, n, df, alpha, plannedN }: Look,
  alphaLimit: number,
): Inconclusive | undefined {
  if (!(alpha > 0 && alpha < alphaLimit)) {
    return inconclusive("invalid_input", `alpha ${alpha} is not between 0 and ${alphaLimit}`);
  }
  if (!(plannedN >= 1 && plannedN <= Number.MAX_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER)) {
    return inconclusive("invalid_input", `${n} units of a planned ${plannedN}; register how many you expect`);
  }
  if (!(n >= 2 && df > 0)) {
    return inconclusive("too_few_units", `${n} units leave ${df} degrees of freedom; wait for more`);
  }
  if (!(Number.isFinite(value) && Number.isFinite(standardError) && standardError >= 0)) {
    return inconclusive("invalid_input", `an effect of ${value} with a standard error of ${standardError}`);
  }
  if (standardError === 0) return inconclusive("no_variance", "the values do not vary within either variant");
  return undefined;
}
