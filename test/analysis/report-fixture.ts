/** Facts and outcomes of an experiment as a store gives them, and the report on them. */
import { FactColumns } from "../../src/analysis/fact-columns.ts";
import { OutcomeColumns } from "../../src/analysis/outcome-columns.ts";
import { createRandom, type Random } from "../../src/analysis/random.ts";
import { type Evidence, report } from "../../src/analysis/report.ts";
import { builtIns, outcomeUnit } from "../../src/core/built-in-metrics.ts";
import { builtInMetrics, type Margin, type MetricUse, type OutcomeMetric } from "../../src/domain/metric.ts";
import type {
  AnalysisPlan,
  Comparison,
  ExperimentReport,
  MetricDefinition,
  MetricReport,
} from "../../src/domain/report.ts";
import {
  type BootCount,
  factFlags,
  type OutcomeFact,
  type Phase,
  type RequestFact,
} from "../../src/domain/store.ts";

export const dayMs = 86_400_000;

/** All that a report is made of. */
export interface Scenario {
  readonly facts: readonly RequestFact[];
  readonly outcomes: readonly OutcomeFact[];
  readonly phases: readonly Phase[];
  readonly boots: readonly BootCount[];
  readonly orphans: ReadonlyMap<string, number>;
  readonly now: number;
}

export function scenario(change: Partial<Scenario>): Scenario {
  return {
    facts: [],
    outcomes: [],
    phases: [phase("p1")],
    boots: [],
    orphans: new Map(),
    now: 100 * dayMs,
    ...change,
  };
}

export function evidenceOf({ facts, outcomes, ...rest }: Scenario): Evidence {
  const evidence = { facts: new FactColumns(), outcomes: new OutcomeColumns(), ...rest };
  for (const fact of facts) evidence.facts.push(fact);
  for (const outcome of outcomes) evidence.outcomes.push(outcome);
  return evidence;
}

export function reportOn(change: Partial<Scenario>, plan: AnalysisPlan = planWith({})): ExperimentReport {
  return report(plan, evidenceOf(scenario(change)));
}

export function phase(id: string, change: Partial<Phase> = {}): Phase {
  return {
    id,
    experimentId: "tone",
    startedAt: 0,
    revision: "9b1d5e0c7a31",
    shares: { control: 0.5, warm: 0.5 },
    killed: [],
    ...change,
  };
}

export function outcomeMetric(change: Partial<OutcomeMetric> & { readonly name: string }): OutcomeMetric {
  return {
    description: "",
    kind: "boolean",
    better: "higher",
    per: "outcome",
    combine: "last",
    minimum: undefined,
    maximum: undefined,
    categories: {},
    cap: undefined,
    windowMs: Number.POSITIVE_INFINITY,
    ...change,
  };
}

export function goal(metric: string): MetricUse {
  return { metric, role: "goal", margin: undefined, smallestEffect: undefined };
}

/** Absolute, unless told. */
export function guardrail(metric: string, value: number, kind: Margin["kind"] = "absolute"): MetricUse {
  return { metric, role: "guardrail", margin: { kind, value }, smallestEffect: undefined };
}

export function planWith({
  outcomes = [],
  ...change
}: Partial<Omit<AnalysisPlan, "definitions">> & {
  readonly outcomes?: readonly OutcomeMetric[];
}): AnalysisPlan {
  const ours: MetricDefinition[] = builtInMetrics.map((name) => ({
    name,
    ...builtIns[name],
    outcome: undefined,
  }));
  const theirs = outcomes.map((outcome): MetricDefinition => {
    const { name, description, better, kind } = outcome;
    return { name, description, better, unit: outcomeUnit(kind), outcome };
  });
  return {
    experimentId: "tone",
    description: "",
    unit: "user",
    controlId: "control",
    variantIds: ["control", "warm"],
    metrics: [goal("success_rate")],
    alpha: 0.05,
    plannedUnits: 2_000,
    minimumUnits: 30,
    scope: "all",
    definitions: [...ours, ...theirs],
    ...change,
  };
}

/** A request that ended well, of unit 1 in the control. */
export function requestFact(change: Partial<RequestFact> & { readonly row: number }): RequestFact {
  return {
    receivedAt: dayMs + change.row,
    unit: 1,
    session: 0,
    phase: "p1",
    assigned: "control",
    served: change.assigned ?? "control",
    flags: factFlags.exposed | factFlags.success,
    latencyMs: 400,
    firstChunkMs: undefined,
    inputTokens: 100,
    outputTokens: 50,
    cachedTokens: undefined,
    costUsd: 0.001,
    responseModel: undefined,
    ...change,
  };
}

export function outcomeFact(
  change: Partial<OutcomeFact> & { readonly row: number; readonly metric: string },
): OutcomeFact {
  const at = change.at ?? 2 * dayMs;
  return {
    at,
    receivedAt: at,
    requestRow: undefined,
    session: undefined,
    unit: undefined,
    value: undefined,
    category: undefined,
    label: undefined,
    prediction: undefined,
    ...change,
  };
}

/** One fact for each row of a unit: a unit stays in its variant, and asks as often as `requests` says. */
export function unitsOf(
  random: Random,
  arms: Readonly<Record<string, number>>,
  each: (facts: {
    readonly unit: number;
    readonly variant: string;
    readonly row: number;
    readonly index: number;
    /** What is peculiar to this unit, of 0 to 1. */
    readonly nature: number;
  }) => Partial<RequestFact>,
  requests: () => number = () => 1 + random.poisson(3),
): RequestFact[] {
  const facts: RequestFact[] = [];
  let unit = 0;
  for (const [variant, units] of Object.entries(arms)) {
    for (let i = 0; i < units; i++) {
      unit++;
      const nature = random.uniform();
      const count = requests();
      for (let index = 0; index < count; index++) {
        const row = facts.length + 1;
        facts.push(
          requestFact({ row, unit, assigned: variant, ...each({ unit, variant, row, index, nature }) }),
        );
      }
    }
  }
  return facts;
}

/** Success by chance, and latencies that a unit's nature makes longer. */
export function traffic(
  seed: number,
  arms: Readonly<Record<string, number>>,
  successOf: (variant: string) => number = () => 0.8,
): RequestFact[] {
  const random = createRandom(seed);
  return unitsOf(random, arms, ({ variant, nature }) => ({
    flags: random.bernoulli(successOf(variant)) ? flagsWith("success") : flagsWith("error"),
    latencyMs: 300 * Math.exp(nature + random.normal(0, 0.4)),
    costUsd: 0.001 * (1 + random.exponential()),
  }));
}

export function flagsWith(...names: readonly (keyof typeof factFlags)[]): number {
  return names.reduce<number>((bits, name) => bits | factFlags[name], factFlags.exposed);
}

/** A metric's own part of a report; throws where there is none. */
export function metricOf({ metrics }: ExperimentReport, name: string): MetricReport {
  const found = metrics.find(({ metric }) => metric === name);
  if (found === undefined) throw new Error(`no metric ${name}`);
  return found;
}

/** … against the control; the only treatment unless told. */
export function comparisonOf(from: ExperimentReport, name: string, variantId?: string): Comparison {
  const { comparisons } = metricOf(from, name);
  const found = comparisons.find((one) => variantId === undefined || one.variantId === variantId);
  if (found === undefined) throw new Error(`no comparison of ${name} for ${variantId}`);
  return found;
}

/** A report as its reader gets it. */
export function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
