/** A journal that takes longer for one line is as good as away. */
const longestMs = 10_000;

/** One act after the other, for each name by itself. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #longestMs: number;

  constructor(milliseconds = longestMs) {
    this.#longestMs = milliseconds;
  }

  /** Begins when the one before has ended, however it did. */
  take<T>(name: string, act: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(act);
    this.#last.set(
      name,
      done.catch(() => {}),
    );
    return done;
  }

  /** Whether a turn ends in time; rejects where it did and has failed. */
  async ends(turn: Promise<void>): Promise<boolean> {
    const { promise: over, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), this.#longestMs);
    try {
      return await Promise.race([turn.then(() => true), over]);
    } finally {
      clearTimeout(timer);
    }
  }
}
