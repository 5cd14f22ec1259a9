/** How a request may fail, and what each way means to the client, to the retry, to the fallback and to the record. */

/** What a request came to, as `assay.outcome` tells it. */
export type Outcome =
  | "success"
  | "upstream_error"
  | "timeout"
  | "rate_limited"
  | "schema_fail"
  | "blocked"
  | "client_error"
  | "cancelled"
  | "internal_error";

type OpenAiErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "rate_limit_error"
  | "server_error";

export interface FailureRule {
  /** HTTP status of the answer when nothing rescues the request. */
  readonly status: number;
  /** `type` in OpenAI's error object. */
  readonly type: OpenAiErrorType;
  readonly outcome: Outcome;
  /** The same target may be asked once more. */
  readonly canRetry: boolean;
  /** Another target may be asked. */
  readonly canFallback: boolean;
  /** Counts against the upstream's health: the breaker learns from it. */
  readonly blamesUpstream: boolean;
}

const client = (status: number, type: OpenAiErrorType = "invalid_request_error"): FailureRule => ({
  status,
  type,
  outcome: "client_error",
  canRetry: false,
  canFallback: false,
  blamesUpstream: false,
});

const upstream = (status: number, change: Partial<FailureRule> = {}): FailureRule => ({
  status,
  type: "server_error",
  outcome: "upstream_error",
  canRetry: false,
  canFallback: true,
  blamesUpstream: true,
  ...change,
});

/** Every expected way to fail. The names are stable: they are the API's `code`, the span's `error.type` and the record's cause. */
export const failureRules = {
  // The request itself is wrong: nobody upstream is asked.
  invalid_json: client(400),
  invalid_encoding: client(400),
  json_too_complex: client(400),
  invalid_type: client(400),
  invalid_value: client(400),
  missing_required_parameter: client(400),
  unsupported_parameter: client(400),
  invalid_header: client(400),
  invalid_host: client(421),
  invalid_prompt_variables: client(400),
  invalid_json_schema: client(400),
  invalid_api_key: client(401, "authentication_error"),
  admin_required: client(403, "permission_error"),
  model_not_allowed: client(403, "permission_error"),
  route_not_allowed: client(403, "permission_error"),
  experiment_not_allowed: client(403, "permission_error"),
  override_not_allowed: client(403, "permission_error"),
  /** A model's input that does not follow the experiment's schema. */
  invalid_input: client(422),
  not_found: client(404),
  model_not_found: client(404),
  method_not_allowed: client(405),
  /** The outcome is of a time that is no longer kept. */
  outcome_too_old: client(400),
  request_timeout: client(408),
  conflict: client(409),
  request_too_large: client(413),
  unsupported_media_type: client(415),
  /** The key has had its requests for now. */
  rate_limit_exceeded: { ...client(429, "rate_limit_error"), outcome: "rate_limited" },
  /** The key has spent its day's tokens or dollars. */
  insufficient_quota: { ...client(429, "rate_limit_error"), outcome: "rate_limited" },
  config_invalid: client(400),
  assignment_conflict: client(409),
  /** The client hung up; nobody reads this answer. 499 is nginx's word for it. */
  client_cancelled: { ...client(499), outcome: "cancelled" },

  // We cannot serve now.
  overloaded: { ...upstream(503), outcome: "rate_limited", blamesUpstream: false },
  /** What must be durable cannot be written now. */
  store_unavailable: { ...upstream(503), canFallback: false, blamesUpstream: false },
  /** Who may come in is not known yet. */
  auth_unavailable: { ...upstream(503), canFallback: false, blamesUpstream: false },
  shutting_down: { ...upstream(503), canFallback: false, blamesUpstream: false },
  breaker_open: upstream(503, { blamesUpstream: false }),
  /** Says nothing of the upstream: a slow reader, or a fallback that began late, meets it too. The phases blame. */
  deadline_exceeded: upstream(504, { outcome: "timeout", canFallback: false, blamesUpstream: false }),
  internal_error: {
    ...upstream(500),
    outcome: "internal_error",
    canFallback: false,
    blamesUpstream: false,
  },

  // The upstream could not be reached.
  upstream_connect_failed: upstream(502),
  upstream_connect_timeout: upstream(502, { outcome: "timeout" }),
  upstream_dns_failed: upstream(502),
  upstream_tls_failed: upstream(502),
  /** Its name leads into a network where it may not be. */
  upstream_address_refused: upstream(502),

  // The upstream was reached and failed us. A reset says nothing about whether the request was read.
  upstream_reset: upstream(502, { canRetry: true }),
  upstream_first_token_timeout: upstream(504, { outcome: "timeout" }),
  upstream_stalled: upstream(504, { outcome: "timeout" }),
  upstream_stream_interrupted: upstream(502),
  upstream_error: upstream(502, { canRetry: true }),
  upstream_rate_limited: upstream(429, {
    type: "rate_limit_error",
    outcome: "rate_limited",
    canRetry: true,
  }),
  upstream_quota_exhausted: upstream(429, {
    type: "rate_limit_error",
    outcome: "rate_limited",
  }),
  /** A 4xx that the request earned: any upstream would say the same. */
  upstream_rejected: { ...client(400), outcome: "client_error" },
  upstream_unauthorized: upstream(502, { blamesUpstream: false }),
  /** The upstream does not know the model: another target may. */
  upstream_model_not_found: upstream(404, { type: "invalid_request_error", blamesUpstream: false }),
  upstream_redirected: upstream(502),
  upstream_encoding_refused: upstream(502),
  upstream_response_too_large: upstream(502),
  upstream_malformed_response: upstream(502),

  // The answer arrived and may not be served.
  output_schema_violation: {
    ...upstream(502),
    outcome: "schema_fail",
    blamesUpstream: false,
  },
  content_blocked: { ...client(400), outcome: "blocked", canFallback: true },
  guardrail_failed: { ...upstream(502), blamesUpstream: false },
} as const satisfies Record<string, FailureRule>;

export type FailureCode = keyof typeof failureRules;

/** An upstream's own error answer, kept so that it can be passed on byte for byte. */
export interface UpstreamErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export interface FailureDetails {
  readonly cause?: unknown;
  /** The request's parameter at fault, as a path such as `messages[0].content`. */
  readonly param?: string;
  /** When to come back, in milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly upstreamAnswer?: UpstreamErrorAnswer;
  /** The upstream may have done the work although it did not answer. */
  readonly maybeDuplicate?: boolean;
  /** The configuration asked for this failure to be shown: no fallback, whatever the table says. */
  readonly isFinal?: boolean;
  /** What is served in place of what a guardrail blocked. */
  readonly answer?: string;
}

/** An expected way to fail. `message` names the value and the cure, and goes to the client as it is. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly details: FailureDetails;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get rule(): FailureRule {
    return failureRules[this.code];
  }

  /** HTTP status: the upstream's own where its answer is passed on, else the table's. */
  get status(): number {
    return this.details.upstreamAnswer?.status ?? this.rule.status;
  }
}

/** Any thrown thing as a Failure. A bug becomes `internal_error`, with the bug as its cause; its text does not reach the client. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure("internal_error", "Assay failed while serving this request. The log has the cause.", {
    cause: thrown,
  });
}
