import type { TokenUsage } from "./chat.ts";
import type { AssignmentReason } from "./experiment.ts";
import type { Outcome } from "./failure.ts";
import type { GuardrailRecord } from "./guardrail.ts";

export type AttemptReason = "initial" | "retry" | "repair" | "fallback";

/** One call to one upstream, as the record keeps it. */
export interface AttemptRecord {
  readonly number: number;
  readonly reason: AttemptReason;
  readonly upstream: string;
  readonly model: string;
  /** The failure's code; undefined for a success. */
  cause: string | undefined;
  durationMs: number;
  readonly backoffMs: number;
  maybeDuplicate: boolean;
  /** Chunks that were no JSON and were left out. */
  malformedChunks: number;
  usage: TokenUsage | undefined;
  /** Dollars; undefined when usage or price is unknown. */
  costUsd: number | undefined;
  priceTable: string | undefined;
}

export interface ValidationRecord {
  readonly name: string;
  /** Of the first answer, of one that was asked for again, or of a fallback's. */
  readonly phase: "first" | "repaired" | "fallback";
  readonly result: "pass" | "fail" | "incomplete" | "not_evaluated";
  readonly errorPath: string | undefined;
}

export type SafetyOutcome = "pass" | "redacted" | "flagged" | "blocked" | "refused";

/** One row for each request, written once its answer has ended. */
export interface RequestRecord {
  readonly requestId: string;
  readonly traceId: string;
  readonly receivedAt: number;
  readonly revision: string;
  /** The client's key, where keys are asked for. */
  readonly clientKeyId: string | undefined;
  readonly experimentId: string | undefined;
  readonly assignedVariantId: string | undefined;
  readonly servedVariantId: string | undefined;
  readonly reason: AssignmentReason;
  readonly isExposed: boolean;
  /** The interval of constant ratio and constant variants that it fell into. */
  readonly phase: string | undefined;
  readonly unitHash: string | undefined;
  /** Keyed hash of the session's id, where the request told one. */
  readonly sessionHash: string | undefined;
  readonly unitSource: string | undefined;
  readonly isStream: boolean;
  readonly attempts: readonly AttemptRecord[];
  readonly validations: readonly ValidationRecord[];
  readonly guardrails: readonly GuardrailRecord[];
  readonly prompt: { readonly name: string; readonly version: string; readonly hash: string } | undefined;
  readonly ragIndexVersion: string | undefined;
  readonly requestModel: string;
  readonly responseModel: string | undefined;
  readonly responseId: string | undefined;
  readonly usage: TokenUsage | undefined;
  /** Dollars over all attempts that told their usage; undefined when a price is unknown. */
  readonly costUsd: number | undefined;
  readonly priceTable: string | undefined;
  readonly latencyMs: number;
  readonly overheadMs: number;
  readonly firstChunkMs: number | undefined;
  readonly chunks: number;
  readonly outcome: Outcome;
  /** The failure's code, where the request failed. */
  readonly errorType: string | undefined;
  readonly status: number;
  readonly safety: SafetyOutcome;
  readonly isRefusal: boolean;
  readonly finishReasons: readonly string[];
  readonly fallback: { readonly from: string; readonly to: string; readonly cause: string } | undefined;
  readonly isClientRetry: boolean;
  /** What a model server predicted, where that is a plain value: labels are compared with it. */
  readonly prediction: string | undefined;
}
