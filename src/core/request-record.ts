/** What a request came to, from everything that was learned on its way. */
import type { Completion, RequestContext } from "../domain/chat.ts";
import type { Failure, Outcome } from "../domain/failure.ts";
import type { GuardrailRecord, GuardrailVerdict } from "../domain/guardrail.ts";
import type { AttemptRecord, RequestRecord, SafetyOutcome } from "../domain/record.ts";

export interface RequestEnd {
  readonly status: number;
  readonly completion: Completion | undefined;
  /** Why the request failed, also in mid-stream. */
  readonly failure: Failure | undefined;
  readonly requestModel: string;
  readonly isStream: boolean;
  readonly latencyMs: number;
  readonly unitHash: string | undefined;
  readonly sessionHash: string | undefined;
  readonly ragIndexVersion: string | undefined;
  /** The client's own retry, or a request seen before: not a new exposure. */
  readonly isClientRetry: boolean;
}

export function requestRecord(context: RequestContext, end: RequestEnd): RequestRecord {
  const { state } = context;
  const assignment = state.assigned?.assignment;
  const { completion, failure } = end;
  const isRefusal = isRefused(completion);
  const isCanned = state.fallback?.to === "canned";
  const file = isCanned ? undefined : state.served?.plan.prompt?.file;
  return {
    requestId: context.requestId,
    traceId: context.trace.traceId,
    receivedAt: context.receivedAt,
    revision: context.revision.id,
    clientKeyId: context.clientKeyId,
    experimentId: assignment?.experimentId,
    assignedVariantId: assignment?.assignedVariantId,
    servedVariantId: isCanned ? undefined : (state.served?.target.variantId ?? undefined),
    reason: assignment?.reason ?? "no_experiment",
    // An exposure that could not be kept was not served.
    isExposed: assignment?.isExposed === true && !end.isClientRetry && failure?.code !== "store_unavailable",
    phase: assignment?.phase,
    unitHash: end.unitHash,
    sessionHash: end.sessionHash,
    unitSource: assignment?.unit && sourceName(assignment.unit.source),
    isStream: end.isStream,
    attempts: state.attempts,
    validations: state.validations,
    guardrails: state.guardrails,
    prompt: file && { name: file.name, version: file.version, hash: file.hash },
    ragIndexVersion: end.ragIndexVersion,
    requestModel: end.requestModel,
    responseModel: completion?.responseModel,
    responseId: completion?.responseId,
    usage: completion?.usage ?? state.attempts.at(-1)?.usage,
    costUsd: totalCost(state.attempts),
    priceTable: state.attempts.find(({ priceTable }) => priceTable !== undefined)?.priceTable,
    latencyMs: end.latencyMs,
    overheadMs: Math.max(0, end.latencyMs - state.upstreamMs),
    firstChunkMs: completion?.firstChunkMs,
    chunks: completion?.chunks ?? 0,
    outcome: outcomeOf(failure),
    errorType: failure?.code,
    status: end.status,
    safety: safetyOf(state.guardrails, { isBlocked: isBlocked(failure, state), isRefusal }),
    isRefusal,
    finishReasons: finishReasonsOf(completion),
    fallback: state.fallback,
    isClientRetry: end.isClientRetry,
    prediction: completion?.prediction,
  };
}

/** Dollars over all attempts. One that spent tokens at an unknown price makes the sum unknown, not smaller. */
function totalCost(attempts: readonly AttemptRecord[]): number | undefined {
  let total: number | undefined;
  for (const { usage, costUsd } of attempts) {
    if (usage === undefined) continue;
    if (costUsd === undefined) return undefined;
    total = (total ?? 0) + costUsd;
  }
  return total;
}

function outcomeOf(failure: Failure | undefined): Outcome {
  return failure === undefined ? "success" : failure.rule.outcome;
}

/** Blocked, whatever was served instead. */
function isBlocked(failure: Failure | undefined, { fallback, guardrails }: RequestContext["state"]): boolean {
  return (
    failure?.rule.outcome === "blocked" ||
    fallback?.cause === "content_blocked" ||
    guardrails.some(({ verdict, isShadow }) => verdict === "block" && !isShadow)
  );
}

function safetyOf(
  guardrails: readonly GuardrailRecord[],
  { isBlocked, isRefusal }: { readonly isBlocked: boolean; readonly isRefusal: boolean },
): SafetyOutcome {
  if (isBlocked) return "blocked";
  if (isRefusal) return "refused";
  const has = (wanted: GuardrailVerdict) =>
    guardrails.some(({ verdict, isShadow }) => verdict === wanted && !isShadow);
  if (has("redact")) return "redacted";
  return has("flag") ? "flagged" : "pass";
}

function finishReasonsOf(completion: Completion | undefined): readonly string[] {
  const reasons: string[] = [];
  for (const { finishReason } of completion?.choices ?? []) {
    if (finishReason !== undefined) reasons.push(finishReason);
  }
  return reasons;
}

function isRefused(completion: Completion | undefined): boolean {
  return (completion?.choices ?? []).some(
    ({ refusal, finishReason }) => refusal !== undefined || finishReason === "content_filter",
  );
}

/** `header:x-assay-user`, `metadata.user_id`, `user`, `baggage:user.id`: as the configuration writes them. */
export function sourceName(source: { kind: string; name?: string; key?: string; field?: string }): string {
  if (source.kind === "header") return `header:${source.name}`;
  if (source.kind === "metadata") return `metadata.${source.key}`;
  if (source.kind === "baggage") return `baggage:${source.key}`;
  return source.field ?? source.kind;
}
