import type { RenderedRequest } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import { type Policy, whenEnded } from "../pipeline/service.ts";

/** Calls in flight at each upstream: those of experiments and those that are only passed through share one limit. */
export class Permits {
  readonly #inFlight = new Map<string, number>();
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
    const inFlight = this.#inFlight.get(upstream) ?? 0;
    const max = this.#maxOf(upstream, inFlight + 1);
    if (inFlight >= max) {
      const message = `Upstream "${upstream}" has ${max} calls in flight, all that max_concurrent permits this process (of several workers each has a share).`;
      throw new Failure("overloaded", message, { retryAfterMs: 1000 });
    }
    this.#inFlight.set(upstream, inFlight + 1);
    let isReturned = false;
    return () => {
      if (isReturned) return;
      isReturned = true;
      this.#inFlight.set(upstream, (this.#inFlight.get(upstream) ?? 1) - 1);
    };
  }
}

/** A call holds its permit until its answer has ended, not until it began: an open stream is work. */
export function concurrency<R extends RenderedRequest>(permits: Permits): Policy<R> {
  return (next) => async (request, context) => {
    const giveBack = permits.take(request.target.upstream);
    return whenEnded(next(request, context), giveBack);
  };
}
