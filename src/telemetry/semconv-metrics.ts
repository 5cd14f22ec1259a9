/** The metrics by name, unit, labels and buckets; what is told on spans stands in semconv.ts. */
import { attribute } from "./semconv.ts";
import { controlMetrics } from "./semconv-control-metrics.ts";

export interface MetricDefinition {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly unit: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];
/** The conventions' own, for the instruments that they define. */
const genAiDurationBuckets = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const firstChunkBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const perChunkBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const tokenBuckets = [
  1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
];
const httpBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const guardrailBuckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Semantic conventions for SDK metrics. */
const queueLabels = ["otel.component.type", "otel.component.name"];
const processedLabels = [...queueLabels, attribute.errorType];

const define = <const K extends string>(metrics: Record<K, MetricDefinition>): Record<K, MetricDefinition> =>
  metrics;

/** Labels name what the configuration names and what our own tables hold: never what a client or an upstream wrote. */
export const metric = define({
  requests: {
    name: "assay.requests",
    kind: "counter",
    unit: "{request}",
    description: "Requests that have ended.",
    labels: ["experiment", "variant", "outcome", "safety", "fallback.used"],
  },
  requestDuration: {
    name: "assay.request.duration",
    kind: "histogram",
    unit: "s",
    description: "From a request's arrival to the last byte of its answer.",
    labels: ["experiment", "variant", "outcome"],
    buckets: durationBuckets,
  },
  attempts: {
    name: "assay.attempts",
    kind: "counter",
    unit: "{attempt}",
    description: "Calls to upstreams, and those that the breaker or the limit kept back.",
    labels: ["upstream", "reason", "outcome"],
  },
  fallbacks: {
    name: "assay.fallbacks",
    kind: "counter",
    unit: "{request}",
    description: "Requests that a fallback served.",
    labels: ["experiment", "variant", "to", "cause"],
  },
  validations: {
    name: "assay.validations",
    kind: "counter",
    unit: "{validation}",
    description:
      "Checks of an answer against its schema; `phase` tells the first answer from a repaired one and from a fallback's.",
    labels: ["experiment", "variant", "result", "phase"],
  },
  guardrails: {
    name: "assay.guardrail.evaluations",
    kind: "counter",
    unit: "{evaluation}",
    description:
      "What guardrails said: allow, flag, redact, block, not_evaluated, or failed for one that crashed or was too slow.",
    labels: ["experiment", "variant", "guardrail", "stage", "verdict", "shadow"],
  },
  guardrailTokens: {
    name: "assay.guardrail.tokens",
    kind: "counter",
    unit: "{token}",
    description: "Tokens that guardrails spent on models of their own; no other metric counts them.",
    labels: ["guardrail", "type"],
  },
  guardrailDuration: {
    name: "assay.guardrail.duration",
    kind: "histogram",
    unit: "s",
    description: "What a guardrail took for one request.",
    labels: ["guardrail", "stage"],
    buckets: guardrailBuckets,
  },
  tokens: {
    name: "assay.tokens",
    kind: "counter",
    unit: "{token}",
    description: "Tokens of all attempts.",
    labels: ["experiment", "variant", "type"],
  },
  cost: {
    name: "assay.cost",
    kind: "counter",
    unit: "{USD}",
    description: "Estimated dollars of all attempts whose price is known.",
    labels: ["experiment", "variant"],
  },
  costUnknown: {
    name: "assay.cost.unknown",
    kind: "counter",
    unit: "{request}",
    description: "Requests that spent tokens at an unknown price.",
    labels: ["experiment", "variant"],
  },
  active: {
    name: "assay.requests.active",
    kind: "gauge",
    unit: "{request}",
    description: "Requests whose answer has not ended.",
    labels: [],
  },
  requestsRefused: {
    name: "assay.requests.refused",
    kind: "counter",
    unit: "{request}",
    description:
      "Requests refused at the door: 503 for `requests` or `loop_delay` of server.limits, or the code of what the client's key lacks; no other metric counts them.",
    labels: ["reason"],
  },
  redactions: {
    name: "assay.redactions",
    kind: "counter",
    unit: "{redaction}",
    description: "Values taken out before they left by telemetry.",
    labels: ["rule"],
  },
  exposures: {
    name: "assay.exposures",
    kind: "counter",
    unit: "{exposure}",
    description: "Requests that the split gave a variant; client retries left out.",
    labels: ["experiment", "variant"],
  },
  outcomes: {
    name: "assay.outcomes",
    kind: "counter",
    unit: "{outcome}",
    description: "Outcomes that were acknowledged: stored now, or duplicates of one that was stored before.",
    labels: ["status"],
  },
  recordsQueued: {
    name: "assay.records.queued",
    kind: "gauge",
    unit: "{record}",
    description: "Records that wait to be written.",
    labels: [],
  },
  recordsWritten: {
    name: "assay.records.written",
    kind: "gauge",
    unit: "{record}",
    description: "Records that this process has made durable.",
    labels: [],
  },
  recordsDropped: {
    name: "assay.records.dropped",
    kind: "gauge",
    unit: "{record}",
    description: "Records that found the queue full and were given up. Alert when it rises.",
    labels: [],
  },
  storeDegraded: {
    name: "assay.store.degraded",
    kind: "gauge",
    unit: "{boolean}",
    description: "1 while the store cannot write: what comes is queued, then dropped, and traffic goes on.",
    labels: [],
  },
  breakerState: {
    name: "assay.breaker.state",
    kind: "gauge",
    unit: "{state}",
    description: "0 closed, 1 half-open, 2 open; the worst of the upstream's models.",
    labels: ["upstream"],
  },
  ...controlMetrics,
  malformedChunks: {
    name: "assay.stream.malformed_chunks",
    kind: "counter",
    unit: "{chunk}",
    description: "Chunks that were no JSON and were left out of a stream.",
    labels: ["upstream"],
  },
  operationDuration: {
    name: "gen_ai.client.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "GenAI operation duration.",
    labels: [attribute.operationName, attribute.providerName, attribute.errorType],
    buckets: genAiDurationBuckets,
  },
  timeToFirstChunk: {
    name: "gen_ai.client.operation.time_to_first_chunk",
    kind: "histogram",
    unit: "s",
    description: "From sending a request to its first content chunk.",
    labels: [attribute.operationName, attribute.providerName],
    buckets: firstChunkBuckets,
  },
  timePerOutputChunk: {
    name: "gen_ai.client.operation.time_per_output_chunk",
    kind: "histogram",
    unit: "s",
    description: "Mean time between the content chunks of a stream after its first.",
    labels: [attribute.operationName, attribute.providerName],
    buckets: perChunkBuckets,
  },
  tokenUsage: {
    name: "gen_ai.client.token.usage",
    kind: "histogram",
    unit: "{token}",
    description: "Number of input and output tokens used.",
    labels: [attribute.operationName, attribute.providerName, attribute.tokenType],
    buckets: tokenBuckets,
  },
  httpServerDuration: {
    name: "http.server.request.duration",
    kind: "histogram",
    unit: "s",
    description: "Duration of HTTP server requests.",
    labels: [attribute.httpMethod, attribute.httpRoute, attribute.httpStatus],
    buckets: httpBuckets,
  },
  spansProcessed: {
    name: "otel.sdk.processor.span.processed",
    kind: "counter",
    unit: "{span}",
    description: "Spans that are done with: sent, or lost and by what.",
    labels: processedLabels,
  },
  spanQueueSize: {
    name: "otel.sdk.processor.span.queue.size",
    kind: "gauge",
    unit: "{span}",
    description: "Spans that wait to be sent.",
    labels: queueLabels,
  },
  spanQueueCapacity: {
    name: "otel.sdk.processor.span.queue.capacity",
    kind: "gauge",
    unit: "{span}",
    description: "Spans that may wait.",
    labels: queueLabels,
  },
  logsProcessed: {
    name: "otel.sdk.processor.log.processed",
    kind: "counter",
    unit: "{log_record}",
    description: "Events that are done with: sent, or lost and by what.",
    labels: processedLabels,
  },
  logQueueSize: {
    name: "otel.sdk.processor.log.queue.size",
    kind: "gauge",
    unit: "{log_record}",
    description: "Events that wait to be sent.",
    labels: queueLabels,
  },
  logQueueCapacity: {
    name: "otel.sdk.processor.log.queue.capacity",
    kind: "gauge",
    unit: "{log_record}",
    description: "Events that may wait.",
    labels: queueLabels,
  },
});
