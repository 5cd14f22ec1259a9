/** Failures as OpenAI's error answers. */
import type { ServerResponse } from "node:http";
import { type Failure, failureRules } from "../domain/failure.ts";
import { type HeaderList, withHeaders } from "./answer-headers.ts";

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly bytes: Buffer;
}

/** An upstream's own error passes byte for byte; everything else gets all four keys that SDKs read. */
export function errorAnswer(failure: Failure): ErrorAnswer {
  const { upstreamAnswer, retryAfterMs } = failure.details;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (upstreamAnswer !== undefined) Object.assign(headers, upstreamAnswer.headers);
  if (retryAfterMs !== undefined && headers["retry-after"] === undefined) {
    headers["retry-after"] = String(Math.ceil(retryAfterMs / 1000));
    headers["retry-after-ms"] = String(Math.ceil(retryAfterMs));
  }
  // The SDKs retry 408, 409, 429 and 5xx twice on their own: on top of our tries that would be nine.
  if (!mayTryAgain(failure)) headers["x-should-retry"] = "false";
  if (upstreamAnswer !== undefined)
    return { status: upstreamAnswer.status, headers, bytes: upstreamAnswer.bytes };
  return { status: failure.status, headers, bytes: errorBytes(failure) };
}

/** `{"error":{message, type, param, code}}` */
export function errorBytes(failure: Failure): Buffer {
  const { type } = failureRules[failure.code];
  const error = { message: failure.message, type, param: failure.details.param ?? null, code: failure.code };
  return Buffer.from(JSON.stringify({ error }));
}

export function writeError(response: ServerResponse, failure: Failure, headers: HeaderList): void {
  const { status, headers: own, bytes } = errorAnswer(failure);
  response.writeHead(status, withHeaders(headers, { ...own, "content-length": String(bytes.length) }));
  response.end(bytes);
}

/** Only where nothing was tried yet, and a moment later it may go better. */
function mayTryAgain({ code }: Failure): boolean {
  return (
    code === "overloaded" ||
    code === "shutting_down" ||
    code === "store_unavailable" ||
    code === "auth_unavailable" ||
    code === "rate_limit_exceeded" ||
    code === "breaker_open" ||
    code === "request_timeout"
  );
}
