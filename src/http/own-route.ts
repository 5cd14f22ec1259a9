/** What every route of ours does around its own work: the caller, a scope, the gate, the host, and an error in OpenAI's shape. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerConfig } from "../domain/config.ts";
import { asFailure } from "../domain/failure.ts";
import { contextHeaders, corsHeaders, type HeaderList } from "./answer-headers.ts";
import type { Caller, CallerOf } from "./auth.ts";
import { writeError } from "./errors.ts";
import { checkHost, type Gate } from "./gate.ts";
import type { RequestScope } from "./request-scope.ts";

export type NodeListener = (request: IncomingMessage, response: ServerResponse) => void;

export interface RouteParts {
  readonly gate: Gate;
  readonly callerOf: CallerOf;
  readonly openScope: (
    request: IncomingMessage,
    response: ServerResponse,
    facts: { readonly route: string; readonly caller: Caller },
  ) => RequestScope;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly server: () => ServerConfig;
}

/** One request on its way through a route. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly scope: RequestScope;
  readonly caller: Caller;
  readonly server: ServerConfig;
  /** What the answer says of itself, as far as it is known by then. */
  readonly ownHeaders: () => HeaderList;
}

/** `work` settles the scope and answers; what it throws settles the scope as a failure and becomes the answer. */
export function ownRoute(
  parts: RouteParts,
  route: string,
  work: (asked: Asked) => Promise<void>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const caller = parts.callerOf(request, response, route);
    if (caller === undefined) return;
    const scope = parts.openScope(request, response, { route, caller });
    const { context } = scope;
    const server = parts.server();
    const ownHeaders = () => {
      const headers = contextHeaders(context, parts.now());
      const { origin } = scope.headers;
      if (origin !== undefined) headers.push(...corsHeaders(origin, server.corsOrigins));
      return headers;
    };
    try {
      parts.gate.enter(context.controller);
      checkHost(request, server);
      await work({ request, response, scope, caller, server, ownHeaders });
    } catch (thrown) {
      const failure = asFailure(thrown);
      scope.settle({ failure });
      // Whatever still runs for this request, also an answer that could not be sent, ends here.
      context.controller.abort(failure);
      refuse(request, response, () => writeError(response, failure, ownHeaders()));
    }
  };
}

/** An answer to a request whose body was not read to its end cannot keep the connection. */
export function refuse(request: IncomingMessage, response: ServerResponse, write: () => void): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  try {
    if (!request.complete) response.setHeader("connection", "close");
    write();
  } catch {
    // An answer that cannot even be refused must not leave its client waiting.
    response.destroy();
  }
}

/** The path of a request's URL, without its query. */
export function pathOf({ url = "" }: IncomingMessage): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/** As it stands where it is encoded wrongly. */
export function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
