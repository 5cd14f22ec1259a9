import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import { asFailure, Failure } from "./domain/failure.ts";
import { errorAnswer } from "./http/errors.ts";

/** Hono's fetch, whatever its bindings, as a listener of node's: the adapter gives it node's request and response. */
export function listenerOf(app: { readonly fetch: unknown }) {
  const fetch = app.fetch as Parameters<typeof getRequestListener>[0];
  const listener = getRequestListener(fetch, { errorHandler: refusal });
  return (request: IncomingMessage, response: ServerResponse) => {
    listener(request, response);
  };
}

/** Of what makes no URL for the adapter, and so never comes to the app: the adapter's own answer would be empty. */
function refusal(thrown: unknown): Response {
  const failure =
    thrown instanceof RequestError
      ? new Failure("invalid_value", "Path and Host header do not make a URL; write both plainly.")
      : asFailure(thrown);
  const { status, headers, bytes } = errorAnswer(failure);
  const ids = { "x-request-id": crypto.randomUUID() };
  return new Response(new Uint8Array(bytes), { status, headers: { ...headers, ...ids } });
}
