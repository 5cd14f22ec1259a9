/**
 * How many retries an upstream can bear: a share of its requests and a floor for each second, kept for ten seconds
 * (Finagle's RetryBudget). Without it, retries multiply an outage.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  constructor(limits: { readonly ratio: number; readonly perSecond: number }, now: number) {
    this.#ratio = limits.ratio;
    this.#perSecond = limits.perSecond;
    // At least one whole retry, or a small budget could never be spent.
    this.#capacity = Math.max(
      limits.perSecond * 10,
      limits.ratio > 0 ? 100 : 0,
      limits.perSecond > 0 ? 1 : 0,
    );
    this.#tokens = Math.min(this.#capacity, limits.perSecond * 10);
    this.#filledAt = now;
  }

  /** A request was made. `now` in monotonic milliseconds, here and below. */
  deposit(now: number): void {
    this.#fill(now);
    this.#tokens = Math.min(this.#capacity, this.#tokens + this.#ratio);
  }

  /** True, and one retry spent, when there is one to spend. */
  withdraw(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #fill(now: number): void {
    const seconds = Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#tokens = Math.min(this.#capacity, this.#tokens + seconds * this.#perSecond);
  }
}
