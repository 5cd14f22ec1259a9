/** `POST /v1/predict/{experiment}`: the same policies as chat around a model server that speaks plain JSON. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { cannedModel } from "../core/chat-completion.ts";
import { checkNamed } from "../core/client-key-scope.ts";
import { checkInput, parsePredictBody } from "../core/predict-body.ts";
import { completeAnswer, defaultPredictionPath } from "../core/prediction.ts";
import { routeOf } from "../core/route.ts";
import type { Answer, ChatBody, Headers, RequestContext } from "../domain/chat.ts";
import type { ExperimentConfig, Revision } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { type ChatParts, send } from "./chat-completions.ts";
import { ownRoute, pathOf } from "./own-route.ts";
import { readBody } from "./read-body.ts";

const prefix = "/v1/predict/";
/** As spans and metrics name it. */
export const predictRoute = `${prefix}{experiment}`;

export function isPredictPath(path: string): boolean {
  return path === "/v1/predict" || path.startsWith(prefix);
}

export function predictions(
  parts: ChatParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return ownRoute(parts, predictRoute, async ({ request, response, scope, caller, server, ownHeaders }) => {
    const { context, headers } = scope;
    checkMethod(request, response);
    const name = nameOf(request);
    scope.describe({ model: name, isStream: false });
    // Before the body is read: what nobody serves, or not to this key, needs no upload.
    checkNamed(caller.key, { operation: "predict", model: name, headers }, context.revision);
    const experiment = experimentOf(name, headers, context.revision);
    const body = parsePredictBody(await readBody(request, server.maxBodyBytes), name);
    checkBody(body, experiment, context.revision);
    const answer = await parts.chat({ body, headers }, context);
    scope.settle({ completion: answer.completion });
    // Settled already, for the answer is whole; its attempt has been timed by then.
    await answer.completion;
    send(response, completed(answer, experiment, context), ownHeaders());
  });
}

function checkMethod(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === "POST") return;
  response.setHeader("allow", "POST");
  throw new Failure("method_not_allowed", `${request.method} is not served at ${predictRoute}; use POST.`);
}

/** `<experiment>`, or `<experiment>@<variant>` for a pin. */
function nameOf(request: IncomingMessage): string {
  const name = pathOf(request).slice(prefix.length).replace(/\/$/, "");
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function experimentOf(name: string, headers: Headers, revision: Revision): ExperimentConfig {
  const route = routeOf({ body: { operation: "predict", model: name }, headers }, revision);
  if (route.kind !== "experiment") throw new Error(`the route of a prediction is a ${route.kind}`);
  return route.experiment;
}

function checkBody(body: ChatBody, { id, predict }: ExperimentConfig, revision: Revision): void {
  const check = revision.inputChecks.get(id);
  if (check !== undefined) checkInput(body, { name: predict?.input?.name ?? id, check });
}

function completed(answer: Answer, experiment: ExperimentConfig, { state }: RequestContext): Answer {
  if (answer.body.kind !== "whole") throw new Error("a model server does not stream");
  const isCanned = state.fallback?.to === "canned";
  // An experiment that keeps its assignment to itself does not tell it by the name of a model.
  const served = isCanned ? cannedModel : state.served?.target.model;
  const bytes = completeAnswer(answer.body.bytes, {
    path: experiment.predict?.predictionPath ?? defaultPredictionPath,
    model: (experiment.exposeAssignment ? served : undefined) ?? experiment.id,
    latencyMs: isCanned ? undefined : state.attempts.at(-1)?.durationMs,
  });
  const headers = { ...answer.headers, "content-type": "application/json" };
  return { ...answer, headers, body: { kind: "whole", bytes } };
}
