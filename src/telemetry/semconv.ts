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
  clientKeyId: "assay.client.key_id",
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
  operation: "assay.operation.name",
  predictModel: "assay.predict.model",
  predictModelVersion: "assay.predict.model_version",

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
  attempt: (operation: string, model: string) => `${operation} ${model}`,
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
