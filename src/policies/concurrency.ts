import type { RenderedRequest } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import { type Policy, whenEnded } from "../pipeline/service.ts";

/** Calls in flight at each upstream: those of experiments and those that are only passed through share one limit. */
export class Permits {
  readonly #inFlight = new Map<string, number>();
  /** Those of them that are made aside of the traffic. */
  readonly #aside = new Map<string, number>();
  /** With how many there would be. */
  readonly #maxOf: (upstream: string, wanted: number) => number;

  constructor(maxOf: (upstream: string, wanted: number) => number) {
    this.#maxOf = maxOf;
  }

  /** By upstream. */
  get inFlight(): ReadonlyMap<string, number> {
    return this.#inFlight;
  }

  /** Throws `overloaded` at once where the limit is reached; otherwise gives the way to return the permit, once. */
  take(upstream: string): () => void {
    this.#refuseBeyond(upstream, this.#max(upstream), this.#inFlight);
    return counted(this.#inFlight, upstream);
  }

  /** For calls aside of the traffic, such as a guardrail's: they hold half of the limit at most, and one at least. */
  takeAside(upstream: string): () => void {
    const half = Math.max(1, Math.floor(this.#max(upstream) / 2));
    this.#refuseBeyond(upstream, half, this.#aside);
    const giveBack = this.take(upstream);
    const leave = counted(this.#aside, upstream);
    return () => {
      giveBack();
      leave();
    };
  }

  #max(upstream: string): number {
    return this.#maxOf(upstream, (this.#inFlight.get(upstream) ?? 0) + 1);
  }

  #refuseBeyond(upstream: string, max: number, inFlight: ReadonlyMap<string, number>): void {
    if ((inFlight.get(upstream) ?? 0) < max) return;
    const what = inFlight === this.#aside ? "calls of guardrails" : "calls";
    const message = `Upstream "${upstream}" has ${max} ${what} in flight, all that max_concurrent permits this process (of several workers each has a share).`;
    throw new Failure("overloaded", message, { retryAfterMs: 1000 });
  }
}

/** Counts one more, and gives the way to count it no longer, once. */
function counted(inFlight: Map<string, number>, upstream: string): () => void {
  inFlight.set(upstream, (inFlight.get(upstream) ?? 0) + 1);
  let isReturned = false;
  return () => {
    if (isReturned) return;
    isReturned = true;
    inFlight.set(upstream, (inFlight.get(upstream) ?? 1) - 1);
  };
}

/** A call holds its permit until its answer has ended, not until it began: an open stream is work. */
export function concurrency<R extends RenderedRequest>(permits: Permits): Policy<R> {
  return (next) => async (request, context) => {
    const giveBack = permits.take(request.target.upstream);
    return whenEnded(next(request, context), giveBack);
  };
}
