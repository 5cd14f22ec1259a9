/** Model servers that speak plain JSON over HTTP/1.1: one object in, one object out, at one address. */
import { isObject } from "../core/chat-completion.ts";
import { scanBody } from "../core/json-scan.ts";
import { defaultPredictionPath, readPrediction } from "../core/prediction.ts";
import type { Answer, Upstream } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type { UpstreamConfig } from "../domain/upstream-config.ts";
import { createCaller } from "./caller.ts";
import { statusFailure } from "./failures.ts";
import { type WholeReading, WholeReceiver } from "./whole-receiver.ts";

/** Posts to `baseUrl` itself: a model server has one address, and nothing is put behind it. */
export function createJsonUpstream(config: UpstreamConfig, baseUrl: string): Upstream {
  const url = new URL(baseUrl);
  const { serverAddress, serverPort, send, close } = createCaller(config, url);

  return {
    name: config.name,
    provider: config.provider,
    sendsBaggage: config.sendBaggage,
    serverAddress,
    serverPort,

    attempt: (call) =>
      new Promise<Answer>((resolve, reject) => {
        const reading = readingAt(call.predictionPath ?? defaultPredictionPath);
        const request = {
          method: "POST",
          path: url.pathname,
          body: call.body,
          awaitsContent: false,
          maxResponseBytes: config.maxResponseBytes,
        };
        const headers = {
          "content-type": "application/json",
          accept: "application/json",
          ...call.headers,
        };
        send(
          { ...call, headers },
          request,
          () => new WholeReceiver({ resolve, reject, upstreamName: config.name }, reading),
        );
      }),

    forward: () => Promise.reject(notAnApi(config.name)),

    close,
  };
}

function readingAt(predictionPath: string): WholeReading {
  return {
    answer({ bytes, upstream }) {
      const answer = parsedObject(bytes, upstream);
      if (answer instanceof Failure) return answer;
      const prediction = readPrediction(answer, predictionPath);
      if (prediction === undefined) {
        return malformed(upstream, `without a value at ${predictionPath}; a model server must give one`);
      }
      const content = bytes.toString("utf8");
      const choice = { index: 0, content, refusal: undefined, toolCalls: [], finishReason: undefined };
      return {
        body: { kind: "whole", bytes },
        completion: Promise.resolve({
          failure: undefined,
          responseId: undefined,
          responseModel: prediction.modelVersion,
          usage: undefined,
          choices: [choice],
          firstChunkMs: undefined,
          chunks: 0,
          malformedChunks: 0,
          characters: content.length,
          prediction: prediction.text,
        }),
      };
    },
    refusal: (facts) => inOneShape(statusFailure(facts), facts),
  };
}

/** By the whole grammar and our limits on depth and keys: members are put into these bytes before they go on. */
function parsedObject(bytes: Buffer, upstream: string): unknown {
  try {
    scanBody(bytes);
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    const said = cause instanceof Failure ? ` (${cause.message})` : "";
    return malformed(upstream, `with a body that is not one JSON object${said}`, cause);
  }
}

function malformed(upstream: string, how: string, cause?: unknown): Failure {
  return new Failure("upstream_malformed_response", `Upstream "${upstream}" answered 200 ${how}.`, { cause });
}

const maxWordsLength = 500;

/**
 * Model servers have no common shape of errors, and clients of ours read one. The server's words on a 4xx, which the input
 * earned, are told to the client alone, as an upstream's own answer is; those on a 5xx are often a stack trace.
 */
function inOneShape(failure: Failure, facts: { upstream: string; status: number; bytes: Buffer }): Failure {
  const { upstreamAnswer } = failure.details;
  if (upstreamAnswer === undefined) return failure;
  const { upstream, status } = facts;
  const words = status < 500 ? wordsOf(facts.bytes) : undefined;
  const message = `Upstream "${upstream}" answered ${status}${words === undefined ? "." : `: ${words}`}`;
  const error = { message, type: failure.rule.type, param: null, code: failure.code };
  const headers = { ...upstreamAnswer.headers, "content-type": "application/json" };
  return new Failure(failure.code, `Upstream "${upstream}" answered ${status}.`, {
    ...failure.details,
    upstreamAnswer: { status, headers, bytes: Buffer.from(JSON.stringify({ error })) },
  });
}

/** As OpenAI, FastAPI, Flask and problem details (RFC 9457) name them. */
function wordsOf(bytes: Buffer): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isObject(body)) return undefined;
  const said = isObject(body.error) ? body.error.message : body.error;
  const words = said ?? body.detail ?? body.message ?? body.title;
  const text = typeof words === "string" ? words : JSON.stringify(words);
  return text?.slice(0, maxWordsLength);
}

function notAnApi(upstream: string): Failure {
  return new Failure(
    "unsupported_parameter",
    `Upstream "${upstream}" is a model server, and serves POST /v1/predict/<experiment> only; name an upstream of dialect openai as default_upstream for other routes.`,
  );
}
