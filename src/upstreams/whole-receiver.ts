import { isObject, readCompletion } from "../core/chat-completion.ts";
import type { Answer, Choice } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type { IncomingHeaders, Receiver } from "./exchange.ts";
import { statusFailure, statusOfError } from "./failures.ts";
import { answerHeaders } from "./headers.ts";

export interface Settle<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (failure: Failure) => void;
  readonly upstreamName: string;
}

interface WholeFacts {
  readonly upstream: string;
  readonly headers: IncomingHeaders;
  readonly bytes: Buffer;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** How a dialect reads an answer that is here whole. */
export interface WholeReading {
  /** Gives a failure for an answer that is none. */
  readonly answer: (facts: WholeFacts) => Pick<Answer, "body" | "completion"> | Failure;
  /** What an answer with an error status means. */
  readonly refusal: (facts: WholeFacts & { readonly status: number }) => Failure;
}

/** Refuses what no answer may be: a redirect, or an encoding although identity was asked for. */
export function refuseHead(status: number, headers: IncomingHeaders, upstreamName: string): void {
  if (status >= 300 && status < 400) {
    throw statusFailure({ upstream: upstreamName, status, headers, bytes: Buffer.alloc(0), now: Date.now() });
  }
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new Failure(
      "upstream_encoding_refused",
      `Upstream "${upstreamName}" answered with content-encoding ${String(encoding)} although identity was asked for; it is not inflated.`,
    );
  }
}

/** An answer that is read whole before anybody sees it, so that every failure can still be rescued. */
export class WholeReceiver implements Receiver {
  readonly #settle: Settle<Answer>;
  readonly #reading: WholeReading;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #headers: IncomingHeaders = {};

  constructor(settle: Settle<Answer>, reading: WholeReading = chatReading) {
    this.#settle = settle;
    this.#reading = reading;
  }

  head(status: number, headers: IncomingHeaders): void {
    refuseHead(status, headers, this.#settle.upstreamName);
    this.#status = status;
    this.#headers = headers;
  }

  data(bytes: Buffer): void {
    this.#chunks.push(bytes);
  }

  end(): void {
    const bytes =
      this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    const facts = { upstream: this.#settle.upstreamName, headers: this.#headers, bytes, now: Date.now() };
    if (this.#status >= 400) {
      this.#settle.reject(this.#reading.refusal({ ...facts, status: this.#status }));
      return;
    }
    const result = this.#reading.answer(facts);
    if (result instanceof Failure) this.#settle.reject(result);
    else this.#settle.resolve({ status: this.#status, headers: answerHeaders(this.#headers), ...result });
  }

  fail(failure: Failure): void {
    this.#settle.reject(afterHead(failure, this.#status > 0));
  }
}

/** A reset once the answer has begun is an answer cut short: it was read, so it is not asked for again. */
export function afterHead(failure: Failure, hasHead: boolean): Failure {
  if (!hasHead || failure.code !== "upstream_reset") return failure;
  return new Failure(
    "upstream_stream_interrupted",
    failure.message.replace("before it answered", "in mid-answer"),
    {
      cause: failure.details.cause,
    },
  );
}

function readChat(facts: WholeFacts): Pick<Answer, "body" | "completion"> | Failure {
  const { bytes } = facts;
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    return new Failure(
      "upstream_malformed_response",
      `Upstream "${facts.upstream}" answered 200 with a body that is not JSON.`,
      {
        cause,
      },
    );
  }
  const error = isObject(body) && isObject(body.error) ? body.error : undefined;
  if (error !== undefined) return statusFailure({ ...facts, status: statusOfError(error) });
  const completion = readCompletion(body);
  if (completion === undefined) {
    return new Failure(
      "upstream_malformed_response",
      `Upstream "${facts.upstream}" answered 200 without choices.`,
    );
  }
  return {
    body: { kind: "whole", bytes },
    completion: Promise.resolve({
      ...completion,
      failure: undefined,
      firstChunkMs: undefined,
      chunks: 0,
      malformedChunks: 0,
      characters: completion.choices.reduce((total, choice) => total + lengthOf(choice), 0),
    }),
  };
}

const chatReading: WholeReading = { answer: readChat, refusal: statusFailure };

function lengthOf({ content, toolCalls }: Choice): number {
  return toolCalls.reduce((total, call) => total + call.arguments.length, content?.length ?? 0);
}
