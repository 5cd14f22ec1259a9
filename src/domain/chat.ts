import type { ExperimentConfig, Revision, VariantConfig } from "./config.ts";
import type { Assignment } from "./experiment.ts";
import type { Failure } from "./failure.ts";
import type { GuardrailRecord } from "./guardrail.ts";
import type { RenderablePrompt } from "./prompt.ts";
import type { AttemptReason, AttemptRecord, ValidationRecord } from "./record.ts";
import type { RequestTrace } from "./trace.ts";

/** Header names in lower case; a repeated header is one string, joined as node does. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** Where the value of a top-level member stands in the body: `[start, end)` in bytes, and its key's first byte. */
export interface Member {
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}

/** `chat` asks a language model; `predict` any other model, behind a server that speaks plain JSON. */
export type Operation = "chat" | "predict";

/** The client's body: its bytes as they came, and what the hot path must know of them. */
export interface ChatBody {
  readonly operation: Operation;
  readonly bytes: Buffer;
  /** Top-level members in the order of the bytes; every key occurs once. */
  readonly members: ReadonlyMap<string, Member>;
  /** What the client named: of a prediction the experiment, for the rest of its body is the model's input. */
  readonly model: string;
  readonly isStream: boolean;
}

/** A chat request whose body has been checked. */
export interface ChatRequest {
  readonly body: ChatBody;
  readonly headers: Headers;
}

/** … that knows its experiment, or that it has none. */
export interface AssignedRequest extends ChatRequest {
  readonly experiment: ExperimentConfig | undefined;
  readonly assignment: Assignment | undefined;
  /** What serves it: a variant, or the model and prompt that the client named. */
  readonly plan: ServingPlan;
}

/** What to ask of which model. */
export interface ServingPlan {
  readonly variant: VariantConfig | undefined;
  /** Of another model that stands in for a variant: whose guardrails judge it. */
  readonly guardedAs?: VariantConfig | undefined;
  readonly model: string;
  readonly prompt: RenderablePrompt | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** … whose bytes for the upstream are ready. */
export interface RenderedRequest extends AssignedRequest {
  readonly target: Target;
  /** The body that the upstream gets. */
  readonly outgoing: Buffer;
  /** The usage chunk was asked for by us, not by the client: it is taken out of the stream again. */
  readonly hidesUsage: boolean;
  /** Choices that the client asked for (`n`). */
  readonly choices: number;
  /** Why the first attempt at this target is made; what `retry` adds are retries. */
  readonly attemptReason: AttemptReason;
  /** Guardrails look at what is answered: until they have, nobody else may. */
  readonly isGuarded?: boolean;
  /** Milliseconds waited before this attempt. */
  readonly backoffMs: number;
}

/** … that one attempt is made of: it carries that attempt's trace to the upstream. */
export interface AttemptRequest extends RenderedRequest {
  readonly traceHeaders: Readonly<Record<string, string>>;
}

/** One place to send a request to. */
export interface Target {
  readonly upstream: string;
  readonly model: string;
  readonly variantId: string | undefined;
}

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number | undefined;
  readonly reasoningTokens: number | undefined;
  /** `provider` counted them; `estimated` is ours, by length. */
  readonly source: "provider" | "estimated";
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: string;
}

/** One choice of a completion, put together from a whole answer or from its chunks. */
export interface Choice {
  readonly index: number;
  readonly content: string | undefined;
  readonly refusal: string | undefined;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: string | undefined;
}

/** The end of an answer: it came whole, or it did not. */
export interface Completion {
  readonly failure: Failure | undefined;
  readonly responseId: string | undefined;
  readonly responseModel: string | undefined;
  readonly usage: TokenUsage | undefined;
  readonly choices: readonly Choice[];
  /** Milliseconds from sending the attempt to its first content. */
  readonly firstChunkMs: number | undefined;
  /** Content chunks seen, and the span of time between the first and the last. */
  readonly chunks: number;
  readonly malformedChunks: number;
  /** Length of the text seen, for an estimate where the upstream counts no tokens. */
  readonly characters: number;
  /** What a model server predicted, as text, where that is a short text, a number or a boolean. */
  readonly prediction?: string | undefined;
}

export interface ChunkSink {
  /** Whole events only, without the closing `[DONE]`. */
  chunk(bytes: Buffer): void;
  /** The stream is complete. Exactly one of `end` and `fail` is called, once. */
  end(): void;
  fail(failure: Failure): void;
}

/** A stream that has committed: its first content is here. Nothing flows before `start`. */
export interface ChunkSource {
  start(sink: ChunkSink): void;
  /** Backpressure: the upstream's socket is not read while paused. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest: the upstream is left, and the sink hears this failure unless the stream has ended. */
  cancel(failure: Failure): void;
}

export type AnswerBody =
  | { readonly kind: "whole"; readonly bytes: Buffer }
  | { readonly kind: "stream"; readonly source: ChunkSource };

/** What a service gives back. The body may still be on its way; `completion` settles when it ends and never rejects. */
export interface Answer {
  readonly status: number;
  /** Headers for the client, allow-listed already. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
  readonly completion: Promise<Completion>;
}

/** Everything that one request carries through the policies: one object, made once. */
export interface RequestContext {
  readonly requestId: string;
  readonly revision: Revision;
  /** The key that the client came with; undefined where none is asked for. */
  readonly clientKeyId: string | undefined;
  readonly trace: RequestTrace;
  /** Monotonic milliseconds at arrival. */
  readonly startedAt: number;
  /** Epoch milliseconds at arrival. */
  readonly receivedAt: number;
  /** Aborted with a Failure when the client hangs up, the deadline passes or the server drains. */
  readonly controller: RequestController;
  /** What has been learned so far; each policy writes its own part. */
  readonly state: RequestState;
}

/** Gives a request up. An AbortController is one. */
export interface RequestController {
  readonly signal: CancelSignal;
  abort(reason: unknown): void;
}

export type CancelListener = (() => void) | { handleEvent(): void };

/** Tells once when something is given up, and why. An AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: CancelListener, options?: { readonly once: true }): void;
  removeEventListener(type: "abort", listener: CancelListener): void;
}

export interface RequestState {
  assigned: AssignedRequest | undefined;
  /** The request that the answer comes from: after a fallback another one than first. */
  served: RenderedRequest | undefined;
  fallback: { readonly from: string; readonly to: string; readonly cause: string } | undefined;
  readonly attempts: AttemptRecord[];
  readonly validations: ValidationRecord[];
  readonly guardrails: GuardrailRecord[];
  /** The input was blocked: no upstream is asked for it, unless as a fallback. */
  blocked: Failure | undefined;
  /** Milliseconds spent waiting for upstreams; what remains of the latency is ours. */
  upstreamMs: number;
  /** Monotonic milliseconds at which the whole request is given up. */
  deadlineAt: number;
}

/** Sends one request to one upstream. */
export interface Upstream {
  readonly name: string;
  readonly provider: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** The client's `baggage` header goes on to it. */
  readonly sendsBaggage: boolean;
  /** Resolves at the commit point; rejects with a Failure before it. */
  attempt(call: UpstreamCall): Promise<Answer>;
  /** Any other route of the API, bytes in, bytes out. */
  forward(call: ForwardCall): Promise<ForwardAnswer>;
  close(): Promise<void>;
}

export interface UpstreamCall {
  readonly body: Buffer;
  readonly isStream: boolean;
  readonly hidesUsage: boolean;
  readonly choices: number;
  /** Put the text of a stream together, for a check at its end. */
  readonly collects: boolean;
  /** JSON Pointer to the prediction in a model server's answer. */
  readonly predictionPath?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: CancelSignal;
}

export interface ForwardCall {
  readonly method: string;
  /** Path below the base URL, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: NodeJS.ReadableStream | Buffer | undefined;
  readonly signal: CancelSignal;
}

export interface ForwardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: ChunkSource;
}
