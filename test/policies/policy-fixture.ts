import { parseChatBody } from "../../src/core/chat-body.ts";
import { compileRevision } from "../../src/core/revision.ts";
import type {
  Answer,
  AssignedRequest,
  ChatRequest,
  Choice,
  Completion,
  RenderedRequest,
  RequestContext,
} from "../../src/domain/chat.ts";
import type { Config, ExperimentConfig, Revision } from "../../src/domain/config.ts";
import type { RequestTrace } from "../../src/domain/trace.ts";
import { configOf } from "../config/config-fixture.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import { sseSource } from "./source-fixture.ts";

/** A request of a client, its body as JSON text. */
export function chatRequest(
  body: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): ChatRequest {
  const text = JSON.stringify({ model: "tone", messages: [{ role: "user", content: "Hi" }], ...body });
  return { body: parseChatBody(Buffer.from(text)), headers };
}

/** A revision of these experiments over one upstream, `main`; the rest is the schema's defaults. */
export function revisionOf(experiments: readonly ExperimentConfig[], change: Partial<Config> = {}): Revision {
  const config = configOf("upstreams:\n  main: {}\n");
  const byId = Object.fromEntries(experiments.map((experiment) => [experiment.id, experiment]));
  return compileRevision({ ...config, experiments: byId, ...change }, "ab".repeat(32), 0);
}

const silentTrace: RequestTrace = {
  traceId: "0".repeat(32),
  traceresponse: "",
  assigned: () => undefined,
  rendered: () => undefined,
  attempt: () => ({ headers: {}, end: () => undefined }),
  forward: () => ({ headers: {}, end: () => undefined }),
  validated: () => undefined,
  guarded: () => undefined,
  end: () => undefined,
};

export function contextOf(
  revision: Revision = revisionOf([]),
  change: Partial<RequestContext> = {},
): RequestContext {
  return {
    requestId: "req-1",
    revision,
    trace: silentTrace,
    startedAt: 0,
    receivedAt: 0,
    clientKeyId: undefined,
    controller: new AbortController(),
    state: {
      assigned: undefined,
      served: undefined,
      fallback: undefined,
      attempts: [],
      validations: [],
      guardrails: [],
      blocked: undefined,
      upstreamMs: 0,
      deadlineAt: Number.POSITIVE_INFINITY,
    },
    ...change,
  };
}

/** A request for the control of `experiment` that is ready to be sent to upstream `main`. */
export function renderedRequest(
  change: Partial<RenderedRequest> = {},
  body: Readonly<Record<string, unknown>> = {},
): RenderedRequest {
  const experiment = change.experiment ?? experimentWith();
  const [control] = experiment.variants;
  const request = chatRequest(body);
  const plan = { variant: control, model: control?.model ?? "m", prompt: undefined, parameters: {} };
  const assigned: AssignedRequest = { ...request, experiment, assignment: undefined, plan };
  return {
    ...assigned,
    target: { upstream: "main", model: plan.model, variantId: control?.id },
    outgoing: request.body.bytes,
    hidesUsage: false,
    choices: 1,
    attemptReason: "initial",
    backoffMs: 0,
    ...change,
  };
}

export function choiceOf(change: Partial<Choice> = {}): Choice {
  return { index: 0, content: "Hello", refusal: undefined, toolCalls: [], finishReason: "stop", ...change };
}

export function completionOf(change: Partial<Completion> = {}): Completion {
  return {
    failure: undefined,
    responseId: "chatcmpl-1",
    responseModel: "m",
    usage: undefined,
    choices: [choiceOf()],
    firstChunkMs: undefined,
    chunks: 1,
    malformedChunks: 0,
    characters: 5,
    ...change,
  };
}

/** A whole answer that has ended. */
export function wholeAnswer(change: Partial<Completion> = {}): Answer {
  return {
    status: 200,
    headers: {},
    body: { kind: "whole", bytes: Buffer.from("{}") },
    completion: Promise.resolve(completionOf(change)),
  };
}

/** An answer whose end the test decides. */
export function openAnswer(): { answer: Answer; end: (change?: Partial<Completion>) => void } {
  const { promise, resolve } = Promise.withResolvers<Completion>();
  const answer: Answer = {
    status: 200,
    headers: {},
    body: { kind: "stream", source: sseSource([]) },
    completion: promise,
  };
  return { answer, end: (change = {}) => resolve(completionOf(change)) };
}

/** Lets everything run that waits for promises alone. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
