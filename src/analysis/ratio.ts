import type { Inconclusive } from "../domain/estimate.ts";
import { inconclusive } from "./inconclusive.ts";
import {
  type ConfidenceOptions,
  type StudentEstimate,
  satterthwaite,
  studentEstimate,
} from "./student-estimate.ts";
import type { PairSummary } from "./summary.ts";

/** A mean for each request of units that were randomised whole: ΣS / ΣN over units. */
export interface RatioEstimate {
  readonly kind: "ratio";
  readonly value: number;
  /** Of `value`, not of a unit; 0 where every unit has the same ratio. */
  readonly variance: number;
  /** Units. */
  readonly n: number;
}

/** Fewer units than this in an arm, and the delta method runs short: `compareRatiosJackknife` is the one to use. */
export const leastUnitsForDelta = 40;

/**
 * The ratio of two sums over units, with the variance of the delta method: x is the unit's sum S, y its count N, and
 * Var R = (s²S − 2R·sSN + R²·s²N) / (n·N̄²) (Deng, Knoblich and Lu 2018, section 3). Exact to 1/n; needs 2 units and a mean
 * count above 0.
 */
export function ratioEstimate(pairs: PairSummary): RatioEstimate | Inconclusive {
  const { n, meanX, meanY, m2X, m2Y, cXY } = pairs;
  if (n === 0) return inconclusive("no_data", "no unit was seen");
  if (n < 2) return inconclusive("too_few_units", "one unit has no variance; 2 are the least");
  if (!(meanY > 0)) return inconclusive("zero_denominator", "the counts below the ratio sum to 0 or less");
  const value = meanX / meanY;
  const spread = m2X + value * value * m2Y;
  const squares = spread - 2 * value * cXY;
  const variance = squares / (n - 1) / n / (meanY * meanY);
  if (!Number.isFinite(value) || !Number.isFinite(variance)) {
    return inconclusive(
      "invalid_input",
      "some sum or count is not a finite number, or too large to be squared",
    );
  }
  return { kind: "ratio", value, variance: squares <= rounding * spread ? 0 : variance, n };
}

// What is left when S = R·N for every unit is the rounding of terms that cancel, not variance.
const rounding = 1e-13;

/** The difference of two ratios, treatment − control, by the delta method; Welch's t with degrees of freedom by units. */
export function compareRatios(
  treatment: PairSummary,
  control: PairSummary,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  return ratioDifference(ratioEstimate(treatment), ratioEstimate(control), options);
}

/** The same of two ratios whose variances stand already. */
export function ratioDifference(
  treatment: RatioEstimate | Inconclusive,
  control: RatioEstimate | Inconclusive,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  if (treatment.kind === "inconclusive") return treatment;
  if (control.kind === "inconclusive") return control;
  return studentEstimate({
    value: treatment.value - control.value,
    ...uncertainty(
      { variance: treatment.variance, n: treatment.n },
      { variance: control.variance, n: control.n },
    ),
    confidence: options.confidence,
  });
}

/**
 * The relative effect R_T / R_C − 1. Its interval is that of the logarithm of the quotient, with variances Var R / R² (delta
 * method), put back on the relative scale: it never reaches below −1, and swapping the arms inverts it. Both ratios must be
 * above 0. `standardError` is of the relative effect; t and `pValue` are of the logarithm.
 */
export function ratioLift(
  treatment: PairSummary,
  control: PairSummary,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  const above = ratioEstimate(treatment);
  if (above.kind === "inconclusive") return above;
  const below = ratioEstimate(control);
  if (below.kind === "inconclusive") return below;
  if (!(below.value > 0)) {
    return inconclusive(
      "zero_denominator",
      "the control's ratio is not above 0; nothing can be relative to it",
    );
  }
  if (!(above.value > 0)) {
    return inconclusive("not_positive", "the treatment's ratio is not above 0 and has no logarithm");
  }
  const onLogs = studentEstimate({
    value: Math.log(above.value) - Math.log(below.value),
    ...uncertainty(relative(above), relative(below)),
    confidence: options.confidence,
  });
  return onLogs.kind === "inconclusive" ? onLogs : liftOf(onLogs);
}

function liftOf(onLogs: StudentEstimate): StudentEstimate {
  const { low, high } = onLogs.interval;
  return {
    ...onLogs,
    value: Math.expm1(onLogs.value),
    standardError: onLogs.standardError * Math.exp(onLogs.value),
    interval: { low: Math.expm1(low), high: Math.expm1(high) },
  };
}

function relative({ value, variance, n }: RatioEstimate): { variance: number; n: number } {
  return { variance: variance / value / value, n };
}

function uncertainty(
  one: { readonly variance: number; readonly n: number },
  other: { readonly variance: number; readonly n: number },
): { standardError: number; df: number } {
  const variance = one.variance + other.variance;
  if (variance === 0) return { standardError: 0, df: 1 };
  const df = satterthwaite(
    { variance: one.variance, df: one.n - 1 },
    { variance: other.variance, df: other.n - 1 },
  );
  return { standardError: Math.sqrt(variance), df };
}

/**
 * The ratio of two sums over units with the variance of the delete-one jackknife (Tukey 1958), for arms of fewer than
 * `leastUnitsForDelta`: (n − 1)/n · Σ (R₋ᵢ − R̄₋)². The value stays ΣS / ΣN, the number that a reader can recompute; the bias of
 * order 1/n is about the same in both arms. Every count must leave a sum above 0 when one unit is taken away.
 */
export function jackknifeRatio(xs: ArrayLike<number>, ys: ArrayLike<number>): RatioEstimate | Inconclusive {
  const n = xs.length;
  if (n !== ys.length) throw new RangeError(`${n} values of x and ${ys.length} of y`);
  if (n === 0) return inconclusive("no_data", "no unit was seen");
  if (n < 2) return inconclusive("too_few_units", "one unit has no variance; 2 are the least");
  const sumX = sumOf(xs);
  const sumY = sumOf(ys);
  const without = Float64Array.from(xs, (x, i) => (sumX - x) / (sumY - (ys[i] ?? 0)));
  for (let i = 0; i < n; i++) {
    if (!(sumY - (ys[i] ?? 0) > 0)) {
      return inconclusive("zero_denominator", "all of the counts below the ratio stand in one unit");
    }
  }
  const mean = sumOf(without) / n;
  const squares = without.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0);
  const value = sumX / sumY;
  const variance = (squares * (n - 1)) / n;
  if (!Number.isFinite(value) || !Number.isFinite(variance)) {
    return inconclusive(
      "invalid_input",
      "some sum or count is not a finite number, or too large to be squared",
    );
  }
  return { kind: "ratio", value, variance: variance <= (value * rounding) ** 2 ? 0 : variance, n };
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum;
}

/** The sums S and counts N of one arm's units, by index. */
export interface UnitPairs {
  readonly sums: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

/** The difference of two ratios, treatment − control, by the jackknife; Welch's t with degrees of freedom by units. */
export function compareRatiosJackknife(
  treatment: UnitPairs,
  control: UnitPairs,
  options: ConfidenceOptions = {},
): StudentEstimate | Inconclusive {
  return ratioDifference(
    jackknifeRatio(treatment.sums, treatment.counts),
    jackknifeRatio(control.sums, control.counts),
    options,
  );
}
