import { sourceName } from "../core/request-record.ts";
import type { RequestContext } from "../domain/chat.ts";
import { isKnownOrigin } from "./gate.ts";

/** What the answer says of itself: ids always, the assignment unless the experiment keeps it to itself. */
export function contextHeaders(context: RequestContext, now: number): Record<string, string> {
  const headers: Record<string, string> = {
    "x-request-id": context.requestId,
    "x-trace-id": context.trace.traceId,
    traceresponse: context.trace.traceresponse,
  };
  const { assigned, served, fallback, attempts, upstreamMs } = context.state;
  const total = now - context.startedAt;
  headers["server-timing"] =
    `upstream;dur=${upstreamMs.toFixed(1)}, assay;dur=${Math.max(0, total - upstreamMs).toFixed(1)}`;
  if (assigned?.experiment?.exposeAssignment === false) return headers;
  headers["x-assay-revision"] = context.revision.id;
  const calls = attempts.filter(({ cause }) => cause !== "breaker_open" && cause !== "overloaded").length;
  if (calls > 0) headers["x-assay-attempts"] = String(calls);
  if (served !== undefined && fallback?.to !== "canned" && isHeaderValue(served.target.model)) {
    headers["x-assay-model"] = served.target.model;
  }
  const prompt = served?.plan.prompt?.file;
  if (prompt !== undefined && fallback?.to !== "canned")
    headers["x-assay-prompt"] = `${prompt.name}@${prompt.version}`;
  const assignment = assigned?.assignment;
  if (assignment === undefined) return headers;
  headers["x-assay-experiment"] = assignment.experimentId;
  const variant = fallback === undefined ? assignment.servedVariantId : rescuer(context);
  if (variant !== undefined) headers["x-assay-variant"] = variant;
  headers["x-assay-assignment"] = fallback === undefined ? assignment.reason : "fallback";
  if (fallback !== undefined) {
    const to = isHeaderValue(fallback.to) ? fallback.to : "model";
    headers["x-assay-fallback"] = `${to}; cause=${fallback.cause}`;
  }
  if (assignment.unit !== undefined) headers["x-assay-unit-source"] = sourceName(assignment.unit.source);
  return headers;
}

/** The variant that a fallback was served by; a model or a canned answer is none. */
function rescuer({ state: { fallback, served } }: RequestContext): string | undefined {
  return fallback?.to === "canned" ? undefined : served?.target.variantId;
}

/** Clients choose model names, and node throws for a header value that is not Latin-1. */
function isHeaderValue(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

const exposed = [
  "x-request-id",
  "x-trace-id",
  "traceresponse",
  "server-timing",
  "x-assay-experiment",
  "x-assay-variant",
  "x-assay-prompt",
  "x-assay-assignment",
  "x-assay-fallback",
  "x-assay-unit-source",
  "x-assay-model",
  "x-assay-attempts",
  "x-assay-revision",
  "x-upstream-request-id",
].join(", ");

/** Headers for a browser whose origin is allowed; none for anybody else. */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !isKnownOrigin(origin, allowed)) return {};
  return { "access-control-allow-origin": origin, "access-control-expose-headers": exposed, vary: "origin" };
}
