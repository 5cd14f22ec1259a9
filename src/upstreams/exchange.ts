/** One request and its answer over undici's `dispatch`, inside its budgets, with every way to fail named. */
import type { Dispatcher } from "undici";
import type { CancelSignal } from "../domain/chat.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { PhaseBudgets } from "../domain/upstream-config.ts";
import { connectionFailure, headFailure } from "./failures.ts";

export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Hears of one answer: `head` once, `data` often, then `end` or `fail` once. What it throws ends the exchange as a failure. */
export interface Receiver {
  head(status: number, headers: IncomingHeaders): void;
  data(bytes: Buffer): void;
  end(): void;
  fail(failure: Failure): void;
}

export interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  readonly request: Pick<Dispatcher.DispatchOptions, "path" | "method" | "headers" | "body">;
  readonly upstreamName: string;
  readonly budgets: PhaseBudgets;
  /** The first-token budget holds until `Exchange.contentSeen` is called. */
  readonly awaitsContent: boolean;
  readonly maxResponseBytes: number;
  readonly signal: CancelSignal;
}

/** Between the last event of a stream and the end of its body. */
const endOfBodyMs = 1000;

type Phase = "connect" | "upload" | "head" | "first_token" | "stall" | "finishing" | "none";

/**
 * The timer is our own, one for all phases: undici's fire up to a second late. undici's controller is the only handle on the
 * call; before it is handed to us (no connection yet) an abort is remembered and carried out then.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #receiver: Receiver;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #phase: Phase = "none";
  /** Of the present phase; and monotonic milliseconds at which it is over, and at which the timer will ask. */
  #limitMs = 0;
  #overAt = 0;
  #asksAt = 0;
  #bytes = 0;
  #isSettled = false;

  constructor(options: ExchangeOptions, receiver: Receiver) {
    this.#options = options;
    this.#receiver = receiver;
  }

  start(): void {
    const { signal, dispatcher, request, budgets } = this.#options;
    if (signal.aborted) {
      this.handleEvent();
      return;
    }
    signal.addEventListener("abort", this, { once: true });
    this.#arm("connect", budgets.connectMs);
    try {
      dispatcher.dispatch(request, this);
    } catch (error) {
      this.fail(connectionFailure(error, this.#options.upstreamName, false));
    }
  }

  /** Of the signal: the request is given up. */
  handleEvent(): void {
    this.fail(asFailure(this.#options.signal.reason));
  }

  /** The first content is here: from now on only silence is measured. */
  contentSeen(): void {
    if (this.#phase === "first_token") this.#arm("stall", this.#options.budgets.stallMs);
  }

  /** The answer is complete in substance; what may still follow gets this long. */
  finishWithin(milliseconds: number): void {
    // Pings do not prolong this phase, nor does a pause of the reader end it.
    if (!this.#isSettled) this.#arm("finishing", milliseconds);
  }

  /** Stops reading the socket. A reader's pause is not the upstream's silence, so the clock stops too. */
  pause(): void {
    // What is still to come is the end of the body alone, and it must be read: the connection serves again.
    if (this.#isSettled) return;
    this.#controller?.pause();
    if (this.#phase !== "finishing") this.#arm("none", 0);
  }

  resume(): void {
    const isRunning = !this.#isSettled && this.#phase !== "finishing";
    if (isRunning) this.#arm("stall", this.#options.budgets.stallMs);
    this.#controller?.resume();
  }

  /** The answer is complete. The connection gets a moment to end its body, so that it can serve again. */
  finish(): void {
    if (!this.#settle()) return;
    this.#timer = setTimeout(() => this.#controller?.abort(new Error("answer complete")), endOfBodyMs);
    this.#end();
  }

  fail(failure: Failure): void {
    if (!this.#settle()) return;
    this.#controller?.abort(failure);
    this.#receiver.fail(failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) {
      controller.abort(new Error("given up before the connection stood"));
      return;
    }
    // A body that still comes from the client is the client's time, not the upstream's.
    this.#arm("upload", this.#options.budgets.stallMs);
  }

  onBodySent(): void {
    if (this.#phase === "upload") this.#prolong();
  }

  onRequestSent(): void {
    if (this.#phase !== "upload") return;
    const { budgets, awaitsContent } = this.#options;
    if (awaitsContent) this.#arm("first_token", budgets.firstTokenMs);
    else this.#arm("head", budgets.headMs);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (this.#isSettled || status < 200) return;
    const failure = headFailure(status, headers, this.#options.upstreamName);
    if (failure !== undefined) {
      this.fail(failure);
      return;
    }
    if (!this.#options.awaitsContent) this.#arm("stall", this.#options.budgets.stallMs);
    this.#guarded(() => this.#receiver.head(status, headers));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxResponseBytes) {
      this.fail(this.#tooLarge());
      return;
    }
    if (this.#phase === "stall") this.#prolong();
    this.#guarded(() => this.#receiver.data(chunk));
  }

  onResponseEnd(): void {
    this.#stopTimer();
    if (this.#settle()) this.#end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#stopTimer();
    this.fail(connectionFailure(error, this.#options.upstreamName, this.#controller !== undefined));
  }

  /** Settled already, so a bug here must tell the receiver by itself: nobody else would. */
  #end(): void {
    try {
      this.#receiver.end();
    } catch (error) {
      this.#receiver.fail(asFailure(error));
    }
  }

  #tooLarge(): Failure {
    return new Failure(
      "upstream_response_too_large",
      `The answer of upstream "${this.#options.upstreamName}" is longer than ${this.#options.maxResponseBytes} bytes; raise max_response_bytes if that is meant.`,
    );
  }

  /** A bug in a receiver must end this exchange as a failure: undici would only see a broken handler. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fail(asFailure(error));
    }
  }

  #arm(phase: Phase, milliseconds: number): void {
    this.#phase = phase;
    if (phase === "none" || this.#isSettled) {
      this.#stopTimer();
      return;
    }
    this.#limitMs = milliseconds;
    this.#prolong();
    // One that asks too early asks again: most requests end within the first phase's time, and need no second timer.
    if (this.#timer !== undefined && this.#asksAt <= this.#overAt) return;
    this.#stopTimer();
    this.#ask(milliseconds);
  }

  /** The present phase begins anew. */
  #prolong(): void {
    this.#overAt = performance.now() + this.#limitMs;
  }

  #ask(milliseconds: number): void {
    this.#asksAt = this.#overAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const left = this.#overAt - performance.now();
      // node's clock is a millisecond coarse.
      if (left > 1) this.#ask(left);
      else this.fail(this.#timeoutFailure(this.#phase, this.#limitMs));
    }, milliseconds);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #timeoutFailure(phase: Phase, milliseconds: number): Failure {
    const name = this.#options.upstreamName;
    if (phase === "connect") {
      return new Failure(
        "upstream_connect_timeout",
        `No connection to upstream "${name}" within ${milliseconds} ms.`,
      );
    }
    if (phase === "upload") {
      return new Failure(
        "request_timeout",
        `The body fell silent for ${milliseconds} ms on its way to "${name}".`,
      );
    }
    if (phase === "first_token" || phase === "head") {
      return new Failure(
        "upstream_first_token_timeout",
        `Upstream "${name}" sent no ${phase === "head" ? "answer" : "content"} within ${milliseconds} ms.`,
      );
    }
    return new Failure(
      "upstream_stalled",
      `Upstream "${name}" fell silent for ${milliseconds} ms in mid-answer.`,
    );
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#stopTimer();
    this.#options.signal.removeEventListener("abort", this);
    return true;
  }
}
