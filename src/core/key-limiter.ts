/** What each key may take at once, in a minute and in a day, and what it has taken in this process. */
import type { ClientKey, SpendMeter } from "../domain/client-key.ts";
import { Rate } from "./rate.ts";

export type Admitted =
  | { readonly kind: "admitted"; readonly leave: (() => void) | undefined }
  | { readonly kind: "budget"; readonly limit: string }
  | { readonly kind: "concurrent"; readonly limit: number }
  | { readonly kind: "rate"; readonly limit: number; readonly waitMs: number; readonly resetMs: number };

export interface KeyLimiterParts {
  readonly spent: Pick<SpendMeter, "of">;
  /** What this process may take of a limit, now that it wants so much of it. */
  readonly shareOf: (limit: number, name: string, wanted: number) => number;
}

export class KeyLimiter {
  readonly #parts: KeyLimiterParts;
  readonly #rates = new Map<string, Rate>();
  readonly #open = new Map<string, number>();

  constructor(parts: KeyLimiterParts) {
    this.#parts = parts;
  }

  /**
   * Lets one more request in, until `leave` is called; a refused one has taken nothing. What `spends` nothing is let in also when
   * the budget is spent: outcomes are still wanted. `now` is monotonic milliseconds.
   */
  admit(key: ClientKey, { now, spends }: { readonly now: number; readonly spends: boolean }): Admitted {
    const { requestsPerMinute, concurrent } = key.limits;
    const budget = spends ? this.#spentBudget(key) : undefined;
    if (budget !== undefined) return { kind: "budget", limit: budget };
    const open = this.#open.get(key.id) ?? 0;
    if (concurrent !== undefined && open >= this.#parts.shareOf(concurrent, openName(key.id), open + 1)) {
      return { kind: "concurrent", limit: concurrent };
    }
    if (requestsPerMinute !== undefined) {
      const rate = this.#rateOf(key.id);
      const wanted = rate.taken(requestsPerMinute, now) + 1;
      const share = this.#parts.shareOf(requestsPerMinute, `key ${key.id} rate`, wanted);
      const { waitMs, resetMs } = rate.take(share, now);
      if (waitMs > 0) return { kind: "rate", limit: requestsPerMinute, waitMs, resetMs };
    }
    return { kind: "admitted", leave: concurrent === undefined ? undefined : this.#enter(key.id) };
  }

  /** Open requests, by the name of their limit. */
  inUse(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#open].map(([id, count]) => [openName(id), count]));
  }

  /** Forgets what keys have taken that stand no more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#rates.keys()) if (!ids.has(id)) this.#rates.delete(id);
  }

  #spentBudget({ id, limits: { tokensPerDay, usdPerDay } }: ClientKey): string | undefined {
    if (tokensPerDay === undefined && usdPerDay === undefined) return undefined;
    const { tokens, usd } = this.#parts.spent.of(id);
    if (tokensPerDay !== undefined && tokens >= tokensPerDay) return `${tokensPerDay} tokens`;
    if (usdPerDay !== undefined && usd >= usdPerDay) return `${usdPerDay} dollars`;
    return undefined;
  }

  #rateOf(id: string): Rate {
    const known = this.#rates.get(id);
    if (known !== undefined) return known;
    const rate = new Rate();
    this.#rates.set(id, rate);
    return rate;
  }

  #enter(id: string): () => void {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(id) ?? 1) - 1;
      if (left === 0) this.#open.delete(id);
      else this.#open.set(id, left);
    };
  }
}

function openName(id: string): string {
  return `key ${id} concurrent`;
}
