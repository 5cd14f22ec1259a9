/** The rule that turns records and outcomes into a number for each unit. */

/** Measured on every request, without any outcome. */
export const builtInMetrics = [
  "success_rate",
  "error_rate",
  "fallback_rate",
  "refusal_rate",
  "truncation_rate",
  "blocked_rate",
  "redacted_rate",
  "flagged_rate",
  "cancelled_rate",
  "schema_pass_first_rate",
  "schema_pass_rate",
  "latency",
  "latency_log",
  "latency_p50",
  "latency_p95",
  "latency_p99",
  "first_chunk",
  "first_chunk_p95",
  "input_tokens",
  "output_tokens",
  "cost",
  "tokens_per_session",
  "cost_per_session",
] as const;

export type BuiltInMetric = (typeof builtInMetrics)[number];

/** What the values of a metric count. A share lies in 0 to 1; `value` is a team's own number, of a unit that only it knows. */
export type MetricUnit = "share" | "ms" | "tokens" | "usd" | "value";

export type Better = "higher" | "lower";

/** How an outcome's value is read. */
export type OutcomeKind = "boolean" | "number" | "category" | "correctness";

/** What one value is divided by: the outcomes that came, all requests, or all units. Where none came it counts 0 for the latter two. */
export type MetricPer = "outcome" | "request" | "unit";

/** Several values of one subject and metric become one. */
export type Combine = "last" | "first" | "sum" | "mean" | "max";

/** A metric that the team's outcomes are measured by. */
export interface OutcomeMetric {
  readonly name: string;
  readonly description: string;
  readonly kind: OutcomeKind;
  readonly better: Better;
  readonly per: MetricPer;
  readonly combine: Combine;
  /** Of numbers; a value outside is refused. */
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  /** Of categories: what each counts; 1 and 0 for "is it this one". */
  readonly categories: Readonly<Record<string, number>>;
  /** Values of a unit above this count as this much. Undefined: at the 99.9th percentile of both arms. */
  readonly cap: number | undefined;
  /** Infinite where none is set. Only outcomes within this time of their request (or their unit's first one) count, and only requests that are that old. */
  readonly windowMs: number;
}

/** A metric as one experiment uses it. */
export interface MetricUse {
  readonly metric: string;
  readonly role: "goal" | "guardrail";
  /** The largest harm that is tolerated: absolute, or a share of the control's value. Guardrails only. */
  readonly margin: Margin | undefined;
  /** The smallest effect that matters, for plans. */
  readonly smallestEffect: Margin | undefined;
}

export type Margin =
  | { readonly kind: "absolute"; readonly value: number }
  | { readonly kind: "relative"; readonly value: number };

/** How an experiment is judged. */
export interface AnalysisConfig {
  readonly metrics: readonly MetricUse[];
  /** Probability of a false winner over the whole experiment. */
  readonly alpha: number;
  /** Units of all variants together that the experiment is planned for: the sequence is tightest there. */
  readonly plannedUnits: number;
  /** Units an arm below which nothing is printed as an effect. */
  readonly minimumUnits: number;
}
