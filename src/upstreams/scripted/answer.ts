import type { IncomingHttpHeaders } from "node:http";
import { asFailure } from "../../domain/failure.ts";
import type { Behaviour } from "./behaviour.ts";
import { embeddingsOf, modelList, modelNamed, moderationsOf } from "./catalogue.ts";
import { chatMaterial } from "./chat-material.ts";
import type { Material, Stamp } from "./material.ts";
import { errorAnswer, jsonAnswer, type Pace, type Playback, playbackOf } from "./playback.ts";
import { createRandom, seedOf } from "./random.ts";
import { composeReply, isLarge } from "./replies.ts";
import { lastUserText, parseRequest, type ScriptedRequest } from "./request.ts";
import { responsesMaterial } from "./responses-material.ts";
import type { Chooser } from "./script.ts";

/** One request as it came in. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AnswerSettings {
  readonly chooser: Chooser;
  readonly pace: Pace;
  readonly stamp: Stamp;
}

/**
 * What to play for a request. Never throws: what is wrong with the request becomes an error answer in
 * OpenAI's shape.
 */
export function answerRequest(seen: SeenRequest, settings: AnswerSettings): Playback {
  const path = seen.path.split("?")[0] ?? "";
  if (seen.method === "GET") return modelsAnswer(path) ?? noSuchRoute(seen.method, path);
  const material = Object.hasOwn(materials, path) ? materials[path] : undefined;
  if (seen.method !== "POST" || material === undefined) return noSuchRoute(seen.method, path);
  try {
    const request = parseRequest({ path, headers: seen.headers, bytes: seen.body });
    const behaviour = settings.chooser.choose(request);
    return playbackOf(behaviour, material(request, behaviour, settings.stamp), paceFor(request, settings));
  } catch (thrown) {
    const failure = asFailure(thrown);
    return errorAnswer({
      status: failure.status,
      message: failure.message,
      type: failure.rule.type,
      code: failure.code,
      param: failure.details.param ?? null,
    });
  }
}

/** The headers that OpenAI puts on every answer. Limits are of a made-up account that is never near them. */
export function standardHeaders(stamp: Stamp, requestId: string): Readonly<Record<string, string>> {
  const remaining = 9_999 - (stamp.number % 100);
  return {
    "x-request-id": requestId,
    "openai-organization": "scripted",
    "openai-version": "2020-10-01",
    "openai-processing-ms": String(20 + (stamp.number % 30)),
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-remaining-requests": String(remaining),
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-tokens": String(remaining * 200),
    "x-ratelimit-reset-tokens": "3ms",
  };
}

type MaterialOf = (request: ScriptedRequest, behaviour: Behaviour, stamp: Stamp) => Material;

const materials: Readonly<Record<string, MaterialOf>> = {
  "/v1/chat/completions": (request, behaviour, stamp) =>
    chatMaterial(request, composeReply(request, behaviour, stamp.seed), stamp),
  "/v1/responses": (request, behaviour, stamp) =>
    responsesMaterial(request, composeReply(request, behaviour, stamp.seed), stamp),
  "/v1/embeddings": (request) => ({ kind: "whole", text: JSON.stringify(embeddingsOf(request)) }),
  "/v1/moderations": (request, _, stamp) => ({
    kind: "whole",
    text: JSON.stringify(moderationsOf(request, stamp)),
  }),
};

const modelPath = "/v1/models/";

function modelsAnswer(path: string): Playback | undefined {
  if (path === "/v1/models") return jsonAnswer(modelList());
  if (!path.startsWith(modelPath)) return undefined;
  const id = path.slice(modelPath.length);
  const model = modelNamed(id);
  if (model !== undefined) return jsonAnswer(model);
  const message = `The scripted upstream lists no model "${id}"; GET /v1/models has the list.`;
  return errorAnswer({
    status: 404,
    message,
    type: "invalid_request_error",
    code: "model_not_found",
    param: "model",
  });
}

function noSuchRoute(method: string, path: string): Playback {
  const message = `The scripted upstream has no route ${method} ${path}.`;
  return errorAnswer({ status: 404, message, type: "invalid_request_error", code: "not_found" });
}

/**
 * Up to a quarter quicker or slower, by the words of the request; a small model takes half the time of a
 * large one.
 */
function paceFor(request: ScriptedRequest, { pace, stamp }: AnswerSettings): Pace {
  const random = createRandom(seedOf("pace", request.model, lastUserText(request), String(stamp.seed)));
  const factor = (isLarge(request.model) ? 1 : 0.5) * (0.75 + random() / 2);
  const firstTokenMs = pace.firstTokenMs * factor;
  const tokenDelayMs = pace.tokenDelayMs * factor;
  if (request.isStream) return { firstTokenMs, tokenDelayMs };
  // A whole answer comes when its last token would have come; forty tokens stand for any length.
  return { firstTokenMs: firstTokenMs + 40 * tokenDelayMs, tokenDelayMs };
}
