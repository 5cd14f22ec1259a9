/** The hot route. It takes node's own request and response: the web objects cost more than all our policies together. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseChatBody } from "../core/chat-body.ts";
import { checkNamed } from "../core/client-key-scope.ts";
import type { Answer, ChatRequest } from "../domain/chat.ts";
import type { Service } from "../pipeline/service.ts";
import { type HeaderList, withHeaders } from "./answer-headers.ts";
import { ownRoute, type RouteParts } from "./own-route.ts";
import { readBody } from "./read-body.ts";
import { endStuckReader } from "./slow-reader.ts";
import { writeEvents } from "./stream-writer.ts";

export const chatRoute = "/v1/chat/completions";

export interface ChatParts extends RouteParts {
  readonly chat: Service<ChatRequest>;
}

export function chatCompletions(
  parts: ChatParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return ownRoute(parts, chatRoute, async ({ request, response, scope, caller, server, ownHeaders }) => {
    const { context, headers } = scope;
    const body = parseChatBody(await readBody(request, server.maxBodyBytes));
    scope.describe(body);
    checkNamed(caller.key, { ...body, headers }, context.revision);
    const answer = await parts.chat({ body, headers }, context);
    scope.settle({ completion: answer.completion });
    send(response, answer, ownHeaders());
  });
}

/** Sends an answer, whole or as it comes. */
export function send(response: ServerResponse, answer: Answer, headers: HeaderList): void {
  const { body } = answer;
  const all = withHeaders(headers, answer.headers);
  if (body.kind === "whole") {
    all.push("content-length", String(body.bytes.length));
    response.writeHead(answer.status, all);
    response.end(body.bytes);
    if (response.writableLength > 0) endStuckReader(response);
    return;
  }
  all.push("cache-control", "no-cache");
  response.writeHead(answer.status, all);
  writeEvents(body.source, response);
}
