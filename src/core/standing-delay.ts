/** How long turns must have been late for. */
const intervalMs = 100;
/** A turn that met fewer requests was late for a long task's sake. */
const manyRequests = 16;
/** What must be known before the turn under way decides: one turn late with requests, or two for whatever reason. */
const enough = 2;
/**
 * libuv takes 1,024 events at once, and where there were as many it asks for more, up to 48 times, before it turns to timers
 * and new connections. More requests than this in one turn are such a row, and it may go on for seconds.
 */
const endlessTurn = 1024;

export interface Turn {
  /** How long it took, or has taken so far. */
  readonly ms: number;
  /** New requests in it. */
  readonly requests: number;
}

/**
 * Tells a standing queue from a burst, a long task and a collection of garbage, in the way of CoDel (Nichols and Jacobson
 * 2012; RFC 8289, 4.2): by the least delay over an interval, which those let fall and a queue does not. What waits here is work
 * for the event loop, and its delay is the length of a turn.
 */
export class StandingDelay {
  #lateSince: number | undefined;
  #evidence = 0;

  /** Tell every whole turn. `now` is monotonic, in milliseconds. */
  observe({ ms, requests }: Turn, targetMs: number, now: number): void {
    if (ms < targetMs) {
      this.reset();
      return;
    }
    this.#lateSince ??= now - ms;
    this.#evidence += requests < manyRequests ? 1 : enough;
  }

  /** False means that a queue cannot stand, whatever the turn under way has taken. */
  mayStand(requests: number): boolean {
    return this.#evidence >= enough || requests > endlessTurn;
  }

  /** Whether work stands in a queue, with the turn under way. */
  stands({ ms, requests }: Turn, targetMs: number, now: number): boolean {
    if (ms < targetMs) return false;
    const lateSince = this.#lateSince ?? now - ms;
    return this.mayStand(requests) && now - lateSince >= intervalMs;
  }

  get isLate(): boolean {
    return this.#evidence > 0;
  }

  reset(): void {
    this.#lateSince = undefined;
    this.#evidence = 0;
  }
}
