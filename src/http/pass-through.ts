/** Every other route of the API: bytes in, bytes out, traced. */
import type { IncomingMessage } from "node:http";
import { checkNamed } from "../core/client-key-scope.ts";
import { parseMember, scanOwnBody } from "../core/json-scan.ts";
import { foldedName, misspelt, refuseRouting } from "../core/member-names.ts";
import { routeOf } from "../core/route.ts";
import type {
  CancelSignal,
  ChunkSource,
  ForwardAnswer,
  ForwardCall,
  Headers,
  Member,
  RequestContext,
  Upstream,
} from "../domain/chat.ts";
import type { ServerConfig } from "../domain/config.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { ForwardTrace } from "../domain/trace.ts";
import { withHeaders } from "./answer-headers.ts";
import type { Caller } from "./auth.ts";
import {
  type Asked,
  decodeURIComponentOr,
  type NodeListener,
  ownRoute,
  type RouteParts,
} from "./own-route.ts";
import { readBody } from "./read-body.ts";
import type { RequestScope } from "./request-scope.ts";
import { writeBytes } from "./stream-writer.ts";

export interface PassThroughParts extends RouteParts {
  readonly upstream: () => Upstream;
  /** Throws `overloaded`; gives the way to return the permit. */
  readonly takePermit: (upstream: string) => () => void;
}

/** What describes the body and the answer that is wanted; keys, cookies and our own headers stay here. */
const passed = ["content-type", "content-length", "accept", "openai-beta", "idempotency-key"];

export function passThrough(parts: PassThroughParts): NodeListener {
  return (request, response) => {
    const path = (request.url ?? "").slice("/v1".length);
    const route = routeName(path);
    ownRoute(parts, route, (asked) => forward(parts, asked, { path, route }))(request, response);
  };
}

async function forward(
  parts: PassThroughParts,
  { request, response, scope, caller, server, ownHeaders }: Asked,
  { path, route }: { readonly path: string; readonly route: string },
): Promise<void> {
  const { context, headers } = scope;
  const method = request.method ?? "GET";
  checkMethod(method);
  checkPath(path);
  checkBody(method, headers);
  // Read before a permit is taken: a slow body must not keep others from the upstream.
  const named = await readNamed({ request, headers, path, context, caller, server });
  const upstream = parts.upstream();
  const { name, serverAddress, serverPort, sendsBaggage } = upstream;
  response.on("close", parts.takePermit(name));
  const sentAt = parts.now();
  const trace = context.trace.forward({ method, route, upstream: name, serverAddress, serverPort });
  try {
    const { signal } = context.controller;
    const call = callOf({ named, request, headers, path, method, signal, sendsBaggage });
    const answer = await upstream.forward({ ...call, headers: { ...call.headers, ...trace.headers } });
    context.state.upstreamMs = parts.now() - sentAt;
    response.writeHead(answer.status, withHeaders(ownHeaders(), answer.headers));
    writeBytes(settling(answer, { trace, scope }), response);
  } catch (thrown) {
    trace.end(undefined, asFailure(thrown));
    throw thrown;
  }
}

/** The answer's bytes, whose end is the end of the request. */
function settling(
  { source, status }: ForwardAnswer,
  { trace, scope }: { readonly trace: ForwardTrace; readonly scope: RequestScope },
): ChunkSource {
  return {
    ...source,
    start: (sink) =>
      source.start({
        chunk: sink.chunk,
        end: () => {
          trace.end(status, undefined);
          scope.settle({});
          sink.end();
        },
        fail: (failure) => {
          scope.settle({ failure });
          trace.end(undefined, failure);
          sink.fail(failure);
        },
      }),
  };
}

/** Routes whose body names a model, small enough to be read before it is sent on. */
const namingRoutes = new Set(["/responses", "/completions", "/embeddings"]);

/**
 * The body of a route that names a model, read; undefined for the others, which are streamed through. Experiments run on the
 * chat route alone: one that is named elsewhere is refused, for an upstream would answer it as if nothing was meant.
 */
async function readNamed(facts: {
  request: IncomingMessage;
  headers: Headers;
  path: string;
  context: RequestContext;
  caller: Caller;
  server: ServerConfig;
}): Promise<Buffer | undefined> {
  const { request, headers, context, caller, server } = facts;
  const [route = ""] = facts.path.split("?", 1);
  const check = (said: { readonly model: string | undefined; readonly members?: Members }) =>
    checkNamed(caller.key, { operation: "chat", headers, ...said }, context.revision);
  // Many servers take a route with a slash at its end for the same.
  if (request.method !== "POST" || !namingRoutes.has(route.replace(/\/$/, ""))) {
    check({ model: modelOfPath(route) });
    return undefined;
  }
  const bytes = await readBody(request, server.maxBodyBytes);
  const members = membersOf(bytes);
  const model = modelOf(bytes, members);
  check({ model, members });
  const named =
    model === undefined
      ? undefined
      : routeOf({ body: { operation: "chat", model }, headers }, context.revision);
  if (named === undefined || named.kind === "model") return bytes;
  throw new Failure(
    "unsupported_parameter",
    `Experiments and prompts run on /v1/chat/completions only; "${model}" was sent to /v1${route}.`,
    { param: "model" },
  );
}

function modelOfPath(route: string): string | undefined {
  const [, model] = /^\/models\/([^/]+)$/.exec(route) ?? [];
  return model === undefined ? undefined : decodeURIComponentOr(model);
}

type Members = ReadonlyMap<string, Member>;

/** Throws for what the upstream might read otherwise than we do, or that would choose another one. */
function membersOf(bytes: Buffer): Members {
  const { members } = scanOwnBody(bytes);
  for (const name of members.keys()) {
    refuseRouting(name);
    if (name !== "model" && foldedName(name) === "model") throw misspelt(name, "model");
  }
  return members;
}

/** One that is no text is for the upstream to judge. */
function modelOf(bytes: Buffer, members: Members): string | undefined {
  const member = members.get("model");
  const model = member && parseMember(bytes, member);
  return typeof model === "string" ? model : undefined;
}

function callOf(facts: {
  request: IncomingMessage;
  headers: Headers;
  path: string;
  method: string;
  signal: CancelSignal;
  sendsBaggage: boolean;
  named: Buffer | undefined;
}): ForwardCall {
  const headers: Record<string, string> = {};
  for (const name of passed) {
    const value = facts.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  if (facts.sendsBaggage && facts.headers.baggage !== undefined) headers.baggage = facts.headers.baggage;
  const hasBody = headers["content-length"] !== undefined || facts.headers["transfer-encoding"] !== undefined;
  const { method, path, signal } = facts;
  return { method, path, headers, body: facts.named ?? (hasBody ? facts.request : undefined), signal };
}

/** What the API is made of. TRACE would show the client our own headers, the key among them. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

function checkMethod(method: string): void {
  if (methods.has(method)) return;
  throw new Failure("method_not_allowed", `${method} is not served; use one of ${[...methods].join(", ")}.`);
}

/** Servers that do not expect a body there take it for the next request of the connection (RFC 9110, 9.3.1). */
function checkBody(method: string, headers: Headers): void {
  const { "content-length": length = "0", "transfer-encoding": coding } = headers;
  if (!bodiless.has(method) || (Number(length) === 0 && coding === undefined)) return;
  throw new Failure("invalid_value", `${method} with a body is not served; leave the body out.`);
}

const bodiless = new Set(["GET", "HEAD", "DELETE"]);

/**
 * A path is sent on as it stands, under the upstream's base and with our key: whatever could climb out of that base, or be
 * read as another route there than here, is refused.
 */
function checkPath(path: string): void {
  const [route = ""] = path.split("?", 1);
  // Names of models may hold a slash, which SDKs encode.
  const isModel = /^\/models\/[^/]+$/.test(route);
  const isPlain =
    !/%25[0-9a-f]{2}|%5c|\\|\/\/|;|(\/|%2f)\.{1,2}(\/|%2f|$)/i.test(route) && !encodedPlain.test(route);
  if (isPlain && (isModel || !/%2f/i.test(route))) return;
  throw new Failure(
    "invalid_value",
    "Write the path plainly: without empty, dot or needlessly encoded segments.",
  );
}

/** Letters, digits, `-`, `.`, `_` and `~`, which nobody has to encode (RFC 3986, 2.3), and which an upstream decodes. */
const encodedPlain = /%(?:2d|2e|5f|7e|3[0-9]|[46][1-9a-f]|[57][0-9a])/i;

/** A bounded set of names for spans and metrics: ids in a path would make a series each. */
function routeName(path: string): string {
  const [, first = ""] = /^\/([a-z_]+)(?=[/?]|$)/.exec(path) ?? [];
  return knownRoutes.has(first) ? `/v1/${first}` : "/v1/*";
}

/** What has a name of its own below `/v1`. */
export const knownRoutes: ReadonlySet<string> = new Set([
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
