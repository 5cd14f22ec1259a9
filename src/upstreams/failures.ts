/** What went wrong between us and an upstream, in the failure table's words. */
import { isObject } from "../core/chat-completion.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import { failureOfStatus } from "../core/upstream-status.ts";
import { Failure, type FailureCode } from "../domain/failure.ts";
import type { IncomingHeaders } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";

const dnsCodes = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"]);
const connectCodes = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EHOSTDOWN",
  "ENOENT",
]);

/** An error of the socket or of undici. `wasSent`: the request may have been read, so a retry may do the work twice. */
export function connectionFailure(error: unknown, upstream: string, wasSent: boolean): Failure {
  if (error instanceof Failure) return error;
  const code = connectionCode(error, wasSent);
  const details = { cause: error, maybeDuplicate: code === "upstream_reset" };
  return new Failure(code, connectionMessage(code, upstream), details);
}

/** A head that no client may be told: a status that is none (RFC 9110, 15), or a coding that the bytes would go on without. */
export function headFailure(status: number, headers: IncomingHeaders, upstream: string): Failure | undefined {
  if (status > 599)
    return new Failure(
      "upstream_malformed_response",
      `Upstream "${upstream}" answered ${status}, which is no status.`,
    );
  const coding = headers["transfer-encoding"];
  if (coding === undefined || String(coding).toLowerCase() === "chunked") return undefined;
  return new Failure(
    "upstream_encoding_refused",
    `Upstream "${upstream}" sent a transfer-encoding that nobody asked for; it must send its bytes as they are.`,
  );
}

function connectionCode(error: unknown, wasSent: boolean): FailureCode {
  const code = errorCode(error);
  if (dnsCodes.has(code)) return "upstream_dns_failed";
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") return "upstream_connect_timeout";
  if (connectCodes.has(code)) return "upstream_connect_failed";
  if (isTlsCode(code)) return "upstream_tls_failed";
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") return "upstream_stream_interrupted";
  if (code === "HPE_HEADER_OVERFLOW" || code === "UND_ERR_HEADERS_OVERFLOW")
    return "upstream_response_too_large";
  // undici 8 leaves the parser's code undefined for most of what is no HTTP.
  if (code.startsWith("HPE_") || isParserError(error)) return "upstream_malformed_response";
  return wasSent ? "upstream_reset" : "upstream_connect_failed";
}

function connectionMessage(code: FailureCode, upstream: string): string {
  switch (code) {
    case "upstream_dns_failed":
      return `The host name of upstream "${upstream}" does not resolve; check its base_url.`;
    case "upstream_connect_timeout":
      return `Upstream "${upstream}" did not accept a connection in time.`;
    case "upstream_tls_failed":
      return `The certificate of upstream "${upstream}" was not accepted; nothing was sent.`;
    case "upstream_reset":
      return `Upstream "${upstream}" closed the connection before it answered.`;
    case "upstream_stream_interrupted":
      return `Upstream "${upstream}" closed the connection in mid-answer.`;
    case "upstream_malformed_response":
      return `Upstream "${upstream}" did not answer in HTTP/1.1.`;
    case "upstream_response_too_large":
      return `The headers of upstream "${upstream}" are too long.`;
    default:
      return `Upstream "${upstream}" cannot be reached; check its base_url.`;
  }
}

/** AggregateError of happy eyeballs keeps the codes inside. */
function errorCode(error: unknown): string {
  if (!isObject(error)) return "";
  if (typeof error.code === "string" && error.code !== "") return error.code;
  if (Array.isArray(error.errors)) return errorCode(error.errors[0]);
  return errorCode(error.cause);
}

function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === "HTTPParserError";
}

function isTlsCode(code: string): boolean {
  return (
    code.startsWith("ERR_TLS") ||
    code.startsWith("ERR_SSL") ||
    code.includes("CERT") ||
    code.includes("_SIGNATURE") ||
    code === "EPROTO"
  );
}

/** An answer with an error status, or an error object inside a 200 (then `status` is the one that the object names). */
export function statusFailure(facts: {
  readonly upstream: string;
  readonly status: number;
  readonly headers: IncomingHeaders;
  readonly bytes: Buffer;
  readonly now: number;
}): Failure {
  const { upstream, status, headers, bytes, now } = facts;
  const error = errorObject(bytes);
  const wait = retryAfterMs(status === 429 ? headers : withoutResets(headers), now);
  const code = failureOfStatus(status, error);
  if (code === "upstream_unauthorized") {
    return new Failure(code, `Upstream "${upstream}" refused our key (${status}); check its api_key.`);
  }
  if (code === "upstream_redirected") {
    return new Failure(
      code,
      `Upstream "${upstream}" answered with a redirect (${status}), which is not followed; check its base_url.`,
    );
  }
  const said = typeof error?.message === "string" ? `: ${error.message}` : ".";
  return new Failure(code, `Upstream "${upstream}" answered ${status}${said}`, {
    upstreamAnswer: { status, headers: answerHeaders(headers), bytes },
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** `x-ratelimit-reset-*` stands on every answer, and means a wait on a 429 alone. */
function withoutResets(headers: IncomingHeaders): IncomingHeaders {
  return { "retry-after": headers["retry-after"], "retry-after-ms": headers["retry-after-ms"] };
}

/** The status that an error inside a 200 stands for. */
export function statusOfError(error: Record<string, unknown>): number {
  for (const value of [error.status, error.code, error.status_code]) {
    const status = typeof value === "string" ? Number(value) : value;
    if (typeof status === "number" && status >= 400 && status <= 599) return status;
  }
  if (error.code === "insufficient_quota" || error.type === "insufficient_quota") return 429;
  if (error.type === "rate_limit_error" || error.code === "rate_limit_exceeded") return 429;
  if (error.type === "invalid_request_error") return 400;
  return 500;
}

/** OpenAI's `error` object in a body, if that is what it is. */
export function errorObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(bytes.toString("utf8"));
    if (!isObject(body)) return undefined;
    return isObject(body.error) ? body.error : undefined;
  } catch {
    return undefined;
  }
}
