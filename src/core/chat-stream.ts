/** Follows the chunks of one chat completion: what is content, what was counted, whether it is complete. */
import type { Choice, TokenUsage } from "../domain/chat.ts";
import { isObject, toolCallParts, usageOf } from "./chat-completion.ts";
import { type ChunkTemplate, learnTemplate, textOf } from "./chunk-template.ts";
import type { ServerSentEvent } from "./server-sent-events.ts";

export type ChunkVerdict =
  | { readonly kind: "forward"; readonly isContent: boolean }
  /** Not for the client: `[DONE]` (the writer closes the stream), a malformed chunk, the usage that we asked for. */
  | { readonly kind: "drop" }
  | { readonly kind: "error"; readonly error: Record<string, unknown> };

interface GrowingToolCall {
  name: string;
  arguments: string;
}

interface GrowingChoice {
  content: string | undefined;
  refusal: string | undefined;
  readonly toolCalls: GrowingToolCall[];
  finishReason: string | undefined;
}

const drop: ChunkVerdict = { kind: "drop" };
const forward: ChunkVerdict = { kind: "forward", isContent: false };
const forwardContent: ChunkVerdict = { kind: "forward", isContent: true };

/** A lesson costs what three chunks known by their template save, so that many chunks must follow from it. */
const lessonPrice = 4;
const mostCredit = 16;

export class ChatStreamReader {
  responseId: string | undefined;
  responseModel: string | undefined;
  usage: TokenUsage | undefined;
  isDone = false;
  chunks = 0;
  malformedChunks = 0;
  /** Characters of content and arguments seen, for an estimate where the upstream counts nothing. */
  characters = 0;
  readonly #choices = new Map<number, GrowingChoice>();
  readonly #expectedChoices: number;
  readonly #hidesUsage: boolean;
  readonly #collects: boolean;
  #template: ChunkTemplate | undefined;
  #credit = mostCredit;

  constructor(options: { choices: number; hidesUsage: boolean; collects: boolean }) {
    this.#expectedChoices = options.choices;
    this.#hidesUsage = options.hidesUsage;
    this.#collects = options.collects;
  }

  /** Every choice that was asked for has its `finish_reason`. */
  get isFinished(): boolean {
    return this.#choices.size >= this.#expectedChoices && this.hasFinishedAll;
  }

  /** Every choice that was seen has its `finish_reason`, and there is one. */
  get hasFinishedAll(): boolean {
    if (this.#choices.size === 0) return false;
    for (const choice of this.#choices.values()) if (choice.finishReason === undefined) return false;
    return true;
  }

  get choices(): Choice[] {
    return [...this.#choices]
      .map(([index, choice]) => ({ index, ...choice }))
      .sort((a, b) => a.index - b.index);
  }

  read(event: ServerSentEvent): ChunkVerdict {
    const text = this.#template && textOf(this.#template, event.raw);
    if (this.#template !== undefined && text !== undefined && text !== "")
      return this.#readText(this.#template, text);
    const { data } = event;
    if (data === undefined) return forward;
    if (data.trim() === "[DONE]") {
      this.isDone = true;
      return drop;
    }
    const chunk = parseChunk(data);
    if (chunk === undefined) {
      this.malformedChunks++;
      return drop;
    }
    if (isObject(chunk.error)) return { kind: "error", error: chunk.error };
    if (typeof chunk.error === "string") return { kind: "error", error: { message: chunk.error } };
    this.#learn(event.raw, chunk);
    return this.#readChunk(chunk);
  }

  #learn(raw: Buffer, chunk: Record<string, unknown>): void {
    if (this.#credit < lessonPrice) return;
    const template = learnTemplate(raw, chunk);
    if (template === undefined) return;
    this.#template = template;
    this.#credit -= lessonPrice;
  }

  /** What `#readChunk` would do with the template's chunk if it said this. */
  #readText({ key, index }: ChunkTemplate, text: string): ChunkVerdict {
    if (this.#credit < mostCredit) this.#credit++;
    if (key === "content") this.#addContent(this.#choiceAt(index), text);
    this.chunks++;
    return forwardContent;
  }

  #readChunk(chunk: Record<string, unknown>): ChunkVerdict {
    if (typeof chunk.id === "string" && chunk.id !== "") this.responseId ??= chunk.id;
    if (typeof chunk.model === "string" && chunk.model !== "") this.responseModel ??= chunk.model;
    if (isObject(chunk.usage)) this.usage = usageOf(chunk.usage) ?? this.usage;
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    if (choices.length === 0) return isObject(chunk.usage) && this.#hidesUsage ? drop : forward;
    let isContent = false;
    for (const choice of choices) if (isObject(choice) && this.#readChoice(choice)) isContent = true;
    if (!isContent) return forward;
    this.chunks++;
    return forwardContent;
  }

  #readChoice(raw: Record<string, unknown>): boolean {
    const index = typeof raw.index === "number" ? raw.index : 0;
    const choice = this.#choiceAt(index);
    let isContent = false;
    if (isObject(raw.delta)) isContent = this.#readDelta(choice, raw.delta);
    // Some servers write an empty reason where there is none yet.
    if (typeof raw.finish_reason === "string" && raw.finish_reason !== "") {
      choice.finishReason = raw.finish_reason;
      isContent = true;
    }
    return isContent;
  }

  #readDelta(choice: GrowingChoice, delta: Record<string, unknown>): boolean {
    let isContent = false;
    for (const key in delta) {
      const value = delta[key];
      if (key === "role" || value === null || value === "") continue;
      isContent = true;
      if (key === "content" && typeof value === "string") {
        this.#addContent(choice, value);
      } else if (key === "refusal" && typeof value === "string") {
        choice.refusal = (choice.refusal ?? "") + value;
      } else if (key === "tool_calls" && Array.isArray(value)) {
        for (const call of value) if (isObject(call)) this.#readToolCall(choice, call);
      }
    }
    return isContent;
  }

  #addContent(choice: GrowingChoice, text: string): void {
    this.characters += text.length;
    if (this.#collects) choice.content = (choice.content ?? "") + text;
  }

  #readToolCall(choice: GrowingChoice, raw: Record<string, unknown>): void {
    const { name = "", text = "" } = toolCallParts(raw) ?? {};
    this.characters += text.length;
    if (!this.#collects) return;
    const index = typeof raw.index === "number" ? raw.index : 0;
    // A hostile index must not grow a sparse array.
    if (index < 0 || index > 1023) return;
    while (choice.toolCalls.length <= index) choice.toolCalls.push({ name: "", arguments: "" });
    const call = choice.toolCalls[index];
    if (call === undefined) return;
    call.name += name;
    call.arguments += text;
  }

  #choiceAt(index: number): GrowingChoice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { content: undefined, refusal: undefined, toolCalls: [], finishReason: undefined };
      // 128 is the most that the API gives; what lies beyond is watched by nobody.
      if (this.#choices.size < 128) this.#choices.set(index, choice);
    }
    return choice;
  }
}

function parseChunk(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
