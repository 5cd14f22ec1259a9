/** A token bucket that holds a minute's worth, as the instant at which it will be full again (GCRA; ITU-T I.371, annex A). */
export class Rate {
  #fullAt = Number.NEGATIVE_INFINITY;

  /** How many of a limit of so many a minute are taken now. */
  taken(perMinute: number, now: number): number {
    return Math.max(0, Math.ceil(((this.#fullAt - now) * perMinute) / minuteMs));
  }

  /** Takes one, or says in how many milliseconds there will be one. `now` is monotonic; the limit may change between calls. */
  take(perMinute: number, now: number): { readonly waitMs: number; readonly resetMs: number } {
    const eachMs = minuteMs / perMinute;
    const fullAt = Math.max(this.#fullAt, now) + eachMs;
    // A rounding error must not cost the last one of a full bucket.
    const waitMs = Math.max(0, fullAt - now - minuteMs);
    if (waitMs > roundingMs) return { waitMs, resetMs: this.#fullAt - now };
    this.#fullAt = fullAt;
    return { waitMs: 0, resetMs: fullAt - now };
  }
}

const minuteMs = 60_000;
const roundingMs = 1e-6;
