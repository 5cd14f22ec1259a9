export interface TimedCacheOptions {
  /** 0 keeps nothing. */
  readonly maxEntries: number;
  readonly ttlMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Values that are forgotten after a time, and the longest unused one when there are too many. */
export class TimedCache<V extends NonNullable<unknown>> {
  readonly #entries = new Map<string, { readonly value: V; readonly staleAt: number }>();
  readonly #options: TimedCacheOptions;

  constructor(options: TimedCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#options.now() >= entry.staleAt) return undefined;
    // A map keeps the order of insertion: the first is the longest unused.
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: V): void {
    const { maxEntries, ttlMs, now } = this.#options;
    this.#entries.delete(key);
    this.#entries.set(key, { value, staleAt: now() + ttlMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxEntries && oldest !== undefined) this.#entries.delete(oldest);
  }
}
