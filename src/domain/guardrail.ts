/** Guardrails: checks of what goes in, of what comes out, and of the tool calls that a model asks for. */
import type { CancelSignal, ToolCall } from "./chat.ts";
import type { RenderablePrompt } from "./prompt.ts";

/** What is looked at: the client's words, the model's words, or the tool calls that the model asks for. */
export type GuardrailStage = "input" | "output" | "tool_calls";

export const guardrailStages: readonly GuardrailStage[] = ["input", "output", "tool_calls"];

/** What is done where a check finds something. */
export type GuardrailAction = "flag" | "redact" | "block";

/** What became of it. `not_evaluated`: there was nothing that it could look at. `failed`: it crashed or was too slow, which is no verdict. */
export type GuardrailVerdict = "allow" | "flag" | "redact" | "block" | "not_evaluated" | "failed";

/** One guardrail as the configuration has it: a check, and what is done with what it finds. */
export interface GuardrailConfig {
  readonly name: string;
  /** A key of the registry of checks. */
  readonly check: string;
  /** The check's own settings; its schema has passed them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stages: readonly GuardrailStage[];
  readonly action: GuardrailAction;
  /** What a failure of the check means: the text goes on, or it is refused. */
  readonly onFailure: "open" | "closed";
  readonly timeoutMs: number;
  /** Share of the requests that it looks at, 0 to 1, by a hash of the request's id. */
  readonly sample: number;
  /** It looks and is told of, and does nothing. */
  readonly isShadow: boolean;
  /** It guards every chat request, also those of no experiment. */
  readonly isEverywhere: boolean;
  /** A text that is served in place of what was blocked; undefined takes what `onBlock` says. */
  readonly answer: string | undefined;
  readonly onBlock: "fallback" | "error";
}

/** One text that is looked at, and who says it: a role of OpenAI's messages. */
export interface GuardedText {
  readonly role: string;
  readonly text: string;
  /** Of an answer: its refusal, the reasoning before it or a source beside it. What an answer must be, it need not be. */
  readonly isAside?: boolean;
}

/**
 * Input: all texts of the request in their order. Output: one text of one choice, or the part of it that is looked at.
 * Tool calls: all calls of one choice, whole.
 */
export interface GuardrailSubject {
  readonly stage: GuardrailStage;
  readonly texts: readonly GuardedText[];
  readonly toolCalls: readonly ToolCall[];
}

/** A place in one of the subject's texts, or in the arguments of one of its tool calls: `[start, end)` in UTF-16 units. */
export interface GuardrailSpan {
  /** Index in `texts`; of tool calls in `toolCalls`. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** What stands in its place when it is redacted, such as `[email]`. */
  readonly label: string;
}

/** What a check says. A `reason` is of our own words and the configuration's: it is stored and exported, so it quotes nobody. */
export type Judgement =
  | { readonly kind: "pass" }
  /** `spans` tell where, which a redaction needs. */
  | { readonly kind: "found"; readonly reason: string; readonly spans?: readonly GuardrailSpan[] }
  | { readonly kind: "not_evaluated"; readonly reason: string };

/** One request's evaluation by one check. */
export interface JudgeCall {
  readonly requestId: string;
  /** Aborted when the check's time is up or the client has gone. */
  readonly signal: CancelSignal;
}

/** A check that knows its settings. Rejecting or throwing is a failure, never a verdict. */
export interface GuardrailCheck {
  /**
   * Of streams: undefined looks at whole texts. A number looks at any part of a text, at once and by spans, and finds what is
   * at most so many characters long, or one word of ASCII: text is held back so far, and words are never cut.
   */
  readonly windowChars: number | undefined;
  judge(subject: GuardrailSubject, call: JudgeCall): Judgement | Promise<Judgement>;
}

/** What checks may use of the rest of the process. */
export interface CheckParts {
  /** Posts to a path of an upstream's API, inside its own breaker; resolves with the parsed answer of a 2xx, rejects with a Failure. */
  readonly ask: (call: AskCall) => Promise<unknown>;
  /** `name@version`; undefined where there is none. */
  readonly prompt: (name: string) => RenderablePrompt | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface AskCall {
  /** Undefined takes the upstream of the model, or the default one. */
  readonly upstream: string | undefined;
  readonly model: string | undefined;
  /** Below the API's base, such as `/moderations`. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: CancelSignal;
}

/** One evaluation, as the record keeps it. */
export interface GuardrailRecord {
  readonly name: string;
  readonly check: string;
  readonly stage: GuardrailStage;
  readonly verdict: GuardrailVerdict;
  readonly reason: string | undefined;
  readonly isShadow: boolean;
  readonly durationMs: number;
}

/** A guardrail that is ready to judge. */
export interface Guardrail {
  readonly config: GuardrailConfig;
  readonly check: GuardrailCheck;
  /** Its check asks another server. */
  readonly isRemote: boolean;
}

/** What guards one request, by stage. */
export type GuardrailPlan = Readonly<Record<GuardrailStage, readonly Guardrail[]>>;
