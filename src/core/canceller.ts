/**
 * What a request needs of an AbortController. EventTarget's own keeps every request alive for some 300 ms longer than it
 * lives: a tenth of all memory survived the young generation then, and a hundredth does now.
 */
import type { CancelListener, CancelSignal } from "../domain/chat.ts";

export class Canceller {
  readonly signal = new Signal();

  /** The first reason counts. */
  abort(reason: unknown): void {
    this.signal.abort(reason);
  }
}

class Signal implements CancelSignal {
  aborted = false;
  reason: unknown;
  #listeners: CancelListener[] = [];

  addEventListener(_: "abort", listener: CancelListener): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_: "abort", listener: CancelListener): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) {
      try {
        if (typeof listener === "function") listener();
        else listener.handleEvent();
      } catch (error) {
        // A bug in one must not keep the others from hearing; it stays loud.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
