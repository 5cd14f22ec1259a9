/** A quantile of requests: an interval that respects their units, and one that holds at every look. */
import type { Estimate, Inconclusive } from "../domain/estimate.ts";
import type { MetricUse } from "../domain/metric.ts";
import type { AnalysisPlan, ArmValue, Comparison, MetricDefinition, MetricReport } from "../domain/report.ts";
import { quantileDifferenceSequence } from "./anytime-quantile.ts";
import { inconclusive } from "./inconclusive.ts";
import type { MetricContext } from "./metric-context.ts";
import { type ClusteredQuantile, clusteredQuantile, compareQuantiles } from "./quantile.ts";
import type { QuantileSample } from "./quantile-samples.ts";
import type { MetricShape } from "./request-values.ts";

type QuantileShape = Extract<MetricShape, { kind: "quantile" }>;

export function quantileReport(
  context: MetricContext,
  definition: MetricDefinition,
  shape: QuantileShape,
): MetricReport {
  const { plan } = context;
  const use = plan.metrics.find(({ metric }) => metric === definition.name);
  const samples = samplesOf(context, shape);
  const own = new Map(plan.variantIds.map((id) => [id, quantileOfArm(samples, id, shape.p)]));
  const treatments = context.armsOnly ? [] : plan.variantIds.filter((id) => id !== plan.controlId);
  return {
    metric: definition.name,
    description: definition.description,
    role: use?.role ?? "watched",
    better: definition.better,
    unit: definition.unit,
    kind: "quantile",
    scale: "linear",
    margin: use?.margin,
    arms: plan.variantIds.map((id) => armValue(samples, id, own.get(id))),
    comparisons: treatments.map((variantId) =>
      compare({ context, definition, use, samples, p: shape.p, own }, variantId),
    ),
  };
}

interface Samples {
  readonly byVariant: ReadonlyMap<string, QuantileSample>;
  readonly unitCount: number;
}

/**
 * Quantiles cannot be pooled over phases as means can, and thrown together they would carry Simpson's paradox: the newest phase
 * in which all variants were served is what is compared.
 */
function samplesOf({ facts, plan, phasesOf, samples }: MetricContext, shape: QuantileShape): Samples {
  const { variantIds } = plan;
  const [first = [], ...others] = variantIds.map((id) => phasesOf(id));
  const shared = first.filter((phase) => others.every((phases) => phases.includes(phase)));
  const { of: name, value } = shape;
  const phase = shared.at(-1) ?? -1;
  return { byVariant: samples.of({ name, value, phase, variantIds }), unitCount: facts.units };
}

function quantileOfArm(
  { byVariant, unitCount }: Samples,
  variantId: string,
  p: number,
): ClusteredQuantile | Inconclusive {
  const sample = byVariant.get(variantId);
  if (sample === undefined || sample.values.length === 0) return inconclusive("no_data", "no value was seen");
  return clusteredQuantile({ ...sample, unitCount, p });
}

function armValue(
  samples: Samples,
  variantId: string,
  own: ClusteredQuantile | Inconclusive | undefined,
): ArmValue {
  const sample = samples.byVariant.get(variantId);
  const isKnown = own?.kind === "quantile";
  return {
    variantId,
    units: sample?.firsts.length ?? 0,
    n: sample?.values.length ?? 0,
    value: isKnown ? own.value : undefined,
    halfWidth: isKnown ? (own.interval.high - own.interval.low) / 2 : undefined,
    uncapped: undefined,
  };
}

interface Asked {
  readonly context: MetricContext;
  readonly definition: MetricDefinition;
  readonly use: MetricUse | undefined;
  readonly samples: Samples;
  readonly p: number;
  readonly own: ReadonlyMap<string, ClusteredQuantile | Inconclusive>;
}

function compare(asked: Asked, variantId: string): Comparison {
  const { context, own, samples, p, use } = asked;
  const { plan, isPlanReached } = context;
  const none = inconclusive("no_data", "no value was seen");
  const control = own.get(plan.controlId) ?? none;
  const fixed = compareQuantiles(own.get(variantId) ?? none, control, { confidence: 1 - plan.alpha });
  const sequenceAt = (alpha: number) => {
    const first = (id: string) => samples.byVariant.get(id)?.firsts ?? new Float64Array(0);
    // Half of the planned units are one arm's.
    const tuning = { tunedFor: Math.max(1, Math.round(plan.plannedUnits / plan.variantIds.length)) };
    return sequenceOf(first(variantId), first(plan.controlId), { p, alpha, tuning, fixed });
  };
  const sequence = sequenceAt(plan.alpha);
  const base = control.kind === "quantile" ? control.value : undefined;
  const firsts = samples.byVariant.get(plan.controlId)?.firsts ?? new Float64Array(0);
  // Of the same values as the difference is: the first request of each unit.
  const firstBase = firsts[Math.max(0, Math.ceil(firsts.length * p) - 1)];
  return {
    variantId,
    sequence,
    fixed,
    shown: isPlanReached ? "fixed" : "sequence",
    lift:
      firstBase === undefined || !(firstBase > 0) || sequence.kind === "inconclusive"
        ? undefined
        : {
            value: sequence.value / firstBase,
            interval: { low: sequence.interval.low / firstBase, high: sequence.interval.high / firstBase },
          },
    adjustedPValue: undefined,
    falseDiscoveryPValue: undefined,
    plain: inconclusive(
      "invalid_input",
      "the textbook's tests are of means and shares; see the interval of the quantile",
    ),
    bayes: undefined,
    cuped: undefined,
    asTreated: undefined,
    perPhase: [],
    guardrail: use && guardrailOf(plan, use, { base, sequenceAt, better: asked.definition.better }),
    intraclassCorrelation: undefined,
  };
}

/** On one request a unit: Howard and Ramdas' bounds want independent values. */
function sequenceOf(
  treatment: Float64Array,
  control: Float64Array,
  asked: {
    readonly p: number;
    readonly alpha: number;
    readonly tuning: { readonly tunedFor: number };
    readonly fixed: Estimate | Inconclusive;
  },
): Estimate | Inconclusive {
  const { p, alpha, tuning, fixed } = asked;
  const found = quantileDifferenceSequence(treatment, control, p, alpha, tuning);
  if (found.kind === "inconclusive") return found;
  const { value, interval, pValue } = found;
  // The bounds come from ranks and have no standard error; that of the estimate on all requests stands for scale alone.
  const standardError = fixed.kind === "estimate" ? fixed.standardError : (interval.high - interval.low) / 4;
  return { kind: "estimate", value, standardError, df: Number.POSITIVE_INFINITY, interval, pValue };
}

function guardrailOf(
  plan: AnalysisPlan,
  use: MetricUse,
  asked: {
    readonly base: number | undefined;
    readonly sequenceAt: (alpha: number) => Estimate | Inconclusive;
    readonly better: "higher" | "lower";
  },
): Comparison["guardrail"] {
  if (use.role !== "guardrail" || use.margin === undefined) return undefined;
  const { base, sequenceAt, better } = asked;
  if (base === undefined) return { margin: undefined, isNonInferior: false, isHarmed: false };
  const margin = use.margin.kind === "absolute" ? use.margin.value : use.margin.value * base;
  const watched = plan.metrics.filter(({ role }) => role === "guardrail").length;
  const worst = (estimate: Estimate | Inconclusive, side: "best" | "worst") => {
    if (estimate.kind === "inconclusive")
      return side === "best" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const { low, high } = estimate.interval;
    const [least, most] = better === "lower" ? [low, high] : [-high, -low];
    return side === "best" ? least : most;
  };
  const isNonInferior = worst(sequenceAt(plan.alpha), "worst") < margin;
  const isWorse = worst(sequenceAt(plan.alpha / watched), "best") > 0;
  return { margin, isNonInferior, isHarmed: isWorse && !isNonInferior };
}
