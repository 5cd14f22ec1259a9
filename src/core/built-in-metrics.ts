import type { Better, BuiltInMetric, Margin, MetricUnit, OutcomeKind } from "../domain/metric.ts";
import { builtInMetrics } from "../domain/metric.ts";

export interface BuiltIn {
  readonly better: Better;
  readonly unit: Exclude<MetricUnit, "value">;
  readonly description: string;
}

/** What Assay measures on its own, without any outcome. */
export const builtIns: Readonly<Record<BuiltInMetric, BuiltIn>> = {
  success_rate: { better: "higher", unit: "share", description: "Requests that ended well." },
  error_rate: {
    better: "lower",
    unit: "share",
    description: "Requests whose first attempt failed, whether or not a retry or a fallback rescued them.",
  },
  fallback_rate: {
    better: "lower",
    unit: "share",
    description: "Requests that another target answered than the variant's own.",
  },
  refusal_rate: {
    better: "lower",
    unit: "share",
    description: "Requests that the model or its content filter refused.",
  },
  truncation_rate: {
    better: "lower",
    unit: "share",
    description: "Requests whose answer was cut off at its length limit.",
  },
  blocked_rate: { better: "lower", unit: "share", description: "Requests that a guardrail blocked." },
  redacted_rate: {
    better: "lower",
    unit: "share",
    description: "Requests of which a guardrail took something out.",
  },
  flagged_rate: {
    better: "lower",
    unit: "share",
    description: "Requests in which a guardrail flagged something.",
  },
  cancelled_rate: {
    better: "lower",
    unit: "share",
    description:
      "Requests that their client gave up. These count in no other metric: watch it, for a slow variant may hide behind it.",
  },
  schema_pass_first_rate: {
    better: "higher",
    unit: "share",
    description: "Checked requests whose first answer fitted the schema.",
  },
  schema_pass_rate: {
    better: "higher",
    unit: "share",
    description: "Checked requests whose last answer fitted the schema, repairs included.",
  },
  latency: { better: "lower", unit: "ms", description: "From the request's arrival to its last byte, mean." },
  latency_log: {
    better: "lower",
    unit: "ms",
    description: "The same as a geometric mean: compared as a ratio, and calm under outliers.",
  },
  latency_p50: { better: "lower", unit: "ms", description: "The same, median." },
  latency_p95: { better: "lower", unit: "ms", description: "The same, 95th percentile." },
  latency_p99: { better: "lower", unit: "ms", description: "The same, 99th percentile." },
  first_chunk: {
    better: "lower",
    unit: "ms",
    description: "From the request's arrival to the first content of a stream, mean.",
  },
  first_chunk_p95: { better: "lower", unit: "ms", description: "The same, 95th percentile." },
  input_tokens: { better: "lower", unit: "tokens", description: "Input tokens of a request, mean." },
  output_tokens: { better: "lower", unit: "tokens", description: "Output tokens of a request, mean." },
  cost: { better: "lower", unit: "usd", description: "Dollars for a request, mean." },
  tokens_per_session: {
    better: "lower",
    unit: "tokens",
    description: "Input and output tokens of a session, mean.",
  },
  cost_per_session: { better: "lower", unit: "usd", description: "Dollars for a session, mean." },
};

/** Whether Assay measures a metric of this name itself. */
export function isBuiltIn(name: string): name is BuiltInMetric {
  return builtInMetrics.some((builtIn) => builtIn === name);
}

/** What the values of an outcome's metric count. */
export function outcomeUnit(kind: OutcomeKind): MetricUnit {
  return kind === "boolean" || kind === "correctness" ? "share" : "value";
}

/**
 * The harm that a guardrail tolerates where its margin is left open: one percentage point of a share, since a tenth of a
 * small rate could never be told from nothing; 10 % of anything else.
 */
export function defaultMargin(unit: MetricUnit): Margin {
  return unit === "share" ? { kind: "absolute", value: 0.01 } : { kind: "relative", value: 0.1 };
}
