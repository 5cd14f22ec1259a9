import { cannedChunks, cannedCompletion, cannedModel } from "../core/chat-completion.ts";
import { defaultPredictionPath, readPrediction } from "../core/prediction.ts";
import { variantPlan } from "../core/serving-plan.ts";
import type {
  Answer,
  AssignedRequest,
  Completion,
  RenderedRequest,
  RequestContext,
  ServingPlan,
} from "../domain/chat.ts";
import type { FallbackTarget } from "../domain/config.ts";
import { asFailure, type Failure } from "../domain/failure.ts";
import { replay } from "../pipeline/hold.ts";
import type { Policy, Service } from "../pipeline/service.ts";

export interface FallbackParts {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A killed variant serves nobody, also not as a fallback. */
  readonly isKilled: (target: { readonly experimentId: string; readonly variantId: string }) => boolean;
  /** Renders the request anew for another plan: another variant has another prompt. */
  readonly render: (request: AssignedRequest, plan: ServingPlan, context: RequestContext) => RenderedRequest;
}

/**
 * What is served when the assigned variant cannot: the experiment's targets in their order. Only before the commit
 * point, for afterwards `next` has resolved. When all fail, the client hears of the first failure.
 */
export function fallback(parts: FallbackParts): Policy<RenderedRequest> {
  return (next) => async (request, context) => {
    try {
      if (context.state.blocked !== undefined) throw context.state.blocked;
      return await next(request, context);
    } catch (thrown) {
      const failure = asFailure(thrown);
      const answer = await rescue(parts, next, { request, context, failure });
      if (answer === undefined) throw failure;
      return answer;
    }
  };
}

interface Rescue {
  readonly request: RenderedRequest;
  readonly context: RequestContext;
  readonly failure: Failure;
}

async function rescue(
  parts: FallbackParts,
  next: Service<RenderedRequest>,
  facts: Rescue,
): Promise<Answer | undefined> {
  const { request, context, failure } = facts;
  // When time is up, only an answer that needs no time is left.
  const isLate = failure.code === "deadline_exceeded";
  const { answer } = failure.details;
  if (answer !== undefined && !hasLeft(context)) return served(facts, "canned", canned(answer, facts));
  if (failure.details.isFinal === true || !(failure.rule.canFallback || isLate)) return undefined;
  const tried = new Set([targetKey(request.plan)]);
  for (const target of request.experiment?.fallback ?? []) {
    if (hasLeft(context)) return undefined;
    if (target.kind === "canned") return served(facts, "canned", canned(target.content, facts));
    if (context.controller.signal.aborted) continue;
    const plan = planOf(target, request, context);
    if (plan === undefined || tried.has(targetKey(plan)) || isKilledPlan(parts, plan, request)) continue;
    tried.add(targetKey(plan));
    try {
      const startedAt = parts.now();
      const rendered = parts.render(request, plan, context);
      context.trace.rendered(rendered, startedAt, undefined);
      context.state.served = rendered;
      const answer = await next(rendered, context);
      return served(facts, plan.variant?.id ?? plan.model, answer);
    } catch (thrown) {
      // Its own attempt has been recorded, and the next target is asked; only a bug of ours is not passed over.
      context.state.served = request;
      if (asFailure(thrown).code === "internal_error") throw thrown;
    }
  }
  return undefined;
}

function served({ request, context, failure }: Rescue, to: string, answer: Answer): Answer {
  context.state.fallback = { from: request.plan.variant?.id ?? request.plan.model, to, cause: failure.code };
  return answer;
}

/** Another model keeps the prompt, parameters and guardrails of the plan that failed; another variant brings its own. */
function planOf(
  target: FallbackTarget,
  request: RenderedRequest,
  context: RequestContext,
): ServingPlan | undefined {
  if (target.kind === "model")
    return { ...request.plan, variant: undefined, guardedAs: request.plan.variant, model: target.model };
  if (target.kind === "canned") return undefined;
  const variant = request.experiment?.variants.find(({ id }) => id === target.variantId);
  return variant && variantPlan(context.revision, variant);
}

/** Given up for another reason than time: the client hung up, or the process ends. Nobody waits for an answer. */
function hasLeft({ controller: { signal } }: RequestContext): boolean {
  return signal.aborted && asFailure(signal.reason).code !== "deadline_exceeded";
}

function isKilledPlan(parts: FallbackParts, plan: ServingPlan, { experiment }: RenderedRequest): boolean {
  if (experiment === undefined || plan.variant === undefined || plan.variant.id === experiment.controlId)
    return false;
  return parts.isKilled({ experimentId: experiment.id, variantId: plan.variant.id });
}

function targetKey(plan: ServingPlan): string {
  return `${plan.variant?.id ?? ""}\0${plan.model}`;
}

function canned(content: string, rescue: Rescue): Answer {
  const { request, context } = rescue;
  if (request.body.operation === "predict") return cannedPrediction(content, rescue);
  const facts = {
    id: `chatcmpl-${context.requestId}`,
    model: cannedModel,
    content,
    createdAt: context.receivedAt,
  };
  const isStream = request.body.isStream;
  return {
    status: 200,
    headers: { "content-type": isStream ? "text/event-stream; charset=utf-8" : "application/json" },
    body: isStream
      ? { kind: "stream", source: replay([cannedChunks(facts)]) }
      : { kind: "whole", bytes: cannedCompletion(facts) },
    completion: cannedEnd({ content, responseId: facts.id, responseModel: facts.model }),
  };
}

function cannedPrediction(content: string, { request }: Rescue): Answer {
  const path = request.experiment?.predict?.predictionPath ?? defaultPredictionPath;
  const prediction = readPrediction(JSON.parse(content), path);
  const responseModel = prediction?.modelVersion ?? cannedModel;
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: { kind: "whole", bytes: Buffer.from(content) },
    completion: cannedEnd({ content, responseId: undefined, responseModel, prediction: prediction?.text }),
  };
}

function cannedEnd(
  facts: { readonly content: string } & Pick<Completion, "responseId" | "responseModel" | "prediction">,
): Promise<Completion> {
  const { content, ...rest } = facts;
  return Promise.resolve({
    ...rest,
    failure: undefined,
    usage: undefined,
    choices: [{ index: 0, content, refusal: undefined, toolCalls: [], finishReason: "stop" }],
    firstChunkMs: undefined,
    chunks: 1,
    malformedChunks: 0,
    characters: content.length,
  });
}
