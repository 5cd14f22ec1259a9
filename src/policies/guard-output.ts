import type { RenderedRequest } from "../domain/chat.ts";
import type { Policy } from "../pipeline/service.ts";
import type { GuardParts } from "./guard-input.ts";
import { GuardedStream } from "./guarded-stream.ts";
import { guardWhole } from "./guarded-whole.ts";

/**
 * Judges what a model says and which tools it calls, before the client sees it. What is blocked is a failure: before anything of
 * the answer has left, a fallback takes its place.
 */
export function guardOutput({ planOf, now }: GuardParts): Policy<RenderedRequest> {
  return (next) => (request, context) => {
    const plan = planOf(request, context);
    if (plan.output.length === 0 && plan.tool_calls.length === 0) return next(request, context);
    const parts = { plan, context, now };
    const holdsAll = request.experiment?.output.streamMode === "buffer";
    return next({ ...request, isGuarded: true }, context).then((given) =>
      given.body.kind === "whole"
        ? guardWhole(given, given.body.bytes, parts)
        : new GuardedStream(given, given.body.source, { ...parts, holdsAll }).answer(),
    );
  };
}
