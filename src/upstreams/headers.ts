/** Which headers cross the proxy. Lists, not filters: each one that passes costs about 2 µs twice. */
import type { IncomingHeaders } from "./exchange.ts";

const passed = [
  "content-type",
  "retry-after",
  "retry-after-ms",
  "openai-organization",
  "openai-processing-ms",
  "openai-version",
  "x-ratelimit-limit-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens",
  "x-ratelimit-reset-requests",
  "x-ratelimit-reset-tokens",
];

/** The upstream's headers that the client may see; its request id under a name of its own. */
export function answerHeaders(headers: IncomingHeaders): Record<string, string> {
  const answer: Record<string, string> = {};
  for (const name of passed) {
    const value = headers[name];
    if (typeof value === "string") answer[name] = value;
  }
  const requestId = headers["x-request-id"];
  if (typeof requestId === "string") answer["x-upstream-request-id"] = requestId;
  return answer;
}

/** For routes that are only passed through: whatever describes the content too. */
export function forwardedAnswerHeaders(headers: IncomingHeaders): Record<string, string> {
  const answer = answerHeaders(headers);
  for (const name of ["content-length", "content-disposition", "content-encoding", "cache-control", "etag"]) {
    const value = headers[name];
    if (typeof value === "string") answer[name] = value;
  }
  return answer;
}
