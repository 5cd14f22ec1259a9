/**
 * How long turns must stay late. Long enough for a loop that is half busy to catch up with a stall of a second, a long task, a
 * collection of garbage or a machine that ran something else: what came meanwhile is no queue that stands.
 */
const intervalMs = 1000;
/**
 * libuv takes 1,024 events at once, and where there were as many it asks for more, up to 48 times, before it turns to timers
 * and new connections. More requests than this in one turn are such a row, and it may go on for seconds.
 */
export const endlessTurn = 1024;

export interface Turn {
  /** How long it took, or has taken so far. */
  readonly ms: number;
  /** New requests in it. */
  readonly requests: number;
}

/**
 * Tells a standing queue from a burst, in the way of CoDel (Nichols and Jacobson 2012; RFC 8289, 4.2): by the least delay over an
 * interval, which a burst lets fall and a queue does not. What waits here is work for the event loop, and its delay is the
 * length of a turn.
 */
export class StandingDelay {
  #lateSince: number | undefined;

  /** Tell every whole turn. `now` is monotonic, in milliseconds. */
  observe({ ms }: Turn, targetMs: number, now: number): void {
    if (ms < targetMs) this.reset();
    else this.#lateSince ??= now;
  }

  get isLate(): boolean {
    return this.#lateSince !== undefined;
  }

  /** False means that no queue can stand, whatever the turn under way has taken. */
  mayStand(requests: number): boolean {
    return this.isLate || requests > endlessTurn;
  }

  /** Whether a queue stands, with the turn under way. */
  stands({ ms, requests }: Turn, targetMs: number, now: number): boolean {
    if (ms < targetMs) return false;
    return requests > endlessTurn || now - (this.#lateSince ?? now) >= intervalMs;
  }

  reset(): void {
    this.#lateSince = undefined;
  }
}
