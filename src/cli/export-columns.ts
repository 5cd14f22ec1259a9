/** Records and outcomes as flat columns, for tables that know no nesting. JSON lines keep them whole. */
import type { OutcomeRecord } from "../domain/outcome.ts";
import type { RequestRecord } from "../domain/record.ts";

/** `time` is epoch milliseconds; tables show it as a time. Undefined is a value that is not there. */
export interface ExportColumn<Row> {
  readonly name: string;
  readonly type: "text" | "integer" | "number" | "boolean" | "time";
  readonly value: (row: Row) => string | number | boolean | undefined;
}

type Value<T> = (row: RequestRecord) => T | undefined;

const text = (name: string, value: Value<string>): ExportColumn<RequestRecord> => ({
  name,
  type: "text",
  value,
});
const integer = (name: string, value: Value<number>): ExportColumn<RequestRecord> => ({
  name,
  type: "integer",
  value,
});
const number = (name: string, value: Value<number>): ExportColumn<RequestRecord> => ({
  name,
  type: "number",
  value,
});
const flag = (name: string, value: Value<boolean>): ExportColumn<RequestRecord> => ({
  name,
  type: "boolean",
  value,
});

export const recordColumns: readonly ExportColumn<RequestRecord>[] = [
  text("request_id", (record) => record.requestId),
  text("trace_id", (record) => record.traceId),
  { name: "received_at", type: "time", value: (record) => record.receivedAt },
  text("revision", (record) => record.revision),
  text("experiment", (record) => record.experimentId),
  text("phase", (record) => record.phase),
  text("unit_hash", (record) => record.unitHash),
  text("session_hash", (record) => record.sessionHash),
  text("unit_source", (record) => record.unitSource),
  text("assigned_variant", (record) => record.assignedVariantId),
  text("served_variant", (record) => record.servedVariantId),
  text("assignment", (record) => record.reason),
  flag("is_exposed", (record) => record.isExposed),
  flag("is_client_retry", (record) => record.isClientRetry),
  flag("is_stream", (record) => record.isStream),
  text("prompt", ({ prompt }) => prompt && `${prompt.name}@${prompt.version}`),
  text("prompt_hash", ({ prompt }) => prompt?.hash),
  text("rag_index_version", (record) => record.ragIndexVersion),
  text("request_model", (record) => record.requestModel),
  text("response_model", (record) => record.responseModel),
  text("response_id", (record) => record.responseId),
  integer("attempts", ({ attempts }) => attempts.length),
  text("first_attempt_cause", ({ attempts }) => attempts[0]?.cause),
  text("last_upstream", ({ attempts }) => attempts.at(-1)?.upstream),
  text("last_model", ({ attempts }) => attempts.at(-1)?.model),
  integer("input_tokens", ({ usage }) => usage?.inputTokens),
  integer("output_tokens", ({ usage }) => usage?.outputTokens),
  integer("cached_input_tokens", ({ usage }) => usage?.cachedInputTokens),
  integer("reasoning_tokens", ({ usage }) => usage?.reasoningTokens),
  text("usage_source", ({ usage }) => usage?.source),
  number("cost_usd", (record) => record.costUsd),
  text("price_table", (record) => record.priceTable),
  number("latency_ms", (record) => record.latencyMs),
  number("overhead_ms", (record) => record.overheadMs),
  number("first_chunk_ms", (record) => record.firstChunkMs),
  integer("chunks", (record) => record.chunks),
  text("outcome", (record) => record.outcome),
  text("error_type", (record) => record.errorType),
  integer("status", (record) => record.status),
  text("safety", (record) => record.safety),
  flag("is_refusal", (record) => record.isRefusal),
  text("finish_reasons", ({ finishReasons }) => finishReasons.join(" ") || undefined),
  text("first_validation", ({ validations }) => validations[0]?.result),
  text("last_validation", ({ validations }) => validations.at(-1)?.result),
  text("fallback_from", ({ fallback }) => fallback?.from),
  text("fallback_to", ({ fallback }) => fallback?.to),
  text("fallback_cause", ({ fallback }) => fallback?.cause),
  text("prediction", (record) => record.prediction),
];

export const outcomeColumns: readonly ExportColumn<OutcomeRecord>[] = [
  { name: "outcome_id", type: "text", value: ({ outcomeId }) => outcomeId },
  { name: "metric", type: "text", value: ({ metric }) => metric },
  { name: "at", type: "time", value: ({ at }) => at },
  { name: "received_at", type: "time", value: ({ receivedAt }) => receivedAt },
  {
    name: "request_id",
    type: "text",
    value: ({ subject }) => (subject.kind === "request" ? subject.requestId : undefined),
  },
  {
    name: "session_hash",
    type: "text",
    value: ({ subject }) => (subject.kind === "session" ? subject.sessionHash : undefined),
  },
  {
    name: "unit_hash",
    type: "text",
    value: ({ subject }) => (subject.kind === "unit" ? subject.unitHash : undefined),
  },
  { name: "value", type: "number", value: ({ value }) => value },
  { name: "category", type: "text", value: ({ category }) => category },
  { name: "label", type: "text", value: ({ label }) => label },
  { name: "comment", type: "text", value: ({ comment }) => comment },
  { name: "idempotency_hash", type: "text", value: ({ idempotencyHash }) => idempotencyHash },
];
