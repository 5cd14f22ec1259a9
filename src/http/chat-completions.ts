/** The hot route. It takes node's own request and response: the web objects cost more than all our policies together. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseChatBody } from "../core/chat-body.ts";
import type { Answer, ChatRequest } from "../domain/chat.ts";
import type { ServerConfig } from "../domain/config.ts";
import { asFailure } from "../domain/failure.ts";
import type { Service } from "../pipeline/service.ts";
import { contextHeaders, corsHeaders } from "./answer-headers.ts";
import { writeError } from "./errors.ts";
import { checkHost, type Gate } from "./gate.ts";
import { readBody } from "./read-body.ts";
import type { RequestScope } from "./request-scope.ts";
import { endStuckReader } from "./slow-reader.ts";
import { writeEvents } from "./stream-writer.ts";

export const chatRoute = "/v1/chat/completions";

export interface ChatParts {
  readonly chat: Service<ChatRequest>;
  readonly gate: Gate;
  readonly openScope: (request: IncomingMessage, response: ServerResponse, route: string) => RequestScope;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly server: () => ServerConfig;
}

export function chatCompletions(
  parts: ChatParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const scope = parts.openScope(request, response, chatRoute);
    const { context, headers } = scope;
    const server = parts.server();
    const ownHeaders = () => ({
      ...contextHeaders(context, parts.now()),
      ...corsHeaders(headers.origin, server.corsOrigins),
    });
    try {
      parts.gate.enter(context.controller);
      checkHost(request, server);
      const body = parseChatBody(await readBody(request, server.maxBodyBytes));
      scope.describe(body);
      const answer = await parts.chat({ body, headers }, context);
      scope.settle({ completion: answer.completion });
      send(response, answer, ownHeaders());
    } catch (thrown) {
      const failure = asFailure(thrown);
      scope.settle({ failure });
      // Whatever still runs for this request, also an answer that could not be sent, ends here.
      context.controller.abort(failure);
      refuse(request, response, () => writeError(response, failure, ownHeaders()));
    }
  };
}

/** Sends an answer, whole or as it comes; `headers` win over the answer's. */
export function send(response: ServerResponse, answer: Answer, headers: Record<string, string>): void {
  const { body } = answer;
  if (body.kind === "whole") {
    const length = String(body.bytes.length);
    response.writeHead(answer.status, { ...answer.headers, ...headers, "content-length": length });
    response.end(body.bytes);
    if (response.writableLength > 0) endStuckReader(response);
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, ...headers, "cache-control": "no-cache" });
  writeEvents(body.source, response);
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
