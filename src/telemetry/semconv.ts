/**
 * Every name that leaves by telemetry, in one place. GenAI names follow semantic conventions 1.41; the conventions move
 * (`gen_ai.client.inference.*`), and only this file has to follow.
 */
export const attribute = {
  // Assay's own
  experimentId: "assay.experiment.id",
  variant: "assay.variant",
  servedVariant: "assay.variant.served",
  unitHash: "assay.assignment.unit_hash",
  assignmentReason: "assay.assignment.reason",
  unitSource: "assay.assignment.unit_source",
  configRevision: "assay.config.revision",
  requestId: "assay.request.id",
  promptHash: "assay.prompt.hash",
  promptChars: "assay.prompt.chars",
  promptMessages: "assay.prompt.messages",
  ragIndexVersion: "assay.rag.index_version",
  usageSource: "assay.usage.source",
  costUsd: "assay.cost.usd_est",
  priceTable: "assay.cost.price_table",
  tokenIn: "assay.token_in",
  tokenOut: "assay.token_out",
  latencyMs: "assay.latency_ms",
  overheadMs: "assay.overhead_ms",
  attemptNumber: "assay.attempt.number",
  attemptReason: "assay.attempt.reason",
  attemptBackoffMs: "assay.attempt.backoff_ms",
  maybeDuplicate: "assay.attempt.maybe_duplicate",
  fallbackUsed: "assay.fallback.used",
  fallbackFrom: "assay.fallback.from",
  fallbackTo: "assay.fallback.to",
  fallbackCause: "assay.fallback.cause",
  outcome: "assay.outcome",
  safetyOutcome: "assay.safety.outcome",
  validationName: "assay.validation.name",
  validationResult: "assay.validation.result",
  validationErrorPath: "assay.validation.error_path",
  redactionCount: "assay.redaction.count",
  redactionRules: "assay.redaction.rules",
  upstreamRequestId: "assay.upstream.request_id",
  upstreamName: "assay.upstream.name",
  malformedChunks: "assay.stream.malformed_chunks",
  clientRetry: "assay.request.client_retry",

  // Feature flags
  flagKey: "feature_flag.key",
  flagVariant: "feature_flag.result.variant",
  flagReason: "feature_flag.result.reason",
  flagVersion: "feature_flag.version",
  flagProvider: "feature_flag.provider.name",

  // GenAI
  operationName: "gen_ai.operation.name",
  providerName: "gen_ai.provider.name",
  promptName: "gen_ai.prompt.name",
  promptVersion: "gen_ai.prompt.version",
  requestModel: "gen_ai.request.model",
  requestStream: "gen_ai.request.stream",
  requestChoices: "gen_ai.request.choice.count",
  responseId: "gen_ai.response.id",
  responseModel: "gen_ai.response.model",
  finishReasons: "gen_ai.response.finish_reasons",
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cachedInputTokens: "gen_ai.usage.cache_read.input_tokens",
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  usageCost: "gen_ai.usage.cost",
  inputMessages: "gen_ai.input.messages",
  outputMessages: "gen_ai.output.messages",
  tokenType: "gen_ai.token.type",
  evaluationName: "gen_ai.evaluation.name",
  evaluationLabel: "gen_ai.evaluation.score.label",
  evaluationExplanation: "gen_ai.evaluation.explanation",

  // General
  errorType: "error.type",
  serverAddress: "server.address",
  serverPort: "server.port",
  httpMethod: "http.request.method",
  httpRoute: "http.route",
  httpStatus: "http.response.status_code",
  urlPath: "url.path",
  urlScheme: "url.scheme",
  serviceName: "service.name",
  serviceVersion: "service.version",
  environment: "deployment.environment.name",
} as const;

export const event = {
  flagEvaluation: "feature_flag.evaluation",
  evaluationResult: "gen_ai.evaluation.result",
} as const;

export const spanName = {
  assign: "experiment.assign",
  render: (prompt: string) => `render_prompt ${prompt}`,
  attempt: (model: string) => `chat ${model}`,
  validate: (schema: string) => `validate_output ${schema}`,
} as const;

/** Reasons as the feature-flag conventions know them; what they have no word for stays ours. */
export const flagReasons: Readonly<Record<string, string>> = {
  split: "split",
  not_exposed: "default",
  holdout: "default",
  not_eligible: "targeting_match",
  not_in_layer: "default",
  no_unit: "default",
  pinned: "static",
  killed: "disabled",
};

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
  breakerState: {
    name: "assay.breaker.state",
    kind: "gauge",
    unit: "{state}",
    description: "0 closed, 1 half-open, 2 open; the worst of the upstream's models.",
    labels: ["upstream"],
  },
  killSwitch: {
    name: "assay.kill_switch.active",
    kind: "gauge",
    unit: "{switch}",
    description: "1 for each kill switch that is on.",
    labels: ["scope"],
  },
  configReloads: {
    name: "assay.config.reloads",
    kind: "counter",
    unit: "{reload}",
    description: "Attempts to take a new revision of the configuration.",
    labels: ["result"],
  },
  configValid: {
    name: "assay.config.valid",
    kind: "gauge",
    unit: "{boolean}",
    description: "0 while the configuration on disk is refused and the last good one serves.",
    labels: [],
  },
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
});
