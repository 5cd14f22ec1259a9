/** What each key has spent today. A day is one of UTC; with the first of the next one all begin anew. */
import type { Spend, SpendMeter } from "../domain/client-key.ts";
import type { AttemptRecord } from "../domain/record.ts";

export interface SpendTotals {
  /** Days since 1970. */
  readonly day: number;
  readonly byKey: Readonly<Record<string, Spend>>;
}

export const nothingSpent: Spend = { tokens: 0, usd: 0 };

export function dayOf(now: number): number {
  return Math.floor(now / 86_400_000);
}

export class SpendLedger implements SpendMeter {
  readonly #now: () => number;
  #day: number;
  #byKey: Map<string, Spend>;
  /** Grows with every change. */
  version = 0;

  /** `now` gives epoch milliseconds. Totals of another day than today count for nothing. */
  constructor(now: () => number, before?: SpendTotals) {
    this.#now = now;
    this.#day = before?.day ?? dayOf(now());
    this.#byKey = new Map(Object.entries(before?.byKey ?? {}));
  }

  add(keyId: string, spend: Spend): void {
    this.#turn();
    this.version += 1;
    this.#byKey.set(keyId, plus(this.#byKey.get(keyId), spend));
  }

  of(keyId: string): Spend {
    this.#turn();
    return this.#byKey.get(keyId) ?? nothingSpent;
  }

  totals(): SpendTotals {
    this.#turn();
    return { day: this.#day, byKey: Object.fromEntries(this.#byKey) };
  }

  /** A clock that jumps back over midnight does not give back what was spent; totals of a later day are nonsense. */
  #turn(): void {
    const today = dayOf(this.#now());
    if (today === this.#day || today === this.#day - 1) return;
    this.#day = today;
    this.#byKey = new Map();
    this.version += 1;
  }
}

export function plus(one: Spend = nothingSpent, other: Spend = nothingSpent): Spend {
  return { tokens: one.tokens + other.tokens, usd: one.usd + other.usd };
}

/** Of all attempts. One whose price is unknown adds its tokens and no dollars. */
export function spendOf(attempts: readonly Pick<AttemptRecord, "usage" | "costUsd">[]): Spend {
  let tokens = 0;
  let usd = 0;
  for (const { usage, costUsd } of attempts) {
    tokens += (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
    usd += costUsd ?? 0;
  }
  return { tokens, usd };
}
