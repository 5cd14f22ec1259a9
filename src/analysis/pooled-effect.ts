/** One treatment's effect on one metric, over all phases in which both arms were served. */
import type { Estimate, Inconclusive } from "../domain/estimate.ts";
import type { MetricUnit } from "../domain/metric.ts";
import type { ArmSummary, Stratum } from "./arms.ts";
import { inconclusive } from "./inconclusive.ts";
import { compareRatios, compareRatiosJackknife, leastUnitsForDelta } from "./ratio.ts";
import { confidenceSequence } from "./sequential.ts";
import { stratifiedDifference } from "./stratify.ts";
import { studentEstimate } from "./student-estimate.ts";

/** Treatment minus control with its uncertainty, before any interval is drawn around it; an error of 0 has none. */
export interface Effect {
  readonly kind: "effect";
  readonly value: number;
  readonly standardError: number;
  readonly df: number;
  /** Units of both arms; one that stands in several phases counts once. */
  readonly units: number;
  /** Weighted as the difference is: treatment − control = value. */
  readonly treatment: number;
  readonly control: number;
}

export interface EffectFacts {
  readonly strata: readonly Stratum[];
  /** Units of the experiment: their numbers are below it. */
  readonly unitCount: number;
  readonly unit: MetricUnit;
  /** A unit may stand in both arms of a phase, as it does by the variant that served. */
  readonly mayShareUnits?: boolean;
  /** The control's values are taken so many times: treatment − factor · control. 1 unless told. */
  readonly controlFactor?: number;
}

/**
 * Phases are compared within themselves and pooled (stratify.ts); few units in a single phase go by the jackknife. The standard error
 * of a share is never less than that of as many independent values with one success and one failure added to each arm
 * (Agresti and Caffo 2000): where nothing has failed yet, the delta method would call the difference certain.
 */
export function pooledEffect({
  strata,
  unitCount,
  unit,
  mayShareUnits = false,
  controlFactor = 1,
}: EffectFacts): Effect | Inconclusive {
  const usable = strata.filter(({ treatment, control }) => isUsable(treatment) && isUsable(control));
  const used = controlFactor === 1 ? usable : usable.map((stratum) => scaled(stratum, controlFactor));
  if (used.length === 0)
    return inconclusive("too_few_units", "no two units with a value in each variant yet");
  const arms = weightedArms(used);
  const estimate = estimateOf(used, unitCount, mayShareUnits);
  const units = distinctUnits(used, unitCount, mayShareUnits);
  const floor = unit === "share" ? shareError(usable) * Math.max(1, controlFactor) : 0;
  if (estimate.kind === "inconclusive") {
    if (estimate.reason !== "no_variance") return estimate;
    const value = arms.treatment - arms.control;
    return { kind: "effect", value, standardError: floor, df: units - 2, units, ...arms };
  }
  // Sums of the same value differ by rounding alone: that is no variance, and its inverse is no evidence.
  const noise = rounding * Math.max(Math.abs(arms.treatment), Math.abs(arms.control));
  const spread = estimate.standardError <= noise ? 0 : estimate.standardError;
  const standardError = Math.max(spread, floor);
  const df = standardError > estimate.standardError ? Math.max(estimate.df, units - 2) : estimate.df;
  return { kind: "effect", value: estimate.value, standardError, df, units, ...arms };
}

const rounding = 1e-12;

function scaled(stratum: Stratum, factor: number): Stratum {
  const { pairs } = stratum.control;
  const { meanX, m2X, cXY } = pairs;
  return {
    ...stratum,
    control: {
      ...stratum.control,
      pairs: { ...pairs, meanX: meanX * factor, m2X: m2X * factor * factor, cXY: cXY * factor },
    },
    units: () => {
      const { treatment, control } = stratum.units();
      return { treatment, control: { ...control, sums: control.sums.map((sum) => sum * factor) } };
    },
  };
}

function isUsable({ pairs }: ArmSummary): boolean {
  return pairs.n > 1 && Number.isFinite(pairs.meanX) && Number.isFinite(pairs.meanY);
}

/** Valid at every look. */
export function alwaysValid(
  effect: Effect | Inconclusive,
  { alpha, plannedN }: { readonly alpha: number; readonly plannedN: number },
): Estimate | Inconclusive {
  if (effect.kind === "inconclusive") return effect;
  const { value, standardError, df, units } = effect;
  return confidenceSequence({ value, standardError, n: units, df, alpha, plannedN });
}

/** Valid at one look, decided on beforehand. */
export function fixedHorizon(effect: Effect | Inconclusive, alpha: number): Estimate | Inconclusive {
  if (effect.kind === "inconclusive") return effect;
  const { value, standardError, df } = effect;
  return studentEstimate({ value, standardError, df, confidence: 1 - alpha });
}

/** One phase needs no more than sums; several need to know which units stand in more than one. */
function estimateOf(
  strata: readonly Stratum[],
  unitCount: number,
  mayShareUnits: boolean,
): Estimate | Inconclusive {
  const [only] = strata;
  if (only === undefined || strata.length > 1 || mayShareUnits) {
    return stratifiedDifference(
      strata.map((stratum) => stratum.units()),
      { unitCount },
    );
  }
  const { treatment, control } = only;
  if (Math.min(treatment.pairs.n, control.pairs.n) >= leastUnitsForDelta) {
    return compareRatios(treatment.pairs, control.pairs);
  }
  const units = only.units();
  return compareRatiosJackknife(units.treatment, units.control);
}

/** Each arm's value with the weights of the difference. */
function weightedArms(strata: readonly Stratum[]): { readonly treatment: number; readonly control: number } {
  const weights = weightsOf(strata);
  let treatment = 0;
  let control = 0;
  strata.forEach((stratum, index) => {
    const [t, c] = [stratum.treatment.pairs, stratum.control.pairs];
    treatment += ((weights[index] ?? 0) * t.meanX) / t.meanY;
    control += ((weights[index] ?? 0) * c.meanX) / c.meanY;
  });
  return { treatment, control };
}

/** Mantel and Haenszel's, on units; together 1. */
function weightsOf(strata: readonly Stratum[]): readonly number[] {
  const raw = strata.map(({ treatment, control }) => {
    const [t, c] = [treatment.pairs.n, control.pairs.n];
    return (t * c) / (t + c);
  });
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}

/** Phase by phase: what lies between phases is no uncertainty of a difference that is made within them. */
function shareError(strata: readonly Stratum[]): number {
  const weights = weightsOf(strata);
  const variance = strata.reduce(
    (sum, { treatment, control }, index) =>
      sum + (weights[index] ?? 0) ** 2 * (shareVariance(treatment) + shareVariance(control)),
    0,
  );
  return Math.sqrt(variance);
}

function shareVariance({ pairs }: ArmSummary): number {
  const n = pairs.n * pairs.meanY;
  const share = (pairs.n * pairs.meanX + 1) / (n + 2);
  // Several successes of one unit, each counted once for it, are no share.
  return Math.max(0, share * (1 - share)) / (n + 2);
}

function distinctUnits(strata: readonly Stratum[], unitCount: number, mayShareUnits: boolean): number {
  const [only] = strata;
  if (strata.length === 1 && only !== undefined && !mayShareUnits)
    return only.treatment.pairs.n + only.control.pairs.n;
  const seen = new Uint8Array(unitCount);
  for (const stratum of strata) {
    const { treatment, control } = stratum.units();
    for (const unit of treatment.units) seen[unit] = 1;
    for (const unit of control.units) seen[unit] = 1;
  }
  return seen.reduce((sum, one) => sum + one, 0);
}
