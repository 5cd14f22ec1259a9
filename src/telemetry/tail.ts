/** What becomes of a trace when its request has ended: it is kept or dropped as a whole. */
import type { RequestRecord } from "../domain/record.ts";

export interface TailPolicy {
  /** Share of the traces without any incident that is kept, 0 to 1. */
  readonly keepRatio: number;
  readonly keepSlowerThanMs: number;
}

export function isKept(record: RequestRecord, traceId: string, policy: TailPolicy): boolean {
  return isIncident(record, policy) || isInShare(traceId, policy.keepRatio);
}

/** Errors, fallbacks, refusals, invalid output, retries and slow requests. */
function isIncident(record: RequestRecord, policy: TailPolicy): boolean {
  // Also a 5xx that was only passed through: no failure of ours, so its outcome says nothing of it.
  if (record.status >= 500 || record.outcome !== "success" || record.fallback !== undefined) return true;
  if (record.validations.at(-1)?.result === "fail" || record.safety !== "pass") return true;
  return record.attempts.length > 1 || record.latencyMs > policy.keepSlowerThanMs;
}

/** By the trace id, as TraceIdRatioBased does it: every service of a trace that samples so keeps the same ones. */
export function isInShare(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  let accumulation = 0;
  for (let i = 0; i < 4; i++) accumulation ^= Number.parseInt(traceId.slice(i * 8, i * 8 + 8), 16);
  return accumulation >>> 0 < Math.floor(ratio * 0xffffffff);
}
