import type { ServerResponse } from "node:http";
import { sourceName } from "../core/request-record.ts";
import type { RequestContext, RequestState } from "../domain/chat.ts";
import type { Assignment } from "../domain/experiment.ts";
import { isKnownOrigin } from "./gate.ts";

/** Names and values in turn: the one form that node writes out without copying it first. */
export type HeaderList = readonly string[];

/** What the answer says of itself: ids always, the assignment unless the experiment keeps it to itself. */
export function contextHeaders(context: RequestContext, now: number): string[] {
  const { trace, state } = context;
  const { upstreamMs, assigned } = state;
  const ownMs = Math.max(0, now - context.startedAt - upstreamMs);
  const headers = [
    "x-request-id",
    context.requestId,
    "x-trace-id",
    trace.traceId,
    "traceresponse",
    trace.traceresponse,
    "server-timing",
    `upstream;dur=${upstreamMs.toFixed(1)}, assay;dur=${ownMs.toFixed(1)}`,
  ];
  if (assigned?.experiment?.exposeAssignment === false) return headers;
  headers.push("x-assay-revision", context.revision.id);
  addServing(headers, state);
  addGuardrails(headers, state);
  if (assigned?.assignment !== undefined) addAssignment(headers, assigned.assignment, state);
  return headers;
}

/** What guardrails have done by now; of a stream the rest is in its record. */
function addGuardrails(headers: string[], { guardrails }: RequestState): void {
  for (const { name, stage, verdict, isShadow } of guardrails) {
    if (isShadow || verdict === "allow" || verdict === "not_evaluated") continue;
    headers.push("x-assay-guardrail", `${name}; stage=${stage}; verdict=${verdict}`);
  }
}

function addServing(headers: string[], { attempts, served, fallback }: RequestState): void {
  let calls = 0;
  for (const { cause } of attempts) if (cause !== "breaker_open" && cause !== "overloaded") calls += 1;
  if (calls > 0) headers.push("x-assay-attempts", String(calls));
  if (served === undefined || fallback?.to === "canned") return;
  const { target, plan } = served;
  if (isHeaderValue(target.model)) headers.push("x-assay-model", target.model);
  const file = plan.prompt?.file;
  if (file !== undefined) headers.push("x-assay-prompt", `${file.name}@${file.version}`);
}

function addAssignment(headers: string[], assignment: Assignment, state: RequestState): void {
  const { fallback } = state;
  headers.push("x-assay-experiment", assignment.experimentId);
  const variant = fallback === undefined ? assignment.servedVariantId : rescuer(state);
  if (variant !== undefined) headers.push("x-assay-variant", variant);
  headers.push("x-assay-assignment", fallback === undefined ? assignment.reason : "fallback");
  if (fallback !== undefined) {
    const to = isHeaderValue(fallback.to) ? fallback.to : "model";
    headers.push("x-assay-fallback", `${to}; cause=${fallback.cause}`);
  }
  if (assignment.unit !== undefined) headers.push("x-assay-unit-source", sourceName(assignment.unit.source));
}

/** The variant that a fallback was served by; a model or a canned answer is none. */
function rescuer({ fallback, served }: RequestState): string | undefined {
  return fallback?.to === "canned" ? undefined : served?.target.variantId;
}

/** Clients choose model names, and node throws for a header value that is not Latin-1. */
function isHeaderValue(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** What a browser's script may read of our answers. */
export const exposedHeaders: string = [
  "x-request-id",
  "x-trace-id",
  "traceresponse",
  "server-timing",
  "x-assay-experiment",
  "x-assay-variant",
  "x-assay-prompt",
  "x-assay-assignment",
  "x-assay-fallback",
  "x-assay-guardrail",
  "x-assay-unit-source",
  "x-assay-model",
  "x-assay-attempts",
  "x-assay-revision",
  "x-upstream-request-id",
].join(", ");

/** Headers for a browser whose origin is allowed; none for anybody else. */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): HeaderList {
  if (origin === undefined || !isKnownOrigin(origin, allowed)) return [];
  return [
    "access-control-allow-origin",
    origin,
    "access-control-expose-headers",
    exposedHeaders,
    "vary",
    "origin",
  ];
}

/** Headers that are an object already, behind a list's. */
export function withHeaders(list: HeaderList, headers: Readonly<Record<string, string>>): string[] {
  const all = [...list];
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) all.push(name, value);
  }
  return all;
}

export function writeJson(
  response: ServerResponse,
  answer: { readonly status: number; readonly body: unknown; readonly headers: HeaderList },
): void {
  const bytes = Buffer.from(JSON.stringify(answer.body));
  const own = { "content-type": "application/json", "content-length": String(bytes.length) };
  response.writeHead(answer.status, withHeaders(answer.headers, own));
  response.end(bytes);
}
