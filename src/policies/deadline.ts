import type { AssignedRequest } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import { type Policy, whenEnded } from "../pipeline/service.ts";

/** Gives the whole request its total budget, counted from its arrival; the timer lives until the answer has ended. */
export function deadline<R extends AssignedRequest>(defaultTotalMs: number, now: () => number): Policy<R> {
  return (next) => (request, context) => {
    const totalMs = request.experiment?.totalMs ?? defaultTotalMs;
    context.state.deadlineAt = context.startedAt + totalMs;
    const left = context.state.deadlineAt - now();
    const timer = setTimeout(
      () => {
        const message = `The request was not answered within its budget of ${totalMs} ms.`;
        context.controller.abort(new Failure("deadline_exceeded", message));
      },
      // node keeps a list for each length of time: the same one for all is cheap, one for each request is not.
      totalMs - left < 1 ? totalMs : left,
    );
    return whenEnded(next(request, context), () => clearTimeout(timer));
  };
}
