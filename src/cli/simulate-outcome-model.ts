/** How people judge answers: each unit has a disposition of its own, around which its outcomes scatter. */
import { betaQuantile } from "../analysis/distributions.ts";
import type { Random } from "../analysis/random.ts";
import type { Interval } from "../domain/estimate.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import { categoryScale, rangeScale, type Scale, shareScale } from "./simulate-scale.ts";

export interface OutcomeModel {
  readonly metric: OutcomeMetric;
  /** Of the control, over all units. */
  readonly mean: number;
  /** Effects that leave the mean where the metric's values can have it. */
  readonly effects: Interval;
  /** What makes one unit unlike another; drawn once for each. */
  disposition(random: Random): number;
  /** One outcome of such a unit, whose expectation over all units is moved by `effect`. */
  draw(disposition: number, effect: number, random: Random): boolean | number | string;
}

export interface Spread {
  /** Correlation of two outcomes of one unit, [0, 1). */
  readonly icc: number;
  /** The control's mean; undefined for a plausible one. */
  readonly mean: number | undefined;
}

/** Undefined where values of the metric cannot have that mean. */
export function outcomeModel(metric: OutcomeMetric, spread: Spread): OutcomeModel | undefined {
  const { minimum: low, maximum: high } = metric;
  if (metric.kind === "boolean") return bounded(metric, shareScale(0.6), spread);
  if (metric.kind === "correctness") return bounded(metric, shareScale(0.8), spread);
  if (metric.kind === "category") return bounded(metric, categoryScale(metric.categories), spread);
  if (low !== undefined && high !== undefined) return bounded(metric, rangeScale({ low, high }), spread);
  if (low !== undefined) return skewed(metric, { bound: low, sign: 1 }, spread);
  if (high !== undefined) return skewed(metric, { bound: high, sign: -1 }, spread);
  return bell(metric, spread);
}

/**
 * Shares by unit, beta-distributed around their mean. A unit keeps its rank among all, so that an effect moves everybody in its
 * direction, the mean by as much as was set, and leaves the correlation alone.
 */
function bounded(metric: OutcomeMetric, scale: Scale, spread: Spread): OutcomeModel | undefined {
  const { low, high } = scale;
  const width = high - low;
  const mean = spread.mean ?? low + width * scale.usualShare;
  if (mean < low || mean > high) return undefined;
  const shareOf = (value: number) => (width === 0 ? 0 : Math.max(0, Math.min(1, (value - low) / width)));
  return {
    metric,
    mean,
    effects: { low: low - mean, high: high - mean },
    disposition: (random) => random.uniform(),
    draw: (rank, effect, random) => {
      const share = shareOf(mean + effect);
      const isFixed = share < alike || share > 1 - alike;
      return scale.draw(betaShare(rank, share, isFixed ? 0 : scale.dispersion(spread.icc, share)), random);
    },
  };
}

/** Less than this is nothing. */
const alike = 1e-9;

/** Of the shares of this mean m and variance ρ·m(1 − m), a = m(1/ρ − 1) and b = (1 − m)(1/ρ − 1), the one at this rank. */
function betaShare(rank: number, mean: number, dispersion: number): number {
  if (dispersion < alike) return mean;
  const size = 1 / dispersion - 1;
  return betaQuantile(rank, mean * size, (1 - mean) * size);
}

/**
 * Distances from one bound, such as amounts of money: gamma of shape `steps` around a unit's own mean, which is gamma of shape k.
 * The correlation is then steps/(steps + k + 1).
 */
function skewed(
  metric: OutcomeMetric,
  { bound, sign }: { readonly bound: number; readonly sign: 1 | -1 },
  spread: Spread,
): OutcomeModel | undefined {
  const { icc } = spread;
  const distance = spread.mean === undefined ? 1 : (spread.mean - bound) * sign;
  if (distance <= 0) return undefined;
  const steps = Math.max(2, (2 * icc) / (1 - icc));
  const shape = (steps * (1 - icc)) / icc - 1;
  const room = {
    low: sign > 0 ? -distance : Number.NEGATIVE_INFINITY,
    high: sign > 0 ? Number.POSITIVE_INFINITY : distance,
  };
  return {
    metric,
    mean: bound + sign * distance,
    effects: room,
    disposition: (random) => (icc < alike ? 1 : random.gamma(shape) / shape),
    draw: (own, effect, random) => {
      const ownMean = (distance + sign * effect) * own;
      return bound + (sign * ownMean * random.gamma(steps)) / steps;
    },
  };
}

function bell(metric: OutcomeMetric, { icc, mean = 0 }: Spread): OutcomeModel {
  return {
    metric,
    mean,
    effects: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    disposition: (random) => random.normal(0, Math.sqrt(icc)),
    draw: (own, effect, random) => mean + effect + own + random.normal(0, Math.sqrt(1 - icc)),
  };
}
