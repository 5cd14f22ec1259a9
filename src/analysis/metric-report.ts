/** One metric over all variants: its values, and each treatment against the control. */
import { type BuiltInMetric, builtInMetrics } from "../domain/metric.ts";
import type { AnalysisPlan, ArmValue, MetricDefinition, MetricReport } from "../domain/report.ts";
import { compareVariant } from "./comparison.ts";
import { type FactColumns, noCell } from "./fact-columns.ts";
import type { MetricContext } from "./metric-context.ts";
import { quantileReport } from "./quantile-report.ts";
import { ratioEstimate } from "./ratio.ts";
import { type MetricShape, metricShape } from "./request-values.ts";
import type { PairSummary } from "./summary.ts";
import { treatedStrata } from "./treated.ts";
import { exposedValues, type UnitTable } from "./unit-table.ts";
import { capAt } from "./winsorise.ts";

type RatioShape = Extract<MetricShape, { kind: "ratio" }>;

export function metricReport(context: MetricContext, name: string): MetricReport {
  const definition = definitionOf(context.plan, name);
  const shape = shapeOf(context.facts, definition);
  return shape?.kind === "quantile"
    ? quantileReport(context, definition, shape)
    : ratioReport(context, definition, shape);
}

function ratioReport(
  context: MetricContext,
  definition: MetricDefinition,
  shape: RatioShape | undefined,
): MetricReport {
  const { plan, facts, cells } = context;
  const cap = shape === undefined ? Number.POSITIVE_INFINITY : capOf(facts, shape);
  const table = tableOf(context, definition, { shape, cap });
  const armOf = cells.summarize(table);
  const use = plan.metrics.find(({ metric }) => metric === definition.name);
  const isLog = definition.name === "latency_log";
  const isCapped = table.uncapped !== table.sum;
  const isWatched = use === undefined || shape === undefined;
  const asked = {
    ...context,
    definition,
    use,
    isLog,
    table,
    armOf,
    treated: isWatched ? undefined : treatedStrata(context, shape, cap),
    history: isWatched ? undefined : historyOf(facts, shape),
    isBySession: shape?.per === "session",
  };
  const treatments = context.armsOnly ? [] : plan.variantIds.filter((id) => id !== plan.controlId);
  return {
    metric: definition.name,
    description: definition.description,
    role: use?.role ?? "watched",
    better: definition.better,
    unit: definition.unit,
    kind: "ratio",
    scale: isLog ? "log" : "linear",
    margin: use?.margin,
    arms: plan.variantIds.map((variantId) => {
      const arms = facts.phases.map((_, phase) => armOf(phase, variantId));
      const [only] = arms;
      const pairs = only !== undefined && arms.length === 1 ? only.pairs : cells.overall(table, variantId);
      const uncapped = isCapped ? arms.reduce((sum, arm) => sum + arm.uncapped, 0) : undefined;
      return armValue({ variantId, pairs, isLog, uncapped });
    }),
    comparisons: treatments.map((variantId) => compareVariant(asked, variantId, context.phasesOf(variantId))),
  };
}

function definitionOf(plan: AnalysisPlan, name: string): MetricDefinition {
  const found = plan.definitions.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`metric "${name}" has no definition`);
  return found;
}

/** Undefined for a metric of outcomes. */
export function shapeOf(facts: FactColumns, { name, outcome }: MetricDefinition): MetricShape | undefined {
  const builtIn = builtInMetrics.find((one): one is BuiltInMetric => one === name);
  return outcome !== undefined || builtIn === undefined ? undefined : metricShape(builtIn, facts);
}

function tableOf(
  { tables, outcomes, now }: MetricContext,
  { name, outcome }: MetricDefinition,
  { shape, cap }: { readonly shape: RatioShape | undefined; readonly cap: number },
): UnitTable {
  if (shape !== undefined) return tables.ofRequests(shape, cap);
  if (outcome === undefined) throw new RangeError(`metric "${name}" is neither built in nor an outcome's`);
  return tables.ofOutcomes(outcomes, outcome, now);
}

/** The 99.9th percentile of all variants together, so that the cap does not move with the effect. */
export function capOf(
  facts: FactColumns,
  { value, isBounded }: Pick<RatioShape, "value" | "isBounded">,
): number {
  if (isBounded) return Number.POSITIVE_INFINITY;
  const cap = capAt(exposedValues(facts, value).values);
  return typeof cap === "number" ? cap : Number.POSITIVE_INFINITY;
}

/** Of each unit, the mean before its first exposure; undefined where no unit has any. */
function historyOf(facts: FactColumns, { value }: RatioShape): Float64Array | undefined {
  const sums = new Float64Array(facts.units);
  const counts = new Float64Array(facts.units);
  let found = false;
  for (let i = 0; i < facts.length; i++) {
    if ((facts.cell[i] ?? noCell) !== noCell) continue;
    const unit = facts.unit[i] ?? 0;
    if (!((facts.receivedAt[i] ?? 0) < (facts.unitStart[unit] ?? 0))) continue;
    const one = value(i);
    if (Number.isNaN(one)) continue;
    found = true;
    sums[unit] = (sums[unit] ?? 0) + one;
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  // 0 / 0 is NaN: no history.
  return found ? sums.map((sum, unit) => sum / (counts[unit] ?? 0)) : undefined;
}

/** The normal distribution's 97.5th percentile: half of a 95 % interval. */
export const critical = 1.959963984540054;

function armValue(arm: {
  readonly variantId: string;
  readonly pairs: PairSummary;
  readonly isLog: boolean;
  readonly uncapped: number | undefined;
}): ArmValue {
  const { variantId, pairs, isLog, uncapped } = arm;
  // Whole, but for the rounding of the mean.
  const count = Math.round(pairs.n * pairs.meanY);
  const none = { variantId, units: pairs.n, n: count, value: undefined, halfWidth: undefined };
  const mean = pairs.meanX / pairs.meanY;
  // Nothing, or too much for a number.
  if (count === 0 || !Number.isFinite(mean)) return { ...none, uncapped: undefined };
  const found = ratioEstimate(pairs);
  const half = found.kind === "ratio" ? critical * Math.sqrt(found.variance) : undefined;
  const value = isLog ? Math.exp(mean) : mean;
  return {
    ...none,
    value,
    halfWidth: half !== undefined && isLog ? value * Math.expm1(half) : half,
    uncapped: uncapped === undefined ? undefined : uncapped / count,
  };
}
