/** Everything that is said of one treatment and one metric of ratios. */
import type { Estimate, Inconclusive } from "../domain/estimate.ts";
import type { MetricUse } from "../domain/metric.ts";
import type { AnalysisPlan, Comparison, MetricDefinition, PlainTest } from "../domain/report.ts";
import type { ArmSummary, ArmUnits, CellIndex, Stratum } from "./arms.ts";
import { normalBayes } from "./bayesian.ts";
import { cupedRatio } from "./cuped.ts";
import type { FactColumns } from "./fact-columns.ts";
import { guardrailOf } from "./guardrail.ts";
import { inconclusive } from "./inconclusive.ts";
import { intraclassOf } from "./intraclass-of.ts";
import { plainTest } from "./plain-test.ts";
import { alwaysValid, type Effect, fixedHorizon, pooledEffect } from "./pooled-effect.ts";
import type { UnitTable } from "./unit-table.ts";

export interface ComparisonFacts {
  readonly plan: AnalysisPlan;
  readonly facts: FactColumns;
  readonly cells: CellIndex;
  readonly definition: MetricDefinition;
  readonly use: MetricUse | undefined;
  readonly isLog: boolean;
  readonly table: UnitTable;
  readonly armOf: (phase: number, variantId: string) => ArmSummary;
  /** Requests as they were served, where some were served by another variant than their own. */
  readonly treated: ((variantId: string) => readonly Stratum[]) | undefined;
  /** A covariate of each unit from before its first exposure, NaN where it has none. */
  readonly history: Float64Array | undefined;
  /** Values of requests are divided by sessions: how alike they are says nothing of how alike sessions are. */
  readonly isBySession: boolean;
  readonly isPlanReached: boolean;
}

export function compareVariant(
  asked: ComparisonFacts,
  variantId: string,
  phases: readonly number[],
): Comparison {
  const { plan, facts, definition, use, isLog } = asked;
  const { alpha } = plan;
  const strata = phases.map((phase) => stratumOf(asked, variantId, phase));
  const unitCount = facts.units;
  const effectOf = (some: readonly Stratum[], mayShareUnits = false) =>
    pooledEffect({ strata: some, unitCount, unit: definition.unit, mayShareUnits });
  const times = (controlFactor: number) =>
    pooledEffect({ strata, unitCount, unit: definition.unit, controlFactor });
  const look = { alpha, plannedN: plan.plannedUnits };
  const effect = effectOf(strata);
  const sequence = alwaysValid(effect, look);
  const isWatched = use === undefined;
  return {
    variantId,
    sequence,
    fixed: fixedHorizon(effect, alpha),
    shown: asked.isPlanReached ? "fixed" : "sequence",
    lift: liftOf(effect, sequence, isLog),
    adjustedPValue: undefined,
    falseDiscoveryPValue: undefined,
    plain: plainOf(asked, strata),
    bayes: bayesOf(effect, definition),
    cuped: isWatched ? undefined : cupedOf(asked, strata),
    asTreated:
      isWatched || asked.treated === undefined
        ? undefined
        : alwaysValid(effectOf(asked.treated(variantId), true), look),
    perPhase:
      strata.length < 2
        ? []
        : strata.map((stratum) => ({
            phaseId: stratum.phaseId,
            estimate: alwaysValid(effectOf([stratum]), look),
          })),
    guardrail: use && guardrailOf({ plan, use, better: definition.better, isLog, effect, times }),
    intraclassCorrelation:
      isWatched || asked.isBySession
        ? undefined
        : intraclassOf(asked.table, asked.cells, phases.at(-1), [plan.controlId, variantId]),
  };
}

function stratumOf(asked: ComparisonFacts, variantId: string, phase: number): Stratum {
  const { facts, cells, table, armOf, plan } = asked;
  return {
    phaseId: facts.phases[phase] ?? "",
    treatment: armOf(phase, variantId),
    control: armOf(phase, plan.controlId),
    units: () => ({
      treatment: cells.units(table, phase, variantId),
      control: cells.units(table, phase, plan.controlId),
    }),
  };
}

/** The interval of the difference as a part of the control's value, which is taken as known; of a log metric its exponential. */
function liftOf(
  effect: Effect | Inconclusive,
  sequence: Estimate | Inconclusive,
  isLog: boolean,
): Comparison["lift"] {
  if (effect.kind === "inconclusive" || sequence.kind === "inconclusive") return undefined;
  const { low, high } = sequence.interval;
  if (isLog) {
    return { value: Math.expm1(effect.value), interval: { low: Math.expm1(low), high: Math.expm1(high) } };
  }
  const base = Math.abs(effect.control);
  if (!(base > 0)) return undefined;
  return { value: effect.value / base, interval: { low: low / base, high: high / base } };
}

/** Phases of another ratio must not be thrown together, and the plain tests know no strata: the newest one it is. */
function plainOf(asked: ComparisonFacts, strata: readonly Stratum[]): PlainTest | Inconclusive {
  const newest = strata.at(-1);
  if (newest === undefined) return inconclusive("no_data", "no phase has both variants");
  return plainTest({
    treatment: newest.treatment.firsts,
    control: newest.control.firsts,
    isShare: asked.definition.unit === "share",
    isPlanReached: asked.isPlanReached,
    isPartial: strata.length > 1,
  });
}

function bayesOf(effect: Effect | Inconclusive, { better }: MetricDefinition): Comparison["bayes"] {
  if (effect.kind === "inconclusive") return undefined;
  const direction = better === "higher" ? 1 : -1;
  const found = normalBayes({ value: effect.value * direction, standardError: effect.standardError });
  if (found.kind === "inconclusive") return undefined;
  return { chanceBetter: found.probabilityBetter, expectedLoss: found.lossOfTreatment };
}

/** On the newest phase, and valid at one look. */
function cupedOf({ history, plan }: ComparisonFacts, strata: readonly Stratum[]): Comparison["cuped"] {
  const newest = strata.at(-1);
  if (history === undefined || newest === undefined) return undefined;
  const units = newest.units();
  const withHistory = (arm: ArmUnits) => ({
    sums: arm.sums,
    counts: arm.counts,
    x: Float64Array.from(arm.units, (unit) => history[unit] ?? Number.NaN),
  });
  const adjusted = cupedRatio(withHistory(units.treatment), withHistory(units.control), {
    confidence: 1 - plan.alpha,
  });
  if (adjusted.kind === "inconclusive") return adjusted;
  const { kind, value, standardError, df, interval, pValue, varianceReduction } = adjusted;
  return { kind, value, standardError, df, interval, pValue, varianceReduction };
}
