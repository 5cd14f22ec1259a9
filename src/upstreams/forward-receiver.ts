import type { ChunkSink, ForwardAnswer } from "../domain/chat.ts";
import type { Failure } from "../domain/failure.ts";
import type { Exchange, IncomingHeaders, Receiver } from "./exchange.ts";
import { statusFailure } from "./failures.ts";
import { forwardedAnswerHeaders } from "./headers.ts";
import { afterHead, type Settle } from "./whole-receiver.ts";

/** Bytes in, bytes out: routes that Assay does not read. Errors of the upstream pass as they are. */
export class ForwardReceiver implements Receiver {
  readonly #exchange: () => Exchange;
  readonly #settle: Settle<ForwardAnswer>;
  #sink: ChunkSink | undefined;
  #held: Buffer[] = [];
  #hasHead = false;
  #end: { readonly failure: Failure | undefined } | undefined;

  constructor(exchange: () => Exchange, settle: Settle<ForwardAnswer>) {
    this.#exchange = exchange;
    this.#settle = settle;
  }

  head(status: number, headers: IncomingHeaders): void {
    const isRedirect = status >= 300 && status < 400 && status !== 304;
    // A refusal of our key is ours to mend, and its text may show a part of the key.
    if (isRedirect || status === 401 || status === 403) {
      throw statusFailure({
        upstream: this.#settle.upstreamName,
        status,
        headers,
        bytes: Buffer.alloc(0),
        now: Date.now(),
      });
    }
    this.#hasHead = true;
    this.#settle.resolve({
      status,
      headers: forwardedAnswerHeaders(headers),
      source: {
        start: (sink) => this.#start(sink),
        pause: () => this.#exchange().pause(),
        resume: () => this.#exchange().resume(),
        cancel: (failure) => {
          if (this.#end !== undefined) return;
          this.#exchange().fail(failure);
          this.fail(failure);
        },
      },
    });
  }

  data(bytes: Buffer): void {
    if (this.#sink === undefined) this.#held.push(bytes);
    else this.#sink.chunk(bytes);
  }

  end(): void {
    this.#end = { failure: undefined };
    this.#sink?.end();
  }

  fail(failure: Failure): void {
    if (this.#end !== undefined) return;
    const named = afterHead(failure, this.#hasHead);
    this.#end = { failure: named };
    if (this.#hasHead) this.#sink?.fail(named);
    else this.#settle.reject(named);
  }

  #start(sink: ChunkSink): void {
    this.#sink = sink;
    for (const bytes of this.#held) sink.chunk(bytes);
    this.#held = [];
    if (this.#end === undefined) return;
    if (this.#end.failure === undefined) sink.end();
    else sink.fail(this.#end.failure);
  }
}
