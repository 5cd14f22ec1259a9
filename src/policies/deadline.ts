import type { AssignedRequest } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type { Policy } from "../pipeline/service.ts";

/** Gives the whole request its total budget, counted from its arrival; the timer lives until the answer has ended. */
export function deadline<R extends AssignedRequest>(defaultTotalMs: number, now: () => number): Policy<R> {
  return (next) => async (request, context) => {
    const totalMs = request.experiment?.totalMs ?? defaultTotalMs;
    context.state.deadlineAt = context.startedAt + totalMs;
    const timer = setTimeout(() => {
      const message = `The request was not answered within its budget of ${totalMs} ms.`;
      context.controller.abort(new Failure("deadline_exceeded", message));
    }, context.state.deadlineAt - now());
    try {
      const answer = await next(request, context);
      answer.completion.then(() => clearTimeout(timer));
      return answer;
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  };
}
