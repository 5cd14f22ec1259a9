/** A record in numbers: what the statistics read of it. */
import type { RequestRecord, ValidationRecord } from "../domain/record.ts";
import { factFlags, type RequestFact } from "../domain/store.ts";

/** What a fact takes from its record alone; rows and interned ids are the store's. */
export type FactColumns = Pick<
  RequestFact,
  | "receivedAt"
  | "flags"
  | "latencyMs"
  | "firstChunkMs"
  | "inputTokens"
  | "outputTokens"
  | "cachedTokens"
  | "costUsd"
  | "responseModel"
>;

export function factColumns(record: RequestRecord): FactColumns {
  return {
    receivedAt: record.receivedAt,
    flags: flagsOf(record),
    latencyMs: record.latencyMs,
    firstChunkMs: record.firstChunkMs,
    inputTokens: record.usage?.inputTokens,
    outputTokens: record.usage?.outputTokens,
    cachedTokens: record.usage?.cachedInputTokens,
    costUsd: record.costUsd,
    responseModel: record.responseModel?.slice(0, longestName).toWellFormed(),
  };
}

/** An upstream may call its model what it likes; the statistics keep so many characters of it. */
const longestName = 128;

/**
 * Only a request that has experiment, variant and unit is a fact: the statistics compare units by the variant that
 * they were assigned.
 */
export function isFact(record: RequestRecord): boolean {
  return (
    record.experimentId !== undefined &&
    record.assignedVariantId !== undefined &&
    record.unitHash !== undefined
  );
}

/** Flags of an exposure whose request never ended (`durability: strict`): what is known of it is that the unit met its variant. */
export function unfinishedFlags(flags: number): number {
  const { exposed, killed, pinned, unfinished } = factFlags;
  return (flags & (exposed | killed | pinned)) | unfinished;
}

function flagsOf(record: RequestRecord): number {
  const { outcome, reason } = record;
  return (
    bit("exposed", record.isExposed) |
    bit("success", outcome === "success") |
    bit("error", isError(record)) |
    bit("fallback", record.fallback !== undefined) |
    bit("refusal", record.isRefusal) |
    bit("truncated", record.finishReasons.includes("length")) |
    bit("blocked", record.safety === "blocked" || outcome === "blocked") |
    bit("redacted", acted(record, "redact")) |
    bit("flagged", acted(record, "flag")) |
    bit("cancelled", outcome === "cancelled") |
    bit("rateLimited", outcome === "rate_limited") |
    bit("killed", reason === "killed") |
    bit("pinned", reason === "pinned") |
    schemaBits(record.validations)
  );
}

function acted({ guardrails }: RequestRecord, wanted: "redact" | "flag"): boolean {
  return guardrails.some(({ verdict, isShadow }) => verdict === wanted && !isShadow);
}

function schemaBits(validations: readonly ValidationRecord[]): number {
  const first = validations.find(({ phase }) => phase === "first")?.result;
  const last = validations.at(-1)?.result;
  return (
    bit("schemaFirstEvaluated", first === "pass" || first === "fail") |
    bit("schemaFirstPassed", first === "pass") |
    bit("schemaEvaluated", last === "pass" || last === "fail") |
    bit("schemaPassed", last === "pass")
  );
}

/** The assigned variant failed at first, whatever rescued the request; a client that went away is no error. */
function isError({ attempts, fallback, outcome, errorType }: RequestRecord): boolean {
  const first = attempts[0];
  if (first !== undefined && first.reason !== "fallback") return blames(first.cause);
  // The assigned variant was not even asked (an open breaker, its own limit): that is a failure of it all the same.
  if (fallback !== undefined) return blames(fallback.cause);
  return (
    errorType !== "store_unavailable" &&
    outcome !== "success" &&
    outcome !== "client_error" &&
    outcome !== "blocked" &&
    outcome !== "cancelled"
  );
}

function blames(cause: string | undefined): boolean {
  return cause !== undefined && !blameless.has(cause);
}

/** A client that went away, or our own disk, says nothing of a variant; what a guardrail blocked counts as blocked. */
const blameless = new Set(["client_cancelled", "store_unavailable", "content_blocked"]);

function bit(flag: keyof typeof factFlags, isSet: boolean): number {
  return isSet ? factFlags[flag] : 0;
}
