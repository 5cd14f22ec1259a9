import type { FailureCode } from "../domain/failure.ts";

/** What an answer of this status is, where it is none of 2xx; `error` is OpenAI's object in its body. */
export function failureOfStatus(status: number, error: Record<string, unknown> | undefined): FailureCode {
  if (status >= 300 && status < 400) return "upstream_redirected";
  if (status === 401 || status === 403) return "upstream_unauthorized";
  if (status === 404) return "upstream_model_not_found";
  if (status === 429) {
    const isQuota = error?.code === "insufficient_quota" || error?.type === "insufficient_quota";
    return isQuota ? "upstream_quota_exhausted" : "upstream_rate_limited";
  }
  if (status >= 500 || status === 408 || status === 409 || status === 425) return "upstream_error";
  return "upstream_rejected";
}
