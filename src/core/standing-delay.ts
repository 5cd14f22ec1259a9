/**
 * How long turns must stay late. Long enough for a loop that is half busy to catch up with a stall of a second, a long task, a
 * collection of garbage or a machine that ran something else: what came meanwhile is no queue that stands.
 */
const intervalMs = 1000;

/**
 * Tells a standing queue from a burst, in the way of CoDel (Nichols and Jacobson 2012; RFC 8289, 4.2): by the least delay over an
 * interval, which a burst lets fall and a queue does not. What waits here is work for the event loop, and its delay is the
 * length of a turn. `now` is monotonic, in milliseconds.
 */
export class StandingDelay {
  #lateSince: number | undefined;

  /** Tell how long every whole turn took. */
  observe(ms: number, targetMs: number, now: number): void {
    if (ms < targetMs) this.reset();
    else this.#lateSince ??= now;
  }

  /** Whether the last turn was late; no queue stands otherwise. */
  get isLate(): boolean {
    return this.#lateSince !== undefined;
  }

  /** Whether a queue stands, with a turn under way that has taken `ms` so far. */
  stands(ms: number, targetMs: number, now: number): boolean {
    return ms >= targetMs && now - (this.#lateSince ?? now) >= intervalMs;
  }

  reset(): void {
    this.#lateSince = undefined;
  }
}
