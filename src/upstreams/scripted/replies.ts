import type { Choice, TokenUsage, ToolCall } from "../../domain/chat.ts";
import type { Behaviour } from "./behaviour.ts";
import { isObject } from "./json.ts";
import { seedOf } from "./random.ts";
import { lastUserText, type ScriptedRequest, type ScriptedTool } from "./request.ts";
import { sampleOf } from "./schema-sample.ts";
import { asksForSupportReply, plainReply, type SupportReply, supportReply } from "./support-reply.ts";

/** What the model says, before any dialect writes it down. */
export interface Reply {
  readonly choices: readonly Choice[];
  readonly usage: TokenUsage;
}

/** The same model, last user message and seed give the same words, always. Choices differ by their index. */
export function composeReply(request: ScriptedRequest, behaviour: Behaviour, seed: number): Reply {
  const choices = Array.from({ length: request.choices }, (_, index) => {
    const choice = choiceOf(request, behaviour, wordSeed(request, seed, index));
    return shortened({ index, ...choice }, request.maxOutputTokens);
  });
  return { choices, usage: usageOf(request, choices) };
}

/**
 * Pieces of at most eight letters with the space before them, roughly as tokens fall. Joined they are the
 * text again.
 */
export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,8}|\s+/gu) ?? [];
}

type Said = Omit<Choice, "index">;

function wordSeed(request: ScriptedRequest, seed: number, index: number): number {
  return seedOf(request.model, lastUserText(request), String(seed), String(index));
}

const silent: Said = { content: undefined, refusal: undefined, toolCalls: [], finishReason: "stop" };

function choiceOf(request: ScriptedRequest, behaviour: Behaviour, seed: number): Said {
  switch (behaviour.kind) {
    case "answer":
      if (behaviour.toolCalls !== undefined) return calling(behaviour.toolCalls);
      if (behaviour.content !== undefined) return { ...silent, content: behaviour.content };
      return ordinary(request, seed);
    case "tool_call":
      return hasToolAnswer(request)
        ? ordinary(request, seed)
        : calling([callOf(namedTool(request, behaviour.name))]);
    case "tool_call_bad_arguments":
      return calling([{ ...callOf(namedTool(request, undefined)), arguments: badArguments[behaviour.form] }]);
    case "wrong_schema":
      return {
        ...silent,
        content: behaviour.form === "text" ? plainReply(seed, true) : wrongContent(request, seed),
      };
    case "refusal":
      return { ...silent, refusal: "I'm sorry, but I can't help with that." };
    case "content_filter":
      return { ...silent, content: firstHalf(contentOf(request, seed)), finishReason: "content_filter" };
    case "length":
      return { ...silent, content: firstHalf(contentOf(request, seed)), finishReason: "length" };
    default:
      return ordinary(request, seed);
  }
}

function ordinary(request: ScriptedRequest, seed: number): Said {
  const { toolChoice, tools } = request;
  if (toolChoice.kind === "named") return calling([callOf(namedTool(request, toolChoice.name))]);
  if (toolChoice.kind === "required" && tools.length > 0)
    return calling([callOf(namedTool(request, undefined))]);
  return { ...silent, content: contentOf(request, seed) };
}

function calling(toolCalls: readonly ToolCall[]): Said {
  return { ...silent, toolCalls, finishReason: "tool_calls" };
}

/** An agent that has its tool's answer gets words, or it would go round for ever. */
function hasToolAnswer(request: ScriptedRequest): boolean {
  return request.messages.at(-1)?.role === "tool";
}

function namedTool(request: ScriptedRequest, name: string | undefined): ScriptedTool {
  const found = name === undefined ? request.tools[0] : request.tools.find((tool) => tool.name === name);
  return found ?? { name: name ?? "lookup", parameters: { type: "object" } };
}

function callOf(tool: ScriptedTool): ToolCall {
  const sampled = sampleOf(tool.parameters);
  return { name: tool.name, arguments: JSON.stringify(isObject(sampled) ? sampled : {}) };
}

const badArguments = { json: '{"unexpected": tr', schema: '{"unexpected":[null]}' } as const;

function contentOf(request: ScriptedRequest, seed: number): string {
  const { format } = request;
  if (format.kind === "json_schema")
    return JSON.stringify(sampleOf(format.schema, { ...supportOf(request, seed), ...verdictOf(request) }));
  if (asksForSupportReply(promptOf(request))) return JSON.stringify(supportOf(request, seed));
  if (format.kind === "json_object")
    return JSON.stringify({ answer: plainReply(seed, isLarge(request.model)) });
  return plainReply(seed, isLarge(request.model));
}

function supportOf(request: ScriptedRequest, seed: number): SupportReply {
  return supportReply({
    model: request.model,
    question: lastUserText(request),
    prompt: promptOf(request),
    seed,
  });
}

/**
 * What a judge says: `[[judge:fail]]` or `[[judge:fail;category=rude]]` in the judged text asks for it. Without one it says the
 * first that its schema allows.
 */
function verdictOf(request: ScriptedRequest): Readonly<Record<string, string>> {
  const [, verdict, category] = judgeDirective.exec(promptOf(request)) ?? [];
  if (verdict === undefined) return {};
  return category === undefined ? { verdict } : { verdict, category };
}

const judgeDirective = /\[\[judge:([a-z]{1,32})(?:;category=([\w.-]{1,64}))?\]\]/;

function promptOf(request: ScriptedRequest): string {
  return request.messages.map((message) => message.text).join("\n");
}

export function isLarge(model: string): boolean {
  return !/\b(nano|mini|small|lite|flash|haiku)\b/.test(model);
}

/** Valid JSON of which no member has the type it should have, and one member too many. */
function wrongContent(request: ScriptedRequest, seed: number): string {
  const right = parsed(contentOf(request, seed));
  if (!isObject(right)) return JSON.stringify({ unexpected: true });
  const wrong = Object.entries(right).map(([key, value]) => [
    key,
    typeof value === "string" ? { wrong: 7 } : "wrong",
  ]);
  return JSON.stringify({ ...Object.fromEntries(wrong), unexpected: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function firstHalf(text: string): string {
  const tokens = tokensOf(text);
  return tokens.slice(0, Math.max(1, Math.floor(tokens.length / 2))).join("");
}

function shortened(choice: Choice, maxTokens: number | undefined): Choice {
  if (maxTokens === undefined || choice.content === undefined) return choice;
  const tokens = tokensOf(choice.content);
  if (tokens.length <= maxTokens) return choice;
  return { ...choice, content: tokens.slice(0, maxTokens).join(""), finishReason: "length" };
}

/**
 * Prompt tokens are a quarter of the prompt's bytes; half of a long prompt comes from the cache, in blocks of
 * 128 as OpenAI counts.
 */
function usageOf(request: ScriptedRequest, choices: readonly Choice[]): TokenUsage {
  const promptBytes = request.messages.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0);
  const inputTokens = Math.max(1, Math.ceil(promptBytes / 4)) + 4 * request.messages.length;
  const reasoningTokens = /^(o\d|gpt-5)/.test(request.model) ? 64 * choices.length : 0;
  const spoken = choices.reduce((sum, choice) => sum + outputTokensOf(choice), 0);
  return {
    inputTokens,
    outputTokens: spoken + reasoningTokens,
    cachedInputTokens: inputTokens < 1024 ? 0 : Math.floor(inputTokens / 256) * 128,
    reasoningTokens,
    source: "provider",
  };
}

function outputTokensOf({ content, refusal, toolCalls }: Choice): number {
  const texts = [content ?? "", refusal ?? "", ...toolCalls.map((call) => call.name + call.arguments)];
  return texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
}
