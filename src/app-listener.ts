import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";

/** Hono's fetch, whatever its bindings, as a listener of node's: the adapter gives it node's request and response. */
export function listenerOf(app: { readonly fetch: unknown }) {
  const listener = getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0]);
  return (request: IncomingMessage, response: ServerResponse) => {
    listener(request, response);
  };
}
