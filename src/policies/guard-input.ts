import { guardedInput } from "../core/guarded-input.ts";
import type { Answer, AssignedRequest, RequestContext } from "../domain/chat.ts";
import { asFailure } from "../domain/failure.ts";
import type { GuardrailPlan, GuardrailSubject } from "../domain/guardrail.ts";
import type { Policy, Service } from "../pipeline/service.ts";
import { redactionsOf } from "./judge-guardrail.ts";
import { redactedTexts } from "./redacted-texts.ts";
import { StageJudge } from "./stage-judge.ts";

export interface GuardParts {
  /** What guards this request. */
  readonly planOf: (request: AssignedRequest, context: RequestContext) => GuardrailPlan;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Judges the client's own words before anything is made of them, so that what is taken out is taken out for every target. What is
 * blocked goes no further than to the fallback.
 */
export function guardInput<R extends AssignedRequest>({ planOf, now }: GuardParts): Policy<R> {
  return (next) => (request, context) => {
    const { input } = planOf(request, context);
    if (input.length === 0) return next(request, context);
    return guarded(new StageJudge("input", input, { context, now }), { next, request, context });
  };
}

async function guarded<R extends AssignedRequest>(
  judge: StageJudge,
  { next, request, context }: { next: Service<R>; request: R; context: RequestContext },
): Promise<Answer> {
  const input = guardedInput(request);
  const subject: GuardrailSubject = { stage: "input", texts: input.texts, toolCalls: [] };
  const { rulings, refusal } = await judge.judge(subject);
  const written = judge.close();
  const { signal } = context.controller;
  if (signal.aborted) throw asFailure(signal.reason);
  context.state.blocked = refusal;
  const redacted = await redactedTexts(subject.texts, redactionsOf(rulings));
  const answer = await next(
    redacted.size === 0 ? request : { ...request, ...input.replace(redacted) },
    context,
  );
  // Guardrails that only tell are waited for by the record, not by the client.
  return { ...answer, completion: Promise.all([answer.completion, written]).then(([end]) => end) };
}
