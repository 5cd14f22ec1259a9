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
import type { Config } from "../domain/config.ts";
import { asFailure, type Failure, type FailureCode } from "../domain/failure.ts";
import type { AttemptRecord } from "../domain/record.ts";
import type { AttemptTrace } from "../domain/trace.ts";
import type { ModelPrice } from "../domain/upstream-config.ts";
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
      const usage = completion?.usage ?? estimatedUsage(request, completion, failure);
      if (usage !== undefined) addCost(parts, { record, request, context, usage });
      trace.end({ completion, failure, usage: record.usage, costUsd: record.costUsd, upstreamRequestId });
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
  facts: { record: AttemptRecord; request: RenderedRequest; context: RequestContext; usage: TokenUsage },
): void {
  const { record, request, context, usage } = facts;
  record.usage = usage;
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

function priceOverride({ revision: { config } }: RequestContext, { target }: RenderedRequest) {
  return pricesOf(config).get(`${target.upstream}\0${target.model}`);
}

/** The configuration's own prices, by upstream and the upstream's name of the model; of two names for one the first counts. */
function pricesOf(config: Config): ReadonlyMap<string, ModelPrice> {
  const known = prices.get(config);
  if (known !== undefined) return known;
  const own = new Map<string, ModelPrice>();
  for (const { upstream, upstreamModel, price } of Object.values(config.models)) {
    const key = `${upstream}\0${upstreamModel}`;
    if (price !== undefined && !own.has(key)) own.set(key, price);
  }
  prices.set(config, own);
  return own;
}

const prices = new WeakMap<Config, ReadonlyMap<string, ModelPrice>>();

/** Failures of a call that an upstream was, or may have been, at work on. */
const spending: ReadonlySet<FailureCode> = new Set([
  "client_cancelled",
  "deadline_exceeded",
  "shutting_down",
  "upstream_first_token_timeout",
  "upstream_malformed_response",
  "upstream_reset",
  "upstream_response_too_large",
  "upstream_stalled",
  "upstream_stream_interrupted",
]);

/** The tokens that nobody counted, by length: of an answer without usage, or cut short. The money has been spent all the same. */
function estimatedUsage(
  request: RenderedRequest,
  completion: Completion | undefined,
  failure: Failure | undefined,
): TokenUsage | undefined {
  const characters = completion?.characters ?? 0;
  // A model server counts no tokens, and is not paid by them.
  if (request.body.operation !== "chat") return undefined;
  const wasAtWork = completion !== undefined || (failure !== undefined && spending.has(failure.code));
  if (!wasAtWork) return undefined;
  return {
    inputTokens: estimateTokens(textLength(request.outgoing)),
    outputTokens: estimateTokens(characters),
    cachedInputTokens: undefined,
    reasoningTokens: undefined,
    source: "estimated",
  };
}

/** Without what images and files are written in: those are not billed by their length. */
function textLength(body: Buffer): number {
  if (!body.includes(";base64,")) return body.length;
  return body.toString("latin1").replaceAll(/;base64,[A-Za-z0-9+/=]*/g, "").length;
}
