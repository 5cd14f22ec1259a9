/** Asks a model server for a guardrail: one JSON object there, one back, apart from the traffic that is guarded. */
import { Canceller } from "../core/canceller.ts";
import { isObject, usageOf } from "../core/chat-completion.ts";
import { failureOfStatus } from "../core/upstream-status.ts";
import type { ForwardAnswer, TokenUsage, Upstream } from "../domain/chat.ts";
import type { Config } from "../domain/config.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { AskCall, CheckParts } from "../domain/guardrail.ts";
import type { UpstreamConfig } from "../domain/upstream-config.ts";
import type { BreakerBoard } from "./breaker.ts";
import type { Permits } from "./concurrency.ts";

export interface AskParts {
  /** Of the revision whose guardrails ask. */
  readonly config: () => Pick<Config, "models" | "defaultUpstream">;
  readonly upstreamOf: (name: string) => Upstream;
  readonly configOf: (name: string) => Pick<UpstreamConfig, "breaker">;
  /** A board of the guardrails' own: clients name the models on the chat's, and could open these circuits with them. */
  readonly breakers: BreakerBoard;
  readonly permits: Permits;
  /** Hears what an answer cost, where the upstream counts. */
  readonly onUsage?: (facts: AskTarget & { readonly usage: TokenUsage }) => void;
}

export interface AskTarget {
  readonly upstream: string;
  /** As the upstream names it; empty where none was named. */
  readonly model: string;
}

/**
 * Rejects with `guardrail_failed`, whose cause tells why; with the signal's own reason once that is aborted. What goes out and
 * what comes back stands in no failure: both may be a user's words.
 */
export function createAsk(parts: AskParts): CheckParts["ask"] {
  return async (call) => {
    const target = targetOf(parts.config(), call);
    try {
      const answer = await askAgainAfterReset(() => askOnce(parts, call, target), call);
      const usage = isObject(answer) && isObject(answer.usage) ? usageOf(answer.usage) : undefined;
      if (usage !== undefined) parts.onUsage?.({ ...target, usage });
      return answer;
    } catch (thrown) {
      if (call.signal.aborted) throw asFailure(call.signal.reason);
      throw inVain(asFailure(thrown), target.upstream);
    }
  };
}

/** A guardrail that names an upstream means it, also for a model that `models` puts elsewhere. */
function targetOf({ models, defaultUpstream }: ReturnType<AskParts["config"]>, call: AskCall): AskTarget {
  const { model = "" } = call;
  const known = Object.hasOwn(models, model) ? models[model] : undefined;
  const upstream = call.upstream ?? known?.upstream ?? defaultUpstream;
  return { upstream, model: known?.upstream === upstream ? known.upstreamModel : model };
}

/** A kept connection that closes as we write on it is nobody's fault, and a check asked twice does no harm. */
async function askAgainAfterReset(ask: () => Promise<unknown>, { signal }: AskCall): Promise<unknown> {
  try {
    return await ask();
  } catch (thrown) {
    if (asFailure(thrown).code !== "upstream_reset" || signal.aborted) throw thrown;
    return ask();
  }
}

async function askOnce(parts: AskParts, call: AskCall, { upstream, model }: AskTarget): Promise<unknown> {
  const { breaker: limits } = parts.configOf(upstream);
  const circuit = parts.breakers.of(upstream, `guardrail ${call.path} ${model}`, limits);
  const ended = Promise.resolve({ failure: undefined });
  const answer = circuit.call(async () => {
    const giveBack = parts.permits.takeAside(upstream);
    try {
      return { body: await exchange(parts.upstreamOf(upstream), call, model), completion: ended };
    } finally {
      giveBack();
    }
  });
  if (answer !== undefined) return (await answer).body;
  const message = `Upstream "${upstream}" keeps failing the guardrails that ask ${call.path}; their circuit is open.`;
  throw new Failure("breaker_open", message, { retryAfterMs: Math.max(circuit.retryAfterMs, 1000) });
}

async function exchange(upstream: Upstream, call: AskCall, model: string): Promise<unknown> {
  const { signal, path, body } = call;
  const canceller = new Canceller();
  const giveUp = () => canceller.abort(givenUp(signal.reason, upstream.name));
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const answer = await upstream.forward({
      method: "POST",
      path,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: Buffer.from(JSON.stringify(model === "" ? body : { ...body, model })),
      signal: canceller.signal,
    });
    return parsed(answer.status, await collected(answer, canceller, upstream.name), upstream.name);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** To a guardrail whose time is up the upstream was too slow; that the client has gone says nothing of the upstream. */
function givenUp(reason: unknown, upstream: string): Failure {
  if (reason instanceof Failure && reason.code !== "guardrail_failed") return reason;
  const message = `Upstream "${upstream}" did not answer within the guardrail's time.`;
  return new Failure("upstream_first_token_timeout", message, { cause: reason });
}

/** A verdict takes a thousandth of it. */
const maxAnswerBytes = 1_000_000;

async function collected(
  { headers, source }: ForwardAnswer,
  canceller: Canceller,
  upstream: string,
): Promise<Buffer> {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    const message = `Upstream "${upstream}" answered with content-encoding ${encoding} although identity was asked for; it is not inflated.`;
    const failure = new Failure("upstream_encoding_refused", message);
    canceller.abort(failure);
    throw failure;
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    source.start({
      chunk(chunk) {
        bytes += chunk.length;
        if (bytes <= maxAnswerBytes) chunks.push(chunk);
        else canceller.abort(tooLarge(upstream));
      },
      end: () => (bytes <= maxAnswerBytes ? resolve(Buffer.concat(chunks)) : reject(tooLarge(upstream))),
      fail: reject,
    });
  });
}

function tooLarge(upstream: string): Failure {
  const message = `Upstream "${upstream}" answered a guardrail with more than ${maxAnswerBytes} bytes.`;
  return new Failure("upstream_response_too_large", message);
}

/** The answer's JSON. Failures quote nothing of it, the parser's own words neither: an answer may repeat what it was asked. */
function parsed(status: number, bytes: Buffer, upstream: string): unknown {
  const isOk = status >= 200 && status < 300;
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    if (isOk) {
      const message = `Upstream "${upstream}" answered a guardrail ${status} with a body that is not JSON.`;
      throw new Failure("upstream_malformed_response", message);
    }
  }
  const error = isObject(body) && isObject(body.error) ? body.error : undefined;
  if (!isOk) throw new Failure(failureOfStatus(status, error), `Upstream "${upstream}" answered ${status}.`);
  if (error === undefined) return body;
  throw new Failure("upstream_error", `Upstream "${upstream}" answered ${status} with an error in it.`);
}

function inVain(cause: Failure, upstream: string): Failure {
  const { retryAfterMs } = cause.details;
  return new Failure("guardrail_failed", `A guardrail asked upstream "${upstream}" in vain: ${cause.code}.`, {
    cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
