import { ChatStreamReader } from "../core/chat-stream.ts";
import { EventSplitter, EventTooLarge, type ServerSentEvent } from "../core/server-sent-events.ts";
import type { Answer, ChunkSink, ChunkSource, Completion, UpstreamCall } from "../domain/chat.ts";
import { Failure, type FailureCode } from "../domain/failure.ts";
import type { Exchange, IncomingHeaders, Receiver } from "./exchange.ts";
import { errorObject, statusFailure, statusOfError } from "./failures.ts";
import { answerHeaders } from "./headers.ts";
import { afterHead, refuseHead, type Settle } from "./whole-receiver.ts";

/** An event of this size is no chunk of a chat; a line without end is cut here. */
const maxEventBytes = 1_048_576;
/** After the last finish_reason: time for `[DONE]`, which not every upstream sends, and longer for usage that is still to come. */
const afterFinishMs = 1000;
const usageMs = 5000;
/** A cut, silence or the deadline after the last finish_reason is not a fault: everything has been said. */
const harmlessAtEnd: ReadonlySet<FailureCode> = new Set([
  "upstream_stalled",
  "upstream_stream_interrupted",
  "deadline_exceeded",
]);

/**
 * Relays a stream event by event. Until the first content everything is held, and a failure rejects the attempt;
 * then the attempt resolves (the commit point), and a failure goes to the sink.
 */
export class StreamReceiver implements Receiver {
  readonly #exchange: () => Exchange;
  readonly #settle: Settle<Answer>;
  readonly #reader: ChatStreamReader;
  readonly #splitter = new EventSplitter(maxEventBytes);
  readonly #startedAt = performance.now();
  /** Events that wait for the commit point, for a sink, or for the others of the same read: they leave in one write. */
  #held: Buffer[] = [];
  #errorBody: Buffer[] = [];
  #status = 0;
  #headers: IncomingHeaders = {};
  #isEventStream = false;
  #isCommitted = false;
  #isFinishing = false;
  #firstChunkMs: number | undefined;
  #sink: ChunkSink | undefined;
  #end: { readonly failure: Failure | undefined } | undefined;
  #complete: (completion: Completion) => void = () => {};

  constructor(call: UpstreamCall, exchange: () => Exchange, settle: Settle<Answer>) {
    this.#exchange = exchange;
    this.#settle = settle;
    this.#reader = new ChatStreamReader(call);
  }

  head(status: number, headers: IncomingHeaders): void {
    refuseHead(status, headers, this.#settle.upstreamName);
    this.#status = status;
    this.#headers = headers;
    this.#isEventStream = status < 400 && String(headers["content-type"]).startsWith("text/event-stream");
  }

  data(bytes: Buffer): void {
    if (!this.#isEventStream) {
      this.#errorBody.push(bytes);
      return;
    }
    for (const event of this.#split(bytes)) if (!this.#read(event)) return;
    this.#flush();
  }

  end(): void {
    if (!this.#isEventStream) {
      this.fail(this.#wholeFailure());
      return;
    }
    const rest = this.#reader.isDone ? undefined : this.#splitter.flush();
    if (rest !== undefined && !this.#read(rest)) return;
    if (this.#reader.isFinished) this.#finished();
    else this.fail(this.#interrupted());
  }

  fail(failure: Failure): void {
    if (this.#end !== undefined) return;
    const named = afterHead(failure, this.#status > 0);
    if (this.#isFinishing && harmlessAtEnd.has(named.code)) {
      this.#finished();
      return;
    }
    this.#end = { failure: named };
    this.#flush();
    if (this.#isCommitted) {
      this.#complete(this.#completion(named));
      this.#sink?.fail(named);
    } else this.#settle.reject(named);
  }

  #split(bytes: Buffer): readonly ServerSentEvent[] {
    try {
      return this.#splitter.push(bytes);
    } catch (error) {
      if (!(error instanceof EventTooLarge)) throw error;
      throw new Failure(
        "upstream_response_too_large",
        `Upstream "${this.#settle.upstreamName}": ${error.message}.`,
      );
    }
  }

  /** False when the stream has come to its end with this event. */
  #read(event: ServerSentEvent): boolean {
    const verdict = this.#reader.read(event);
    if (verdict.kind === "error") {
      return this.#broken(this.#errorFailure(verdict.error, event));
    }
    if (verdict.kind === "forward") {
      this.#held.push(event.raw);
      if (verdict.isContent && !this.#isCommitted) this.#commit();
    }
    if (this.#reader.isDone) return this.#closed();
    if (this.#reader.isFinished && !this.#isFinishing) {
      this.#isFinishing = true;
      this.#exchange().finishWithin(this.#reader.usage === undefined ? usageMs : afterFinishMs);
    }
    return true;
  }

  /** `[DONE]` came: complete when every choice has finished, cut short otherwise. */
  #closed(): false {
    // It gave fewer choices than were asked for, perhaps; those that it gave are whole.
    if (this.#reader.hasFinishedAll) {
      this.#exchange().finish();
      this.#finished();
    } else {
      this.#broken(this.#interrupted());
    }
    return false;
  }

  /** Tells the exchange, which tells us; unless it has ended already, and then it does not. */
  #broken(failure: Failure): false {
    this.#exchange().fail(failure);
    this.fail(failure);
    return false;
  }

  #flush(): void {
    const held = this.#held;
    if (this.#sink === undefined || held.length === 0) return;
    this.#held = [];
    const [first] = held;
    this.#sink.chunk(held.length === 1 && first !== undefined ? first : Buffer.concat(held));
  }

  #commit(): void {
    this.#isCommitted = true;
    this.#firstChunkMs = performance.now() - this.#startedAt;
    this.#exchange().contentSeen();
    this.#settle.resolve({
      status: this.#status,
      headers: answerHeaders(this.#headers),
      body: { kind: "stream", source: this.#source() },
      completion: new Promise((resolve) => {
        this.#complete = resolve;
      }),
    });
  }

  #source(): ChunkSource {
    return {
      start: (sink) => {
        this.#sink = sink;
        this.#flush();
        if (this.#end === undefined) return;
        if (this.#end.failure === undefined) sink.end();
        else sink.fail(this.#end.failure);
      },
      pause: () => this.#exchange().pause(),
      resume: () => this.#exchange().resume(),
      cancel: (failure) => {
        if (this.#end === undefined) this.#broken(failure);
      },
    };
  }

  #finished(): void {
    if (this.#end !== undefined) return;
    this.#end = { failure: undefined };
    this.#flush();
    this.#complete(this.#completion(undefined));
    this.#sink?.end();
  }

  #completion(failure: Failure | undefined): Completion {
    const { responseId, responseModel, usage, choices, chunks, malformedChunks, characters } = this.#reader;
    const firstChunkMs = this.#firstChunkMs;
    return {
      failure,
      responseId,
      responseModel,
      usage,
      choices,
      chunks,
      malformedChunks,
      characters,
      firstChunkMs,
    };
  }

  #interrupted(): Failure {
    return new Failure(
      "upstream_stream_interrupted",
      `Upstream "${this.#settle.upstreamName}" ended the stream before its finish_reason; the answer is incomplete.`,
    );
  }

  /** An error inside a 200: before content it counts as the HTTP error that it is. */
  #errorFailure(error: Record<string, unknown>, event: ServerSentEvent): Failure {
    const bytes = Buffer.from(event.data ?? "");
    return statusFailure({
      upstream: this.#settle.upstreamName,
      status: statusOfError(error),
      headers: { ...this.#headers, "content-type": "application/json" },
      bytes,
      now: Date.now(),
    });
  }

  #wholeFailure(): Failure {
    const bytes = Buffer.concat(this.#errorBody);
    const facts = { upstream: this.#settle.upstreamName, headers: this.#headers, bytes, now: Date.now() };
    if (this.#status >= 400) return statusFailure({ ...facts, status: this.#status });
    const error = errorObject(bytes);
    if (error !== undefined) return statusFailure({ ...facts, status: statusOfError(error) });
    return new Failure(
      "upstream_malformed_response",
      `Upstream "${facts.upstream}" answered a stream request with content-type ${String(this.#headers["content-type"])}.`,
    );
  }
}
