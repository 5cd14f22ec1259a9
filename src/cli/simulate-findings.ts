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

export interface Simulated {
  readonly truth: Truth;
  readonly treatments: readonly string[];
  /** In the report too, from before the simulation: nobody knows what was true of them. */
  readonly earlierRequests: number;
}

/** One for each treatment and metric that was simulated. With earlier requests in it nothing is judged. */
export function findingsOf(
  report: ExperimentReport,
  { truth, treatments, earlierRequests }: Simulated,
): readonly Finding[] {
  const simulated: readonly (OutcomeMetric | undefined)[] = truth.models.map(({ metric }) => metric);
  const hasFaults = treatments.some((id) => truth.effectOf(id, faultMetric) !== 0);
  return [...simulated, ...(hasFaults ? [undefined] : [])].flatMap((metric) => {
    const name = metric?.name ?? faultMetric;
    const found = report.metrics.find((one) => one.metric === name);
    return treatments.map((variantId) => {
      const set = truth.effectOf(variantId, name);
      if (found === undefined) return { ...unreported, metric: name, variantId, set };
      const finding = findingOf(found, { metric, variantId, set });
      return earlierRequests > 0 ? { ...finding, isInside: undefined } : finding;
    });
  });
}

const unreported: Omit<Finding, "metric" | "variantId" | "set"> = {
  found: undefined,
  isInside: undefined,
  reason: "the report does not have it: name it under the experiment's analysis",
  intraclassCorrelation: undefined,
  report: { unit: "share", scale: "linear" },
};

interface SetEffect {
  /** Undefined for one that is measured without outcomes. */
  readonly metric: OutcomeMetric | undefined;
  readonly variantId: string;
  readonly set: number;
}

function findingOf(report: MetricReport, { metric, variantId, set }: SetEffect): Finding {
  const comparison = report.comparisons.find((one) => one.variantId === variantId);
  const estimate = comparison?.sequence;
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
    return `counted once its window of ${windowText(windowMs)} is over`;
  }
  if (set === 0) return undefined;
  if (per !== "outcome") return `set for each outcome, and counted per ${per}`;
  const isOneOfThem = combine === "last" || combine === "first" || combine === "mean";
  return isOneOfThem ? undefined : `set for each outcome, and several are combined by ${combine}`;
}

/** As the configuration writes it: `30m`, `24h`, `7d`. */
function windowText(windowMs: number): string {
  const [size, sign] = units.find(([ms]) => windowMs % ms === 0) ?? [1000, "s"];
  return `${Number((windowMs / size).toPrecision(6))}${sign}`;
}

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
] as const;
