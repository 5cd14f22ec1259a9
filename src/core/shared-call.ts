import type { CancelSignal } from "../domain/chat.ts";
import { asFailure } from "../domain/failure.ts";
import { Canceller } from "./canceller.ts";

/** One call that several wait for: it is given up when the last of them is, for that one's reason. */
export class SharedCall<T> {
  /** Handled: nobody need wait for it. */
  readonly answer: Promise<T>;
  readonly #canceller = new Canceller();
  #waiting = 0;

  /** Starts it. */
  constructor(start: (signal: CancelSignal) => Promise<T>) {
    this.answer = start(this.#canceller.signal);
    this.answer.catch(() => {});
  }

  /** Nobody may join any more: those who would were not asked when it was given up. */
  get isGivenUp(): boolean {
    return this.#canceller.signal.aborted;
  }

  /** Rejects with the signal's reason when that is aborted, and as the call does. */
  async wait(signal: CancelSignal): Promise<T> {
    this.#waiting += 1;
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = () => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#canceller.abort(signal.reason);
      reject(asFailure(signal.reason));
    };
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([promise, this.answer]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}
