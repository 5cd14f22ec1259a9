import type { AssignedRequest, Completion, RenderedRequest, Target, TokenUsage } from "./chat.ts";
import type { Failure } from "./failure.ts";
import type { GuardrailRecord } from "./guardrail.ts";
import type { AttemptReason, RequestRecord, ValidationRecord } from "./record.ts";

/**
 * The trace of one request, told in facts of the domain; the adapter knows spans and attribute names.
 * Every method is safe to call after the end, and none throws.
 */
export interface RequestTrace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** `traceresponse` of the W3C draft: version-traceid-spanid-flags of the request's own span. */
  readonly traceresponse: string;
  assigned(request: AssignedRequest, startedAt: number): void;
  rendered(request: AssignedRequest, startedAt: number, failure: Failure | undefined): void;
  attempt(facts: AttemptFacts): AttemptTrace;
  /** A call of a route that is only passed through. */
  forward(facts: ForwardFacts): ForwardTrace;
  validated(facts: ValidationRecord, startedAt: number): void;
  guarded(facts: GuardrailRecord, startedAt: number): void;
  /** Once, when the last byte has left. */
  end(record: RequestRecord): void;
}

export interface AttemptFacts {
  readonly request: RenderedRequest;
  readonly target: Target;
  readonly number: number;
  readonly reason: AttemptReason;
  readonly backoffMs: number;
  readonly provider: string;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export interface AttemptTrace {
  /** `traceparent` (and `tracestate`) for the upstream: the attempt's own span as the parent. */
  readonly headers: Readonly<Record<string, string>>;
  end(result: AttemptResult): void;
}

export interface AttemptResult {
  readonly completion: Completion | undefined;
  readonly failure: Failure | undefined;
  /** As the upstream counted it, or estimated where it did not. */
  readonly usage: TokenUsage | undefined;
  readonly costUsd: number | undefined;
  readonly upstreamRequestId: string | undefined;
}

export interface ForwardFacts {
  readonly method: string;
  readonly route: string;
  readonly upstream: string;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export interface ForwardTrace {
  readonly headers: Readonly<Record<string, string>>;
  end(status: number | undefined, failure: Failure | undefined): void;
}
