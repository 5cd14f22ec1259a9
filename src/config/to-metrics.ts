import { builtIns, defaultMargin, isBuiltIn, outcomeUnit } from "../core/built-in-metrics.ts";
import type { AnalysisConfig, Margin, MetricUse, OutcomeMetric } from "../domain/metric.ts";
import type { AnalysisSection, GoalSection, GuardrailSection, MetricSection } from "./file-shape.ts";

const minuteMs = 60_000;
const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: minuteMs,
  h: 60 * minuteMs,
  d: 24 * 60 * minuteMs,
};

/** Milliseconds of `30s`, `30m`, `24h` or `7d`. The schema's pattern permits these forms only. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? minuteMs);
}

/** `0.01` is absolute, `10%` a share of the control's value. The schema's pattern permits these forms only. */
export function toMargin(written: number | string): Margin {
  const text = String(written);
  return text.endsWith("%")
    ? { kind: "relative", value: Number(text.slice(0, -1)) / 100 }
    : { kind: "absolute", value: Number(text) };
}

export function toOutcomeMetric(name: string, metric: MetricSection): OutcomeMetric {
  // Without a prototype: categories that clients send are looked up in it.
  const categories: Record<string, number> = Object.assign(Object.create(null), metric.categories);
  return {
    name,
    description: metric.description,
    kind: metric.kind,
    better: metric.better,
    per: metric.per,
    combine: metric.combine,
    minimum: metric.minimum,
    maximum: metric.maximum,
    categories,
    cap: metric.cap,
    windowMs: metric.window === undefined ? Number.POSITIVE_INFINITY : durationMs(metric.window),
  };
}

export function toAnalysis(
  analysis: AnalysisSection,
  metrics: Readonly<Record<string, MetricSection>>,
): AnalysisConfig {
  return {
    metrics: [
      ...analysis.goals.map(toGoal),
      ...analysis.guardrails.map((written) => toGuardrail(written, metrics)),
    ],
    alpha: analysis.alpha,
    plannedUnits: analysis.planned_units,
    minimumUnits: analysis.minimum_units,
  };
}

function toGoal(written: GoalSection): MetricUse {
  const { metric, smallest_effect: smallest } = typeof written === "string" ? { metric: written } : written;
  return {
    metric,
    role: "goal",
    margin: undefined,
    smallestEffect: smallest === undefined ? undefined : toMargin(smallest),
  };
}

function toGuardrail(written: GuardrailSection, metrics: Readonly<Record<string, MetricSection>>): MetricUse {
  const { metric, margin } = typeof written === "string" ? { metric: written } : written;
  const tolerated = margin === undefined ? marginOf(metric, metrics) : toMargin(margin);
  return { metric, role: "guardrail", margin: tolerated, smallestEffect: undefined };
}

/** What is tolerated where nothing is written. */
export function marginOf(metric: string, metrics: Readonly<Record<string, MetricSection>>): Margin {
  if (isBuiltIn(metric)) return defaultMargin(builtIns[metric].unit);
  const kind = Object.hasOwn(metrics, metric) ? metrics[metric]?.kind : undefined;
  return defaultMargin(outcomeUnit(kind ?? "number"));
}
