/** May the numbers be believed at all? Asked before any of them is. */
import type { Inconclusive } from "../domain/estimate.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import type { AnalysisPlan, MetricReport, PhaseReport, SampleRatio, Soundness } from "../domain/report.ts";
import type { BootCount, Phase } from "../domain/store.ts";
import { type FactColumns, noCell } from "./fact-columns.ts";
import { inconclusive } from "./inconclusive.ts";
import { chiSquared } from "./proportion.ts";
import { compareRatios, leastUnitsForDelta } from "./ratio.ts";
import { sampleRatio, sampleRatioSequential } from "./sample-ratio.ts";
import type { PairSummary } from "./summary.ts";

/** A larger part of the records missing, and what is left may no longer stand for the whole. */
const tolerableLoss = 0.01;
const alarmP = 0.001;

/** How many units of an arm have answered, and how many of its requests were answered, unit by unit. */
export interface Answered {
  readonly units: number;
  readonly perRequest: PairSummary;
}

export interface SoundnessFacts {
  readonly plan: Pick<AnalysisPlan, "controlId" | "variantIds" | "definitions">;
  readonly phases: readonly PhaseReport[];
  readonly boots: readonly BootCount[];
  readonly metrics: readonly Pick<MetricReport, "metric" | "role">[];
  readonly orphans: ReadonlyMap<string, number>;
  /** How many units of a phase and variant have a value of this metric of outcomes. */
  readonly answered: (metric: OutcomeMetric) => (phaseId: string, variantId: string) => Answered;
}

export function soundness(asked: SoundnessFacts): Soundness {
  const { plan, phases, boots, metrics, orphans } = asked;
  const worst = worstRatio(phases);
  const outcomeLoss = metrics.flatMap((metric) => lossOf(asked, metric) ?? []);
  const numbered = boots.reduce((sum, { lastSequence }) => sum + lastSequence, 0);
  const lostRecords = boots.reduce(
    (sum, { lastSequence, rows }) => sum + Math.max(0, lastSequence - rows),
    0,
  );
  const crashedBoots = boots.filter((boot) => hasCrashed(boot, boots)).length;
  const problems = [
    ...phases.flatMap(mismatchProblem(phases.length)),
    ...outcomeLoss.filter(({ isMismatch }) => isMismatch).map(lossProblem),
    ...(lostRecords > tolerableLoss * numbered
      ? [`${lostRecords} of ${numbered} records were lost: see the log for a full queue or disk`]
      : []),
  ];
  const named = plan.definitions.flatMap(({ name }) => orphans.get(name) ?? []);
  return {
    isSound: problems.length === 0,
    problems,
    sampleRatio: worst,
    outcomeLoss,
    lostRecords,
    crashedBoots,
    orphanedOutcomes: named.reduce((sum, count) => sum + count, 0),
  };
}

/** What each phase saw, and whether its units fell as its shares said. The newest, by its last request, is the last. */
export function phaseReports(
  plan: Pick<AnalysisPlan, "variantIds">,
  facts: FactColumns,
  phases: readonly Phase[],
): readonly PhaseReport[] {
  const lastAt = lastByPhase(facts);
  const seen = facts.phases.map((id, index) => ({
    id,
    lastAt: lastAt[index] ?? 0,
    ...countIn(plan, facts, index),
  }));
  // One that is come back to, after a kill or with the file's own shares, goes on.
  const ordered = seen.toSorted((one, other) => one.lastAt - other.lastAt);
  return ordered.map(({ id, units, requests, firstAt, lastAt: endedAt }, at) => {
    const phase = phases.find((one) => one.id === id);
    return {
      phaseId: id,
      startedAt: firstAt,
      endedAt: at === ordered.length - 1 ? undefined : endedAt,
      killed: phase?.killed ?? [],
      units,
      requests,
      sampleRatio: ratioOf(units, phase?.shares),
    };
  });
}

interface PhaseCount {
  readonly units: Record<string, number>;
  readonly requests: Record<string, number>;
  readonly firstAt: number;
}

function countIn(plan: Pick<AnalysisPlan, "variantIds">, facts: FactColumns, phase: number): PhaseCount {
  const units = new Float64Array(facts.variants.length);
  const requests = new Float64Array(facts.variants.length);
  let firstAt = Number.POSITIVE_INFINITY;
  for (let cell = 0; cell < facts.cells; cell++) {
    if (facts.cellPhase[cell] !== phase) continue;
    const variant = facts.cellVariant[cell] ?? 0;
    units[variant] = (units[variant] ?? 0) + 1;
    requests[variant] = (requests[variant] ?? 0) + (facts.cellRequests[cell] ?? 0);
    firstAt = Math.min(firstAt, facts.cellStart[cell] ?? firstAt);
  }
  const named = (counts: Float64Array) =>
    Object.fromEntries(
      [...new Set([...plan.variantIds, ...facts.variants])].map((id) => [
        id,
        counts[facts.variants.indexOf(id)] ?? 0,
      ]),
    );
  return { units: named(units), requests: named(requests), firstAt };
}

function lastByPhase({ phases, length, cell, cellPhase, receivedAt }: FactColumns): Float64Array {
  const last = new Float64Array(phases.length).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < length; i++) {
    const at = cell[i] ?? noCell;
    if (at === noCell) continue;
    const phase = cellPhase[at] ?? 0;
    last[phase] = Math.max(last[phase] ?? 0, receivedAt[i] ?? 0);
  }
  return last;
}

function ratioOf(
  units: Readonly<Record<string, number>>,
  shares: Readonly<Record<string, number>> | undefined,
): SampleRatio | Inconclusive {
  if (shares === undefined) return inconclusive("no_data", "the store does not know this phase's shares");
  const ids = [...new Set([...Object.keys(shares), ...Object.keys(units)])];
  const observed = ids.map((id) => units[id] ?? 0);
  const expected = ids.map((id) => shares[id] ?? 0);
  const fixed = sampleRatio(observed, expected);
  if (fixed.kind === "inconclusive") return fixed;
  const sequential = sampleRatioSequential(observed, expected);
  const total = observed.reduce((sum, count) => sum + count, 0);
  const wanted = expected.reduce((sum, share) => sum + share, 0);
  return {
    kind: "sample_ratio",
    observed: Object.fromEntries(ids.map((id, i) => [id, observed[i] ?? 0])),
    expected: Object.fromEntries(ids.map((id, i) => [id, (total * (expected[i] ?? 0)) / wanted])),
    pValue: fixed.pValue,
    logBayesFactor: sequential.kind === "inconclusive" ? 0 : sequential.logBayesFactor,
    isMismatch: fixed.isMismatch || (sequential.kind !== "inconclusive" && sequential.isMismatch),
  };
}

function worstRatio(phases: readonly PhaseReport[]): SampleRatio | Inconclusive {
  const ratios = phases.flatMap(({ sampleRatio: ratio }) => (ratio.kind === "sample_ratio" ? [ratio] : []));
  const [worst] = ratios.toSorted((one, other) => one.pValue - other.pValue);
  const [first] = phases;
  if (worst !== undefined) return worst;
  return first?.sampleRatio ?? inconclusive("no_data", "no unit has been exposed");
}

/** One phase in many is off at p < 0.001 by chance alone sooner or later: the bound is shared among them. */
function mismatchProblem(phases: number): (phase: PhaseReport) => string[] {
  return ({ phaseId, sampleRatio: ratio }) => {
    if (ratio.kind === "inconclusive" || !ratio.isMismatch) return [];
    const isSequential = ratio.logBayesFactor >= Math.log(1000);
    if (ratio.pValue * phases >= alarmP && !isSequential) return [];
    const seen = Object.entries(ratio.observed).map(
      ([id, count]) => `${id} ${count} (expected ${Math.round(ratio.expected[id] ?? 0)})`,
    );
    return [
      `sample ratio mismatch in phase ${phaseId}: ${seen.join(", ")}, p = ${ratio.pValue.toExponential(1)}; units are lost or sent elsewhere by variant, so no winner can be named`,
    ];
  };
}

/**
 * Only where missing outcomes are left out of the metric: where they count as 0, nothing can be lost unseen. Asked in two ways: do as
 * many units answer at all (chi-squared), and as many requests (delta method, by unit)? The second sees single outcomes go
 * missing where nearly every unit answers once. Phase by phase, for a newer one has had less time to be answered and may have
 * other shares: thrown together, that alone would look like a loss. Told is the worst, its p-value multiplied by their number.
 */
function lossOf(
  { plan, phases, answered: answeredOf }: SoundnessFacts,
  { metric, role }: Pick<MetricReport, "metric" | "role">,
): Soundness["outcomeLoss"][number] | undefined {
  const outcome = plan.definitions.find(({ name }) => name === metric)?.outcome;
  if (role === "watched" || outcome?.per !== "outcome") return undefined;
  const answered = answeredOf(outcome);
  const tested = phases.flatMap((phase) => {
    const ids = plan.variantIds.filter((id) => !phase.killed.includes(id) && (phase.units[id] ?? 0) > 0);
    const arms = ids.map((id) => ({ id, exposed: phase.units[id] ?? 0, ...answered(phase.phaseId, id) }));
    return [...unitLoss(arms), ...requestLoss(arms, plan.controlId)];
  });
  const [worst] = tested.toSorted((one, other) => one.pValue - other.pValue);
  if (worst === undefined) return undefined;
  const pValue = Math.min(1, worst.pValue * tested.length);
  return { metric, pValue, of: worst.of, rates: worst.rates, isMismatch: pValue < alarmP };
}

interface AnsweredArm extends Answered {
  readonly id: string;
  readonly exposed: number;
}

type LossTest = Pick<Soundness["outcomeLoss"][number], "pValue" | "of" | "rates">;

function unitLoss(arms: readonly AnsweredArm[]): LossTest[] {
  const test = chiSquared(arms.map(({ units, exposed }) => [units, exposed - units]));
  if (test.kind === "inconclusive" || test.expectedMin < 5) return [];
  const rates = arms.map(({ id, units, exposed }) => [id, units / exposed] as const);
  return [{ pValue: test.pValue, of: "units", rates: Object.fromEntries(rates) }];
}

function requestLoss(arms: readonly AnsweredArm[], controlId: string): LossTest[] {
  const control = arms.find(({ id }) => id === controlId);
  if (control === undefined) return [];
  return arms.flatMap((arm) => {
    const few = Math.min(arm.perRequest.n, control.perRequest.n) < leastUnitsForDelta;
    const test = arm === control || few ? undefined : compareRatios(arm.perRequest, control.perRequest);
    if (test?.kind !== "estimate") return [];
    const rates = [control, arm].map(({ id, perRequest: { meanX, meanY } }) => [id, meanX / meanY] as const);
    return [{ pValue: test.pValue, of: "requests" as const, rates: Object.fromEntries(rates) }];
  });
}

function lossProblem({ metric, of, rates, pValue }: Soundness["outcomeLoss"][number]): string {
  const seen = Object.entries(rates).map(([id, rate]) => `${id} ${(100 * rate).toFixed(1)} %`);
  return `outcomes of "${metric}" come from ${seen.join(" and ")} of the ${of} (p = ${pValue.toExponential(1)}): those who answer are not the same people in each variant`;
}

/** Not closed, and followed by another boot of the same instance: it ended without saying so. */
function hasCrashed(boot: BootCount, boots: readonly BootCount[]): boolean {
  return (
    !boot.isClosed &&
    boots.some((other) => other.instance === boot.instance && other.startedAt > boot.startedAt)
  );
}
