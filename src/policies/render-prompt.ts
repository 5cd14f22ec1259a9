import { renderRequest } from "../core/render-request.ts";
import type { AssignedRequest, RenderedRequest } from "../domain/chat.ts";
import { asFailure } from "../domain/failure.ts";
import type { Stage } from "../pipeline/service.ts";

/** Makes the bytes for the upstream: the variant's prompt, model and parameters around the client's own words. */
export function renderPrompt(now: () => number): Stage<AssignedRequest, RenderedRequest> {
  return (next) => (request, context) => {
    const startedAt = now();
    try {
      const rendered = renderRequest(request, request.plan, {
        revision: context.revision,
        reason: "initial",
      });
      context.state.served = rendered;
      context.trace.rendered(rendered, startedAt, undefined);
      return next(rendered, context);
    } catch (thrown) {
      const failure = asFailure(thrown);
      context.trace.rendered(request, startedAt, failure);
      throw failure;
    }
  };
}
