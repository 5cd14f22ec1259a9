import { estimateTokens } from "../core/chat-completion.ts";
import type { Pricing } from "../core/pricing.ts";
import type {
  AttemptRequest,
  Completion,
  RenderedRequest,
  RequestContext,
  TokenUsage,
  Upstream,
} from "../domain/chat.ts";
import { asFailure, type Failure } from "../domain/failure.ts";
import type { AttemptRecord } from "../domain/record.ts";
import type { AttemptTrace } from "../domain/trace.ts";
import type { Stage } from "../pipeline/service.ts";

export interface AttemptObservation {
  readonly upstreamOf: (name: string) => Upstream;
  readonly pricing: Pricing;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Writes down each attempt: its line in the record, its span, its tokens and dollars. Changes nothing. */
export function observeAttempt(parts: AttemptObservation): Stage<RenderedRequest, AttemptRequest> {
  return (next) => async (request, context) => {
    const startedAt = parts.now();
    const { record, trace } = begin(parts, request, context);
    let countedMs = 0;
    // Up to the commit point when the headers leave, the rest when the answer has ended.
    const countWait = () => {
      const waitedMs = parts.now() - startedAt;
      context.state.upstreamMs += waitedMs - countedMs;
      countedMs = waitedMs;
    };
    const end = (
      completion: Completion | undefined,
      failure: Failure | undefined,
      upstreamRequestId?: string,
    ) => {
      countWait();
      record.durationMs = countedMs;
      record.cause = failure?.code;
      record.malformedChunks = completion?.malformedChunks ?? 0;
      record.maybeDuplicate = failure?.details.maybeDuplicate === true;
      if (completion !== undefined) addCost(parts, { record, request, context, completion });
      trace.end({ completion, failure, costUsd: record.costUsd, upstreamRequestId });
    };
    try {
      const answer = await next({ ...request, traceHeaders: trace.headers }, context);
      countWait();
      const upstreamRequestId = answer.headers["x-upstream-request-id"];
      answer.completion.then((completion) => end(completion, completion.failure, upstreamRequestId));
      return answer;
    } catch (thrown) {
      const failure = asFailure(thrown);
      end(undefined, failure, failure.details.upstreamAnswer?.headers["x-upstream-request-id"]);
      throw failure;
    }
  };
}

function begin(
  parts: AttemptObservation,
  request: RenderedRequest,
  context: RequestContext,
): { record: AttemptRecord; trace: AttemptTrace } {
  const { target, attemptReason: reason, backoffMs } = request;
  const { provider, serverAddress, serverPort } = parts.upstreamOf(target.upstream);
  const number = context.state.attempts.length + 1;
  const record: AttemptRecord = {
    number,
    reason,
    upstream: target.upstream,
    model: target.model,
    cause: undefined,
    durationMs: 0,
    backoffMs,
    maybeDuplicate: false,
    malformedChunks: 0,
    usage: undefined,
    costUsd: undefined,
    priceTable: undefined,
  };
  context.state.attempts.push(record);
  const trace = context.trace.attempt({
    request,
    target,
    number,
    reason,
    backoffMs,
    provider,
    serverAddress,
    serverPort,
  });
  return { record, trace };
}

function addCost(
  parts: AttemptObservation,
  facts: { record: AttemptRecord; request: RenderedRequest; context: RequestContext; completion: Completion },
): void {
  const { record, request, context, completion } = facts;
  const usage = completion.usage ?? estimatedUsage(request, completion);
  record.usage = usage;
  if (usage === undefined) return;
  const { upstream, model } = request.target;
  const override = priceOverride(context, request);
  const price = parts.pricing.price({
    provider: parts.upstreamOf(upstream).provider,
    model,
    usage,
    override,
  });
  record.costUsd = price?.costUsd;
  record.priceTable = price?.table;
}

function priceOverride(context: RequestContext, request: RenderedRequest) {
  const { models } = context.revision.config;
  return Object.values(models).find(
    (model) => model.upstream === request.target.upstream && model.upstreamModel === request.target.model,
  )?.price;
}

/** The tokens of a stream that was cut or that nobody counted, by length: the money has been spent all the same. */
function estimatedUsage(request: RenderedRequest, completion: Completion): TokenUsage | undefined {
  if (completion.characters === 0 && completion.failure === undefined) return undefined;
  return {
    inputTokens: estimateTokens(request.outgoing.length),
    outputTokens: estimateTokens(completion.characters),
    cachedInputTokens: undefined,
    reasoningTokens: undefined,
    source: "estimated",
  };
}
