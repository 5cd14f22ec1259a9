/** Every other route of the API: bytes in, bytes out, traced. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ForwardCall, Headers, Upstream } from "../domain/chat.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { ForwardTrace } from "../domain/trace.ts";
import { contextHeaders, corsHeaders } from "./answer-headers.ts";
import { type ChatParts, refuse } from "./chat-completions.ts";
import { writeError } from "./errors.ts";
import { checkHost } from "./gate.ts";
import { writeBytes } from "./stream-writer.ts";

export interface PassThroughParts extends Omit<ChatParts, "chat"> {
  readonly upstream: () => Upstream;
  /** Throws `overloaded`; gives the way to return the permit. */
  readonly takePermit: (upstream: string) => () => void;
}

/** What describes the body and the answer that is wanted; keys, cookies and our own headers stay here. */
const passed = ["content-type", "content-length", "accept", "openai-beta", "idempotency-key"];

export function passThrough(
  parts: PassThroughParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const path = (request.url ?? "").slice("/v1".length);
    const route = routeName(path);
    const scope = parts.openScope(request, response, route);
    const { context, headers } = scope;
    const server = parts.server();
    const ownHeaders = () => ({
      ...contextHeaders(context, parts.now()),
      ...corsHeaders(headers.origin, server.corsOrigins),
    });
    const upstream = parts.upstream();
    const { name, serverAddress, serverPort } = upstream;
    const method = request.method ?? "GET";
    let trace: ForwardTrace | undefined;
    const fail = (failure: Failure) => {
      scope.settle({ failure });
      trace?.end(undefined, failure);
    };
    try {
      parts.gate.enter(context.controller);
      checkHost(request, server);
      checkPath(path);
      response.on("close", parts.takePermit(name));
      const sentAt = parts.now();
      const sent = context.trace.forward({ method, route, upstream: name, serverAddress, serverPort });
      trace = sent;
      const { signal } = context.controller;
      const call = callOf({ request, headers, path, method, signal, sendsBaggage: upstream.sendsBaggage });
      const answer = await upstream.forward({ ...call, headers: { ...call.headers, ...sent.headers } });
      context.state.upstreamMs = parts.now() - sentAt;
      response.writeHead(answer.status, { ...answer.headers, ...ownHeaders() });
      writeBytes(
        {
          ...answer.source,
          start: (sink) =>
            answer.source.start({
              chunk: sink.chunk,
              end: () => {
                sent.end(answer.status, undefined);
                scope.settle({});
                sink.end();
              },
              fail: (failure) => {
                fail(failure);
                sink.fail(failure);
              },
            }),
        },
        response,
      );
    } catch (thrown) {
      const failure = asFailure(thrown);
      fail(failure);
      refuse(request, response, () => writeError(response, failure, ownHeaders()));
    }
  };
}

function callOf(facts: {
  request: IncomingMessage;
  headers: Headers;
  path: string;
  method: string;
  signal: AbortSignal;
  sendsBaggage: boolean;
}): ForwardCall {
  const headers: Record<string, string> = {};
  for (const name of passed) {
    const value = facts.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  if (facts.sendsBaggage && facts.headers.baggage !== undefined) headers.baggage = facts.headers.baggage;
  const hasBody = headers["content-length"] !== undefined || facts.headers["transfer-encoding"] !== undefined;
  const { method, path, signal } = facts;
  return { method, path, headers, body: hasBody ? facts.request : undefined, signal };
}

/**
 * A path is sent on as it stands, under the upstream's base and with our key: whatever could climb out of that base, or be
 * read as another route there than here, is refused.
 */
function checkPath(path: string): void {
  const [route = ""] = path.split("?", 1);
  // Names of models may hold a slash, which SDKs encode.
  const isModel = /^\/models\/[^/]+$/.test(route);
  const isPlain = !/%2e|%5c|\\|\/\/|(\/|%2f)\.{1,2}(\/|%2f|$)/i.test(route);
  if (isPlain && (isModel || !/%2f/i.test(route))) return;
  throw new Failure("invalid_value", "Write the path plainly: without empty, dot or encoded segments.");
}

/** A bounded set of names for spans and metrics: ids in a path would make a series each. */
function routeName(path: string): string {
  const [, first = ""] = /^\/([a-z_]+)(?=[/?]|$)/.exec(path) ?? [];
  return knownRoutes.has(first) ? `/v1/${first}` : "/v1/*";
}

const knownRoutes = new Set([
  "assistants",
  "audio",
  "batches",
  "chat",
  "completions",
  "containers",
  "conversations",
  "embeddings",
  "evals",
  "files",
  "fine_tuning",
  "images",
  "models",
  "moderations",
  "realtime",
  "responses",
  "threads",
  "uploads",
  "vector_stores",
  "videos",
]);
