import type { RenderedRequest } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type { Policy } from "../pipeline/service.ts";

/**
 * Refuses at once what goes beyond the upstream's limit of calls in flight. A call holds its place until its answer has
 * ended, not until it began: an open stream is work.
 */
export function concurrency<R extends RenderedRequest>(maxOf: (upstream: string) => number): Policy<R> {
  const inFlight = new Map<string, number>();
  const add = (upstream: string, change: number) =>
    inFlight.set(upstream, (inFlight.get(upstream) ?? 0) + change);

  return (next) => async (request, context) => {
    const { upstream } = request.target;
    const max = maxOf(upstream);
    if ((inFlight.get(upstream) ?? 0) >= max) {
      const message = `Upstream "${upstream}" has ${max} calls in flight, which is its max_concurrent.`;
      throw new Failure("overloaded", message, { retryAfterMs: 1000 });
    }
    add(upstream, 1);
    try {
      const answer = await next(request, context);
      answer.completion.then(() => add(upstream, -1));
      return answer;
    } catch (error) {
      add(upstream, -1);
      throw error;
    }
  };
}
