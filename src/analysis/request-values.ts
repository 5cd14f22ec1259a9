/** What each built-in metric reads from one request, and what it is divided by. */
import type { BuiltInMetric } from "../domain/metric.ts";
import { factFlags } from "../domain/store.ts";
import type { FactColumns } from "./fact-columns.ts";

/** NaN where the request has no such value: it then counts neither above nor below. */
export type RequestValue = (index: number) => number;

export type MetricShape =
  | {
      readonly kind: "ratio";
      readonly value: RequestValue;
      readonly per: "request" | "session";
      readonly isBounded: boolean;
    }
  | {
      readonly kind: "quantile";
      readonly p: number;
      /** Names `value`: quantiles of the same values share what is picked out of them. */
      readonly of: "latency" | "first_chunk";
      readonly value: RequestValue;
    };

/**
 * A request that its client gave up, and one that never finished, has no success, no error and no latency: neither is the
 * variant's doing in a way that these numbers could tell. Everything else counts, what fell back included.
 */
export function metricShape(metric: BuiltInMetric, facts: FactColumns): MetricShape {
  const { flags } = facts;
  const ended: RequestValue = (i) => (((flags[i] ?? 0) & notEnded) === 0 ? 1 : Number.NaN);
  const share = (flag: number, among: number = 0): MetricShape => ({
    kind: "ratio",
    per: "request",
    isBounded: true,
    value: (i) => {
      const bits = flags[i] ?? 0;
      if ((bits & notEnded) !== 0 || (bits & among) !== among) return Number.NaN;
      return (bits & flag) === 0 ? 0 : 1;
    },
  });
  const mean = (column: Float64Array): MetricShape => ({
    kind: "ratio",
    per: "request",
    isBounded: false,
    value: (i) => column[i] ?? Number.NaN,
  });
  // A request outside of any session would be paid for by the sessions of its unit.
  const bySession = (value: RequestValue): MetricShape => ({
    kind: "ratio",
    per: "session",
    isBounded: false,
    value: (i) => (facts.hasSession[i] === 1 ? value(i) : Number.NaN),
  });
  const waited: RequestValue = (i) => (facts.latencyMs[i] ?? Number.NaN) * ended(i);
  const firstChunk: RequestValue = (i) => facts.firstChunkMs[i] ?? Number.NaN;
  const shapes: Readonly<Record<BuiltInMetric, () => MetricShape>> = {
    success_rate: () => share(factFlags.success),
    error_rate: () => share(factFlags.error),
    fallback_rate: () => share(factFlags.fallback),
    refusal_rate: () => share(factFlags.refusal),
    truncation_rate: () => share(factFlags.truncated),
    blocked_rate: () => share(factFlags.blocked),
    redacted_rate: () => share(factFlags.redacted),
    flagged_rate: () => share(factFlags.flagged),
    cancelled_rate: () => ({
      kind: "ratio",
      per: "request",
      isBounded: true,
      value: (i) => {
        const bits = flags[i] ?? 0;
        if ((bits & factFlags.unfinished) !== 0) return Number.NaN;
        return (bits & factFlags.cancelled) === 0 ? 0 : 1;
      },
    }),
    schema_pass_first_rate: () => share(factFlags.schemaFirstPassed, factFlags.schemaFirstEvaluated),
    schema_pass_rate: () => share(factFlags.schemaPassed, factFlags.schemaEvaluated),
    latency: () => ({ kind: "ratio", per: "request", isBounded: false, value: waited }),
    // A logarithm has no heavy tail to cap.
    latency_log: () => ({
      kind: "ratio",
      per: "request",
      isBounded: true,
      value: (i) => Math.log(positive(waited(i))),
    }),
    latency_p50: () => ({ kind: "quantile", p: 0.5, of: "latency", value: waited }),
    latency_p95: () => ({ kind: "quantile", p: 0.95, of: "latency", value: waited }),
    latency_p99: () => ({ kind: "quantile", p: 0.99, of: "latency", value: waited }),
    first_chunk: () => ({ kind: "ratio", per: "request", isBounded: false, value: firstChunk }),
    first_chunk_p95: () => ({ kind: "quantile", p: 0.95, of: "first_chunk", value: firstChunk }),
    input_tokens: () => mean(facts.inputTokens),
    output_tokens: () => mean(facts.outputTokens),
    cost: () => mean(facts.costUsd),
    tokens_per_session: () =>
      bySession((i) => (facts.inputTokens[i] ?? Number.NaN) + (facts.outputTokens[i] ?? Number.NaN)),
    cost_per_session: () => bySession((i) => facts.costUsd[i] ?? Number.NaN),
  };
  return shapes[metric]();
}

const notEnded = factFlags.cancelled | factFlags.unfinished;

function positive(milliseconds: number): number {
  // A clock of microseconds may tell 0; its logarithm would be minus infinity.
  return Math.max(milliseconds, 0.001);
}
