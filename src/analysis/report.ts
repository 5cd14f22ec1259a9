/** The whole report on one experiment, from its facts. */
import type {
  AnalysisPlan,
  ExperimentReport,
  LiveStats,
  PhaseReport,
  Progress,
  VariantCount,
} from "../domain/report.ts";
import type { BootCount, Phase } from "../domain/store.ts";
import { CellIndex } from "./arms.ts";
import { decide } from "./decision.ts";
import type { FactColumns } from "./fact-columns.ts";
import type { MetricContext } from "./metric-context.ts";
import { metricReport } from "./metric-report.ts";
import { withCorrections } from "./multiple-corrections.ts";
import { notesOf } from "./notes.ts";
import type { OutcomeColumns } from "./outcome-columns.ts";
import { QuantileSamples } from "./quantile-samples.ts";
import { phaseReports, type SoundnessFacts, soundness } from "./soundness.ts";
import { TableMaker } from "./unit-table.ts";

/** What has been read of an experiment. */
export interface Evidence {
  readonly facts: FactColumns;
  readonly outcomes: OutcomeColumns;
  readonly phases: readonly Phase[];
  readonly boots: readonly BootCount[];
  readonly orphans: ReadonlyMap<string, number>;
  /** Epoch milliseconds. */
  readonly now: number;
}

export function report(plan: AnalysisPlan, evidence: Evidence): ExperimentReport {
  const { facts, orphans, now } = evidence;
  const boots = bootsDuring(evidence);
  const phases = phaseReports(plan, facts, evidence.phases);
  const variants = variantCounts(plan, facts, evidence.phases, phases);
  const progress = progressOf(plan, facts, now);
  const context = contextOf(plan, evidence, phases, progress);
  const metrics = withCorrections(orderedMetrics(plan).map((name) => metricReport(context, name)));
  const sound = soundness({ plan, phases, boots, orphans, metrics, answered: answeredIn(context) });
  return {
    experimentId: plan.experimentId,
    description: plan.description,
    unit: plan.unit,
    generatedAt: now,
    alpha: plan.alpha,
    plannedUnits: plan.plannedUnits,
    controlId: plan.controlId,
    decision: decide({ plan, metrics, variants, soundness: sound, progress }),
    variants,
    phases,
    soundness: sound,
    progress,
    metrics,
    notes: notesOf({ plan, facts, phases, soundness: sound, metrics, progress, now }),
  };
}

/** Shares and means alone: what an operator looks at while traffic flows. */
export function liveStats(plan: AnalysisPlan, evidence: Evidence): LiveStats {
  const { facts, now } = evidence;
  const phases = phaseReports(plan, facts, evidence.phases);
  const context = contextOf(plan, evidence, phases, progressOf(plan, facts, now));
  const metrics = orderedMetrics(plan).map((name) => metricReport({ ...context, armsOnly: true }, name));
  return {
    experimentId: plan.experimentId,
    generatedAt: now,
    variants: variantCounts(plan, facts, evidence.phases, phases),
    metrics: metrics.map(({ metric, unit, arms }) => ({ metric, unit, arms })),
    lastRecordAt: lastAt(facts),
  };
}

/** Goals, then guardrails, then what is only watched. */
function orderedMetrics({ metrics, definitions, scope }: AnalysisPlan): readonly string[] {
  const used = [
    ...metrics.filter(({ role }) => role === "goal"),
    ...metrics.filter(({ role }) => role === "guardrail"),
  ].map(({ metric }) => metric);
  if (scope === "used") return used;
  return [...used, ...definitions.map(({ name }) => name).filter((name) => !used.includes(name))];
}

function contextOf(
  plan: AnalysisPlan,
  { facts, outcomes, now }: Evidence,
  phases: readonly PhaseReport[],
  progress: Progress,
): MetricContext {
  return {
    plan,
    facts,
    outcomes,
    now,
    cells: new CellIndex(facts),
    tables: new TableMaker(facts),
    samples: new QuantileSamples(facts),
    // In the order of time; where a variant was killed, it is not compared.
    phasesOf: (variantId) =>
      phases
        .filter(({ killed }) => !killed.includes(variantId) && !killed.includes(plan.controlId))
        .map(({ phaseId }) => facts.phases.indexOf(phaseId)),
    isPlanReached: progress.isPlanReached,
    armsOnly: false,
  };
}

export function answeredIn({
  facts,
  outcomes,
  now,
  tables,
  cells,
}: Pick<MetricContext, "facts" | "outcomes" | "now" | "tables" | "cells">): SoundnessFacts["answered"] {
  return (metric) => {
    const table = tables.ofOutcomes(outcomes, metric, now);
    const countOf = cells.unitCounts(table);
    const perRequest = cells.perRequest(table);
    return (phaseId, variantId) => {
      const phase = facts.phases.indexOf(phaseId);
      return { units: countOf(phase, variantId), perRequest: perRequest(phase, variantId) };
    };
  };
}

function variantCounts(
  plan: AnalysisPlan,
  facts: FactColumns,
  known: readonly Phase[],
  phases: readonly PhaseReport[],
): readonly VariantCount[] {
  const expected = expectedShares(plan, known, phases);
  const counts = plan.variantIds.map((variantId) => ({ variantId, ...countOf(facts, variantId) }));
  const total = counts.reduce((sum, { units }) => sum + units, 0);
  return counts.map(({ variantId, units, requests }) => ({
    variantId,
    role: variantId === plan.controlId ? "control" : "treatment",
    units,
    requests,
    share: total === 0 ? 0 : units / total,
    expectedShare: expected?.[variantId],
  }));
}

/** Of all phases; undefined where they had different ones, for units of all of them stand in one number. */
function expectedShares(
  { variantIds }: AnalysisPlan,
  known: readonly Phase[],
  phases: readonly PhaseReport[],
): Readonly<Record<string, number>> | undefined {
  const each = phases.map(({ phaseId }) => {
    const shares = known.find(({ id }) => id === phaseId)?.shares ?? {};
    const sum = variantIds.reduce((all, id) => all + (shares[id] ?? 0), 0);
    return sum === 0 ? undefined : Object.fromEntries(variantIds.map((id) => [id, (shares[id] ?? 0) / sum]));
  });
  const [first] = each;
  const isSame = (one: typeof first) =>
    variantIds.every((id) => Math.abs((one?.[id] ?? 0) - (first?.[id] ?? 0)) < 1e-6);
  return first !== undefined && each.every((one) => one !== undefined && isSame(one)) ? first : undefined;
}

/** A unit that stands in several phases is one unit. */
function countOf(
  facts: FactColumns,
  variantId: string,
): { readonly units: number; readonly requests: number } {
  const variant = facts.variants.indexOf(variantId);
  const seen = new Uint8Array(facts.units);
  let units = 0;
  let requests = 0;
  for (let cell = 0; cell < facts.cells; cell++) {
    if (facts.cellVariant[cell] !== variant) continue;
    requests += facts.cellRequests[cell] ?? 0;
    const unit = facts.cellUnit[cell] ?? 0;
    if (seen[unit] === 0) units++;
    seen[unit] = 1;
  }
  return { units, requests };
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

function progressOf(plan: AnalysisPlan, facts: FactColumns, now: number): Progress {
  const { plannedUnits } = plan;
  const since = Math.max(now - dayMs, facts.firstAt);
  let units = 0;
  let recent = 0;
  for (let unit = 0; unit < facts.units; unit++) {
    const start = facts.unitStart[unit] ?? Number.POSITIVE_INFINITY;
    if (start === Number.POSITIVE_INFINITY) continue;
    units++;
    if (start >= since) recent++;
  }
  const spanMs = now - since;
  // A rate out of a few minutes would promise anything.
  const unitsPerDay = spanMs >= hourMs ? (recent * dayMs) / spanMs : undefined;
  const left = Math.max(0, plannedUnits - units);
  return {
    units,
    plannedUnits,
    isPlanReached: units >= plannedUnits,
    unitsPerDay,
    daysLeft: unitsPerDay === undefined || unitsPerDay === 0 ? undefined : left / unitsPerDay,
    startedAt: Number.isFinite(facts.firstAt) ? facts.firstAt : undefined,
    lastRecordAt: lastAt(facts),
  };
}

function lastAt(facts: FactColumns): number | undefined {
  return Number.isFinite(facts.lastAt) ? facts.lastAt : undefined;
}

/** What was lost before the experiment began, or after it ended, is no loss of its own. */
export function bootsDuring({ boots, facts }: Pick<Evidence, "boots" | "facts">): readonly BootCount[] {
  if (facts.cells === 0) return boots;
  return boots.filter(({ startedAt, aliveAt }) => startedAt <= facts.lastAt && aliveAt >= facts.firstAt);
}
