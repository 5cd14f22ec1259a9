/** The truth that was set beside what the statistics found of it. */
import type { Interval } from "../domain/estimate.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import type { ExperimentReport, MetricReport } from "../domain/report.ts";
import { faultMetric, type Truth } from "./simulate-truth.ts";

export interface Finding {
  readonly metric: string;
  readonly variantId: string;
  /** Treatment minus control: of one outcome, or of the error rate. */
  readonly set: number;
  /** Undefined where the statistics have none; `reason` says why. */
  readonly found: { readonly value: number; readonly interval: Interval } | undefined;
  /** Is what was set inside the interval? Undefined where that cannot be said. */
  readonly isInside: boolean | undefined;
  readonly reason: string | undefined;
  /** Of the requests of one unit, where the statistics tell it. */
  readonly intraclassCorrelation: number | undefined;
  readonly report: Pick<MetricReport, "unit" | "scale">;
}

/** One for each treatment and metric that was simulated. */
export function findingsOf(
  report: ExperimentReport,
  truth: Truth,
  treatments: readonly string[],
): readonly Finding[] {
  const simulated: readonly (OutcomeMetric | undefined)[] = truth.models.map(({ metric }) => metric);
  const hasFaults = treatments.some((id) => truth.effectOf(id, faultMetric) !== 0);
  return [...simulated, ...(hasFaults ? [undefined] : [])].flatMap((metric) => {
    const name = metric?.name ?? faultMetric;
    const found = report.metrics.find((one) => one.metric === name);
    if (found === undefined) return [];
    return treatments.map((variantId) =>
      findingOf(found, { metric, variantId, set: truth.effectOf(variantId, name) }),
    );
  });
}

interface Set {
  /** Undefined for one that is measured without outcomes. */
  readonly metric: OutcomeMetric | undefined;
  readonly variantId: string;
  readonly set: number;
}

function findingOf(report: MetricReport, { metric, variantId, set }: Set): Finding {
  const comparison = report.comparisons.find((one) => one.variantId === variantId);
  const estimate = comparison?.[comparison.shown];
  const found =
    estimate?.kind === "estimate" ? { value: estimate.value, interval: estimate.interval } : undefined;
  const missing = estimate?.kind === "inconclusive" ? estimate.message : "nobody met it yet";
  const reason = otherwiseCounted(metric, set) ?? (found === undefined ? missing : undefined);
  return {
    metric: report.metric,
    variantId,
    set,
    found,
    isInside:
      found === undefined || reason !== undefined
        ? undefined
        : found.interval.low <= set && set <= found.interval.high,
    reason,
    intraclassCorrelation: comparison?.intraclassCorrelation,
    report: { unit: report.unit, scale: report.scale },
  };
}

/** An effect is set for each outcome; a metric that counts something else, or later, shows another number. */
function otherwiseCounted(metric: OutcomeMetric | undefined, set: number): string | undefined {
  if (metric === undefined) return undefined;
  const { windowMs, per, combine } = metric;
  // In JSON an infinite window is null.
  if (typeof windowMs === "number" && Number.isFinite(windowMs)) {
    return `counted once its window of ${Number((windowMs / 3_600_000).toPrecision(3))} h is over`;
  }
  if (set === 0) return undefined;
  if (per !== "outcome") return `set for each outcome, and counted per ${per}`;
  const isOneOfThem = combine === "last" || combine === "first" || combine === "mean";
  return isOneOfThem ? undefined : `set for each outcome, and several are combined by ${combine}`;
}
