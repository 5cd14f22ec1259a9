import type { Inconclusive } from "../domain/estimate.ts";
import { normalQuantile, normalSf, tQuantile } from "./distributions.ts";
import { inconclusive } from "./inconclusive.ts";
import { noncentralTSf } from "./noncentral-t.ts";

/**
 * Sizes are units in each of two equal arms, as fractions: round up. They suppose independent units and one look at the end;
 * multiply by `designEffect` for clusters and by `peekingPrice` for always-valid sequences.
 */
export interface Risk {
  /** Two-sided, but one-sided for non-inferiority; 0.05 (0.025) unless told. */
  readonly alpha?: number;
  /** Probability of finding the effect; 0.8 unless told. */
  readonly power?: number;
}

export interface TwoSidedRisk extends Risk {
  /** Count what is found on the wrong side as found, as R's `strict = TRUE`; false unless told. */
  readonly isStrict?: boolean;
}

/** For a difference of means by the t test, from the noncentral t distribution; never under 2 (as R's power.t.test). */
export function sampleSizeMeans(
  plan: TwoSidedRisk & { readonly sd: number; readonly effect: number },
): number | Inconclusive {
  const { sd, effect, alpha = 0.05, power = 0.8, isStrict = false } = plan;
  const wrong = problemOf({ alpha, power, sd });
  if (wrong !== undefined) return wrong;
  if (effect === 0 || !Number.isFinite(effect)) return inconclusive("invalid_input", effectExpected);
  const size = Math.abs(effect) / sd;
  const reaches = (n: number) => powerOfMeans({ n, size, alpha, isStrict }) >= power;
  const guess = 2 * ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / size) ** 2;
  return Number.isFinite(guess)
    ? leastSatisfying(reaches, 2, guess)
    : inconclusive("invalid_input", tooSmall);
}

/** The least difference of means that is found with the power asked for, in the unit of `sd`; needs 2 units in each arm. */
export function smallestVisibleEffectMeans(
  plan: TwoSidedRisk & { readonly n: number; readonly sd: number },
): number | Inconclusive {
  const { n, sd, alpha = 0.05, power = 0.8, isStrict = false } = plan;
  const wrong = problemOf({ alpha, power, sd });
  if (wrong !== undefined) return wrong;
  if (!(n >= 2 && Number.isFinite(n)))
    return inconclusive("too_few_units", "2 units in each variant are the least");
  const reaches = (size: number) => powerOfMeans({ n, size, alpha, isStrict }) >= power;
  return sd * leastSatisfying(reaches, 0, 4 / Math.sqrt(n));
}

/** For a difference of shares by the score test, pooled under the null hypothesis (as R's power.prop.test; Fleiss 1981). */
export function sampleSizeProportions(
  plan: Risk & { readonly control: number; readonly treatment: number },
): number | Inconclusive {
  const { control, treatment, alpha = 0.05, power = 0.8 } = plan;
  const wrong = problemOf({ alpha, power }) ?? sharesProblem(control, treatment);
  if (wrong !== undefined) return wrong;
  const mean = (control + treatment) / 2;
  const underNull = normalQuantile(1 - alpha / 2) * Math.sqrt(2 * mean * (1 - mean));
  const underEffect = normalQuantile(power) * Math.sqrt(varianceOf(control) + varianceOf(treatment));
  return ((underNull + underEffect) / (treatment - control)) ** 2;
}

/** The same by Cohen's h, the difference of arcsines, 2·asin√p (Cohen 1988, chapter 6). */
export function sampleSizeCohenH(
  plan: TwoSidedRisk & { readonly control: number; readonly treatment: number },
): number | Inconclusive {
  const { control, treatment, alpha = 0.05, power = 0.8, isStrict = false } = plan;
  const wrong = problemOf({ alpha, power }) ?? sharesProblem(control, treatment);
  if (wrong !== undefined) return wrong;
  const h = Math.abs(2 * Math.asin(Math.sqrt(treatment)) - 2 * Math.asin(Math.sqrt(control)));
  const z = -normalQuantile(alpha / 2);
  const size = 2 * ((z + normalQuantile(power)) / h) ** 2;
  if (!Number.isFinite(size)) return inconclusive("invalid_input", tooSmall);
  if (!isStrict) return size;
  const found = (n: number) => normalSf(z - h * Math.sqrt(n / 2)) + normalSf(z + h * Math.sqrt(n / 2));
  return bisect((n) => found(n) >= power, 0, size);
}

/**
 * The least difference of shares from that of the control, in the direction asked for, that is found with the power asked for: above 0
 * either way. Too few units where not even a share of 1 (or 0) would be found.
 */
export function smallestVisibleEffectProportions(
  plan: Risk & { readonly n: number; readonly control: number; readonly direction?: "increase" | "decrease" },
): number | Inconclusive {
  const { n, control, direction = "increase", alpha = 0.05, power = 0.8 } = plan;
  const wrong = problemOf({ alpha, power });
  if (wrong !== undefined) return wrong;
  if (!(control >= 0 && control <= 1)) return inconclusive("invalid_input", shareExpected);
  if (!(n > 0)) return inconclusive("too_few_units", `${n} units in each variant show nothing`);
  const sign = direction === "increase" ? 1 : -1;
  const room = direction === "increase" ? 1 - control : control;
  const isFound = (effect: number) => {
    const size = sampleSizeProportions({ control, treatment: control + sign * effect, alpha, power });
    return typeof size === "number" && size <= n;
  };
  if (!isFound(room))
    return inconclusive("too_few_units", `${n} units in each variant show no ${direction} at all`);
  return bisect(isFound, 0, room);
}

/**
 * To show that a share is not worse by more than the margin, if both are `rate` (Blackwelder 1982):
 * (z₁₋α + z_power)²·2·rate·(1 − rate) / margin².
 */
export function sampleSizeNonInferiority(
  plan: Risk & { readonly rate: number; readonly margin: number },
): number | Inconclusive {
  const { rate, margin, alpha = 0.025, power = 0.8 } = plan;
  const wrong = problemOf({ alpha, power });
  if (wrong !== undefined) return wrong;
  if (!(rate >= 0 && rate <= 1)) return inconclusive("invalid_input", shareExpected);
  if (!(margin > 0)) return inconclusive("invalid_input", `the margin is ${margin}: give one above 0`);
  if (varianceOf(rate) === 0) return inconclusive("no_variance", `at a rate of ${rate} nothing varies`);
  const z = normalQuantile(1 - alpha) + normalQuantile(power);
  return (z / margin) ** 2 * 2 * varianceOf(rate);
}

/** By how much clusters of m like requests multiply the size: 1 + (m − 1)·ICC (Kish 1965). For unequal m, give Σm²/Σm. */
export function designEffect(requestsPerUnit: number, intraclassCorrelation: number): number {
  return 1 + (requestsPerUnit - 1) * intraclassCorrelation;
}

/**
 * By how much an always-valid sequence multiplies the size of a fixed horizon: 1.91 at α = 0.05 and a power of 0.8. At n = N*, which
 * it is tuned to, n·r² = c = −2 ln α + ln(1 − 2 ln α), so that the half-width is M = √((c + 1)/c · ln((c + 1)/α²)) standard errors
 * (3.035 at 0.05) in place of z. An effect is found with that power when it is M + z_power standard errors; hence
 * ((M + z_power)/(z + z_power))². It is the price of looking only then: who looks earlier stops earlier whenever the effect is larger.
 */
export function peekingPrice({ alpha = 0.05, power = 0.8 }: Risk = {}): number | Inconclusive {
  const wrong = problemOf({ alpha, power });
  if (wrong !== undefined) return wrong;
  const c = -2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha));
  const multiplier = Math.sqrt(((c + 1) / c) * (Math.log(c + 1) - 2 * Math.log(alpha)));
  const zPower = normalQuantile(power);
  return ((multiplier + zPower) / (-normalQuantile(alpha / 2) + zPower)) ** 2;
}

/** Days until the units are there at today's traffic, as a fraction; 0 when they are. */
export function daysLeft(traffic: {
  readonly unitsNeeded: number;
  readonly unitsSoFar: number;
  readonly unitsPerDay: number;
}): number | Inconclusive {
  const { unitsNeeded, unitsSoFar, unitsPerDay } = traffic;
  const missing = unitsNeeded - unitsSoFar;
  if (!Number.isFinite(missing) || !(unitsPerDay >= 0)) {
    return inconclusive("invalid_input", "give finite numbers of units, and a traffic that is not below 0");
  }
  if (missing <= 0) return 0;
  const days = missing / unitsPerDay;
  return Number.isFinite(days)
    ? days
    : inconclusive("zero_denominator", "no unit came; at this traffic it never ends");
}

/** The probability that the t test finds a difference of `size` standard deviations. */
function powerOfMeans({ n, size, alpha, isStrict }: MeansTest): number {
  const df = 2 * (n - 1);
  const critical = -tQuantile(alpha / 2, df);
  const shift = Math.min(Number.MAX_VALUE, size * Math.sqrt(n / 2));
  return noncentralTSf(critical, df, shift) + (isStrict ? noncentralTSf(critical, df, -shift) : 0);
}

interface MeansTest {
  readonly n: number;
  readonly size: number;
  readonly alpha: number;
  readonly isStrict: boolean;
}

/** The least x ≥ `low` at which a monotone condition holds, where `guess` is somewhere near. */
function leastSatisfying(holds: (x: number) => boolean, low: number, guess: number): number {
  if (low > 0 && holds(low)) return low;
  let high = Math.max(2 * low, guess);
  while (!holds(high)) high *= 2;
  return bisect(holds, low, high);
}

/** The boundary of a condition that does not hold at `low` and does at `high`, to the last digit. */
function bisect(holds: (x: number) => boolean, low: number, high: number): number {
  let [without, within] = [low, high];
  for (let step = 0; step < 200; step++) {
    const middle = (without + within) / 2;
    if (middle <= without || middle >= within) break;
    if (holds(middle)) within = middle;
    else without = middle;
  }
  return within;
}

function varianceOf(share: number): number {
  return share * (1 - share);
}

const effectExpected = "give an effect that is not 0";
const tooSmall = "the effect is too small for any number of units";
const shareExpected = "give shares of 0 to 1";

function problemOf(given: { alpha: number; power: number; sd?: number }): Inconclusive | undefined {
  const { alpha, power, sd = 1 } = given;
  if (!(alpha > 0 && alpha < 1))
    return inconclusive("invalid_input", `alpha is ${alpha}: give one between 0 and 1`);
  if (!(power > alpha && power < 1)) {
    return inconclusive("invalid_input", `the power is ${power}: give one between alpha and 1`);
  }
  if (sd === 0)
    return inconclusive("no_variance", "at a standard deviation of 0 any number of units will do");
  return sd > 0 && Number.isFinite(sd)
    ? undefined
    : inconclusive("invalid_input", `the standard deviation is ${sd}`);
}

function sharesProblem(control: number, treatment: number): Inconclusive | undefined {
  const isShares = [control, treatment].every((share) => share >= 0 && share <= 1);
  if (!isShares) return inconclusive("invalid_input", shareExpected);
  return control === treatment ? inconclusive("invalid_input", effectExpected) : undefined;
}
