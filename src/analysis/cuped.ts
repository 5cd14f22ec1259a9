import type { Inconclusive } from "../domain/estimate.ts";
import { inconclusive } from "./inconclusive.ts";
import { ratioEstimate } from "./ratio.ts";
import {
  type ConfidenceOptions,
  type StudentEstimate,
  satterthwaite,
  studentEstimate,
} from "./student-estimate.ts";
import { type PairSummary, summarizePairs } from "./summary.ts";

/** One arm, by index of the unit. */
export interface UnitsWithHistory {
  readonly y: ArrayLike<number>;
  /** A covariate of the unit from before its first exposure; NaN where it has none. */
  readonly x: ArrayLike<number>;
}

export interface CupedEstimate extends StudentEstimate {
  /** What a unit's y is expected to rise by when its x rises by 1; one for both arms. */
  readonly theta: number;
  /** Of y and x within the arms, units without history included. */
  readonly correlation: number;
  /** 1 − the adjusted variance over the plain one, of the difference; below 0 where history says nothing. */
  readonly varianceReduction: number;
  readonly unitsWithHistory: number;
}

/** Fewer units with history than this, and θ is more noise than help. */
export const leastUnitsWithHistory = 40;

/**
 * The difference of means, treatment − control, after what history explains was taken off: y − θ(x − x̄), with θ = Σ within-arm
 * co-moments / Σ within-arm squares of x (CUPED; Deng, Xu, Kohavi and Walker 2013, section 3). Welch's t on the adjusted values.
 * A unit without history gets the mean x of those that have one, in both arms alike. That keeps the difference unbiased: whether
 * and what history a unit has was settled before it was assigned, so the filled-in x has the same distribution in both arms, and
 * subtracting θ times such an x moves both means by the same amount on average; it costs variance reduction only.
 */
export function cuped(
  treatment: UnitsWithHistory,
  control: UnitsWithHistory,
  options: ConfidenceOptions = {},
): CupedEstimate | Inconclusive {
  const history = historyOf(treatment.x, control.x);
  if (history.units < leastUnitsWithHistory) {
    const message = `${history.units} units have history, ${leastUnitsWithHistory} are the least`;
    return inconclusive("too_few_units", message);
  }
  const arms = [treatment, control].map(({ x, y }) => summarizePairs(filled(x, history.mean), y));
  const [one, other] = arms;
  if (one === undefined || other === undefined || one.n < 2 || other.n < 2) {
    return inconclusive("too_few_units", "each variant needs 2 units");
  }
  const squares = { x: one.m2X + other.m2X, y: one.m2Y + other.m2Y, xy: one.cXY + other.cXY };
  if (!Number.isFinite(squares.x) || !Number.isFinite(squares.y)) {
    return inconclusive("invalid_input", "some value is not a finite number, or too large to be squared");
  }
  if (squares.x === 0) return inconclusive("no_variance", "every unit has the same history");
  if (squares.y === 0) return inconclusive("no_variance", "the values do not vary within either variant");
  return adjusted(one, other, { ...squares, units: history.units, confidence: options.confidence });
}

/** Squares and co-moments within the arms, summed over both. */
interface Pooled {
  readonly x: number;
  readonly y: number;
  readonly xy: number;
  readonly units: number;
  readonly confidence: number | undefined;
}

function adjusted(
  treatment: PairSummary,
  control: PairSummary,
  pooled: Pooled,
): CupedEstimate | Inconclusive {
  const theta = pooled.xy / pooled.x;
  const parts = [treatment, control].map((arm) => ({
    plain: arm.m2Y / (arm.n - 1) / arm.n,
    variance: residual(arm, theta) / (arm.n - 1) / arm.n,
    df: arm.n - 1,
  }));
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  const estimate = studentEstimate({
    value: treatment.meanY - control.meanY - theta * (treatment.meanX - control.meanX),
    standardError: Math.sqrt(variance),
    df: variance > 0 ? satterthwaite(...parts) : 1,
    confidence: pooled.confidence,
  });
  if (estimate.kind === "inconclusive") return estimate;
  return {
    ...estimate,
    theta,
    correlation: clamp(pooled.xy / Math.sqrt(pooled.x) / Math.sqrt(pooled.y)),
    varianceReduction: 1 - variance / parts.reduce((sum, { plain }) => sum + plain, 0),
    unitsWithHistory: pooled.units,
  };
}

/** Σ of the squares of y − θx about their mean; 0 where history explains y but for rounding. */
function residual({ m2X, m2Y, cXY }: PairSummary, theta: number): number {
  const spread = m2Y + theta * theta * m2X;
  const squares = spread - 2 * theta * cXY;
  return squares <= 1e-13 * spread ? 0 : squares;
}

function historyOf(...arms: readonly ArrayLike<number>[]): { units: number; mean: number } {
  let units = 0;
  let mean = 0;
  for (const xs of arms) {
    for (let i = 0; i < xs.length; i++) {
      const x = xs[i] ?? Number.NaN;
      if (Number.isNaN(x)) continue;
      units += 1;
      mean += (x - mean) / units;
    }
  }
  return { units, mean };
}

function filled(xs: ArrayLike<number>, mean: number): Float64Array {
  const values = new Float64Array(xs.length);
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i] ?? Number.NaN;
    values[i] = Number.isNaN(x) ? mean : x;
  }
  return values;
}

function clamp(correlation: number): number {
  return Math.max(-1, Math.min(1, correlation));
}

/** One arm of a ratio metric: the unit's sum S, its count N, and its history. */
export interface RatioUnitsWithHistory {
  readonly sums: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  /** NaN where the unit has none. A history that is a ratio itself is linearised over both arms at once. */
  readonly x: ArrayLike<number>;
}

/**
 * The same for a difference of ratios ΣS / ΣN: each unit stands for R + (S − R·N) / N̄, whose mean is the ratio of its arm and
 * whose variance is that of the delta method. Where history explains nothing this is `compareRatios`.
 */
export function cupedRatio(
  treatment: RatioUnitsWithHistory,
  control: RatioUnitsWithHistory,
  options: ConfidenceOptions = {},
): CupedEstimate | Inconclusive {
  const above = linearise(treatment.sums, treatment.counts);
  if (!(above instanceof Float64Array)) return above;
  const below = linearise(control.sums, control.counts);
  if (!(below instanceof Float64Array)) return below;
  return cuped({ y: above, x: treatment.x }, { y: below, x: control.x }, options);
}

/** R + (S − R·N) / N̄ of each unit: a number whose plain mean is the ratio R = ΣS / ΣN (linearisation of the delta method). */
export function linearise(sums: ArrayLike<number>, counts: ArrayLike<number>): Float64Array | Inconclusive {
  const pairs = summarizePairs(sums, counts);
  const ratio = ratioEstimate(pairs);
  if (ratio.kind === "inconclusive") return ratio;
  const values = new Float64Array(sums.length);
  for (let i = 0; i < sums.length; i++) {
    values[i] = ratio.value + ((sums[i] ?? 0) - ratio.value * (counts[i] ?? 0)) / pairs.meanY;
  }
  return values;
}
