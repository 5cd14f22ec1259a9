/** Reads and makes whole chat completions (OpenAI API, `POST /chat/completions`). */
import type { Choice, TokenUsage, ToolCall } from "../domain/chat.ts";
import { eventBytes } from "./server-sent-events.ts";

export interface WholeCompletion {
  readonly responseId: string | undefined;
  readonly responseModel: string | undefined;
  readonly usage: TokenUsage | undefined;
  readonly choices: readonly Choice[];
}

/** A parsed body as a completion; undefined when it has no `choices`. */
export function readCompletion(body: unknown): WholeCompletion | undefined {
  if (!isObject(body) || !Array.isArray(body.choices)) return undefined;
  return {
    responseId: typeof body.id === "string" ? body.id : undefined,
    responseModel: typeof body.model === "string" ? body.model : undefined,
    usage: isObject(body.usage) ? usageOf(body.usage) : undefined,
    choices: body.choices.filter(isObject).map(choiceOf),
  };
}

/** `usage` of a completion; undefined unless both counts are there. */
export function usageOf(usage: Record<string, unknown>): TokenUsage | undefined {
  const inputTokens = count(usage.prompt_tokens);
  const outputTokens = count(usage.completion_tokens);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const input = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  const output = isObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {};
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens: count(input.cached_tokens),
    reasoningTokens: count(output.reasoning_tokens),
    source: "provider",
  };
}

/** Stands in answers in the model's place where no model was asked. */
export const cannedModel = "assay-canned";

/** A completion that we make ourselves: the last fallback. Its usage is zero, for no model was asked. */
export function cannedCompletion(facts: {
  id: string;
  model: string;
  content: string;
  createdAt: number;
}): Buffer {
  return Buffer.from(
    JSON.stringify({
      id: facts.id,
      object: "chat.completion",
      created: Math.floor(facts.createdAt / 1000),
      model: facts.model,
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: facts.content, refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    }),
  );
}

/** The same as a stream, without its `[DONE]`. */
export function cannedChunks(facts: {
  id: string;
  model: string;
  content: string;
  createdAt: number;
}): Buffer {
  const base = {
    id: facts.id,
    object: "chat.completion.chunk",
    created: Math.floor(facts.createdAt / 1000),
    model: facts.model,
  };
  const chunk = (delta: object, finishReason: string | null) =>
    eventBytes(
      JSON.stringify({
        ...base,
        choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      }),
    );
  return Buffer.concat([
    chunk({ role: "assistant", content: "" }, null),
    chunk({ content: facts.content }, null),
    chunk({}, "stop"),
  ]);
}

/** A rough count where the upstream gives none: four characters a token, OpenAI's own rule of thumb. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / 4);
}

/** What a tool call, or a piece of one, says; a custom tool takes its free text as `input`. */
export function toolCallParts(
  raw: Record<string, unknown>,
): { readonly name: string | undefined; readonly text: string | undefined } | undefined {
  const { function: fn, custom } = raw;
  if (isObject(fn)) return { name: stringOf(fn.name), text: stringOf(fn.arguments) };
  if (isObject(custom)) return { name: stringOf(custom.name), text: stringOf(custom.input) };
  return undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function choiceOf(raw: Record<string, unknown>, position: number): Choice {
  const message = isObject(raw.message) ? raw.message : {};
  return {
    index: typeof raw.index === "number" ? raw.index : position,
    content: typeof message.content === "string" ? message.content : undefined,
    refusal: typeof message.refusal === "string" && message.refusal !== "" ? message.refusal : undefined,
    toolCalls: Array.isArray(message.tool_calls) ? message.tool_calls.flatMap(toolCallOf) : [],
    finishReason: typeof raw.finish_reason === "string" ? raw.finish_reason : undefined,
  };
}

function toolCallOf(raw: unknown): ToolCall[] {
  if (!isObject(raw)) return [];
  const parts = toolCallParts(raw);
  return parts === undefined ? [] : [{ name: parts.name ?? "", arguments: parts.text ?? "" }];
}

function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function count(value: unknown): number | undefined {
  // A count that no model can mean would spoil every sum until the next restart.
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1e9
    ? value
    : undefined;
}
