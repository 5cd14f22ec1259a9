/** The data plane's listener: the hot route first, then what is passed through, then the rest by Hono. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Hono } from "hono";
import { checkNamed, maySee } from "../core/client-key-scope.ts";
import type { Upstream } from "../domain/chat.ts";
import type { Revision } from "../domain/config.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import { exposedHeaders, writeJson } from "./answer-headers.ts";
import { type ChatParts, chatCompletions, chatRoute } from "./chat-completions.ts";
import { errorAnswer } from "./errors.ts";
import { isKnownOrigin } from "./gate.ts";
import { addHealthRoutes, type HealthParts } from "./health.ts";
import { allModels, ownModels } from "./models.ts";
import { isOutcomesPath, type OutcomeParts, outcomesRoute } from "./outcomes.ts";
import { decodeURIComponentOr, type NodeListener, ownRoute, pathOf } from "./own-route.ts";
import { passThrough } from "./pass-through.ts";
import { isPredictPath, predictions } from "./predict.ts";

export interface PublicParts extends ChatParts, HealthParts, OutcomeParts {
  /** Answers what may not come in, and says so. */
  readonly isRefused: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly requestId: () => string;
  readonly revision: () => Revision;
  readonly upstream: () => Upstream;
  readonly takePermit: (upstream: string) => () => void;
  /** Makes a node listener of a Hono app. */
  readonly listenerOf: (app: Hono) => (request: IncomingMessage, response: ServerResponse) => void;
}

export function publicListener(parts: PublicParts): NodeListener {
  const chat = chatCompletions(parts);
  const predict = predictions(parts);
  const forward = passThrough(parts);
  const models = modelRoutes(parts);
  const outcomes = outcomesRoute(parts);
  const rest = parts.listenerOf(restApp(parts));
  return (request, response) => {
    const path = pathOf(request);
    if (path.startsWith("/v1/") && request.method !== "OPTIONS" && parts.isRefused(request, response)) return;
    // Before Hono, for its routing and its web objects would cost this route 30 µs.
    if ((path === chatRoute || path === `${chatRoute}/`) && request.method === "POST")
      chat(request, response);
    // A target that is no path is refused there, as any foreign host is.
    else if (request.method !== "OPTIONS" && !path.startsWith("/")) forward(request, response);
    else if (request.method === "OPTIONS" || !path.startsWith("/v1/")) rest(request, response);
    else if (isPredictPath(path)) predict(request, response);
    else if (isOutcomesPath(path)) outcomes(request, response);
    else if (request.method === "GET" && /^\/v1\/models(\/|$)/.test(path)) models(request, response);
    else forward(request, response);
  };
}

function restApp(parts: PublicParts): Hono {
  const app = new Hono();
  addHealthRoutes(app, parts);
  app.options("*", (c) => {
    const origin = c.req.header("origin");
    const allowed = parts.server().corsOrigins;
    if (origin === undefined || !isKnownOrigin(origin, allowed)) return c.body(null, 403);
    return c.body(null, 204, {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": exposedHeaders,
      vary: "origin",
      "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
      "access-control-allow-headers": c.req.header("access-control-request-headers") ?? "*",
      "access-control-max-age": "600",
    });
  });
  const answer = (failure: Failure) => {
    const { status, headers, bytes } = errorAnswer(failure);
    return new Response(new Uint8Array(bytes), {
      status,
      headers: { ...headers, "x-request-id": parts.requestId() },
    });
  };
  app.notFound((c) =>
    answer(
      new Failure(
        "not_found",
        `There is no route ${c.req.path.slice(0, 100)}; the API is under /v1, such as ${chatRoute}.`,
      ),
    ),
  );
  app.onError((error) => answer(asFailure(error)));
  return app;
}

/** The list joins ours with the upstream's; one of ours is answered here, any other passes through. */
function modelRoutes(parts: PublicParts): NodeListener {
  const forward = passThrough(parts);
  const ownOf = (request: IncomingMessage) => {
    const id = decodeURIComponentOr(pathOf(request).slice("/v1/models/".length));
    return { id, own: ownModels(parts.revision()).find((model) => model.id === id) };
  };
  const list = ownRoute(parts, "/v1/models", async ({ request, response, scope, caller, ownHeaders }) => {
    const { revision, controller } = scope.context;
    const { id, own } = ownOf(request);
    if (own !== undefined) checkNamed(caller.key, { operation: "chat", model: id, headers: {} }, revision);
    const sees = (model: string) => maySee(caller.key, model, revision);
    const body = own ?? (await allModels(revision, parts.upstream(), { signal: controller.signal, sees }));
    scope.settle({});
    writeJson(response, { status: 200, body, headers: ownHeaders() });
  });
  return (request, response) => {
    const { id, own } = ownOf(request);
    if (id !== "" && own === undefined) {
      forward(request, response);
      return;
    }
    list(request, response);
  };
}
