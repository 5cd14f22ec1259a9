import type { Choice, TokenUsage, ToolCall } from "../../domain/chat.ts";
import { idOf, type Material, midStreamError, type Stamp, type StreamEvent } from "./material.ts";
import { type Reply, tokensOf } from "./replies.ts";
import type { ScriptedRequest } from "./request.ts";

/**
 * A reply as a `response` object, or as the smallest stream of events that the OpenAI SDK puts together
 * again.
 */
export function responsesMaterial(request: ScriptedRequest, reply: Reply, stamp: Stamp): Material {
  const items = outputOf(reply.choices[0], stamp);
  const finished = responseOf({ request, reply, stamp, items });
  if (!request.isStream) return { kind: "whole", text: JSON.stringify(finished) };
  const writer = eventWriter();
  const events: StreamEvent[] = [];
  const add = (part: StreamEvent["part"], type: string, rest: object) =>
    events.push({ part, text: writer(type, rest) });

  const started = { ...finished, status: "in_progress", output: [], usage: null, incomplete_details: null };
  add("opening", "response.created", { response: started });
  add("opening", "response.in_progress", { response: started });
  for (const [position, item] of items.entries()) {
    for (const event of itemEvents(item, position)) add(event.part, event.type, event.rest);
  }
  add("finish", `response.${finished.status}`, { response: finished });
  return {
    kind: "stream",
    events,
    contentEvent: (delta) => writer("response.output_text.delta", { ...place(items[0], 0), delta }),
    errorEvent: writer("error", midStreamError),
  };
}

interface Item {
  readonly id: string;
  readonly said:
    | { readonly kind: "text" | "refusal"; readonly text: string }
    | { readonly kind: "call"; readonly call: ToolCall };
}

function outputOf(choice: Choice | undefined, stamp: Stamp): readonly Item[] {
  if (choice === undefined) return [];
  if (choice.toolCalls.length > 0) {
    return choice.toolCalls.map((call, at) => ({
      id: idOf(stamp, "fc_", String(at)),
      said: { kind: "call", call },
    }));
  }
  const kind = choice.refusal === undefined ? "text" : "refusal";
  return [{ id: idOf(stamp, "msg_"), said: { kind, text: choice.refusal ?? choice.content ?? "" } }];
}

interface ResponseParts {
  readonly request: ScriptedRequest;
  readonly reply: Reply;
  readonly stamp: Stamp;
  readonly items: readonly Item[];
}

function responseOf({ request, reply, stamp, items }: ResponseParts) {
  const reason = incompleteReason(reply.choices[0]?.finishReason);
  return {
    id: idOf(stamp, "resp_"),
    object: "response",
    created_at: stamp.createdAt,
    status: reason === undefined ? "completed" : "incomplete",
    error: null,
    incomplete_details: reason === undefined ? null : { reason },
    instructions: null,
    max_output_tokens: request.maxOutputTokens ?? null,
    model: request.model,
    output: items.map((item) => wireItem(item)),
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: wireUsage(reply.usage),
    metadata: {},
  };
}

function incompleteReason(finishReason: string | undefined): string | undefined {
  if (finishReason === "length") return "max_output_tokens";
  return finishReason === "content_filter" ? "content_filter" : undefined;
}

function wireItem({ id, said }: Item): object {
  if (said.kind === "call") {
    const { name, arguments: given } = said.call;
    return { id, type: "function_call", call_id: `call_${id}`, name, arguments: given, status: "completed" };
  }
  return {
    id,
    type: "message",
    status: "completed",
    role: "assistant",
    content: [wirePart(said.kind, said.text)],
  };
}

function wirePart(kind: "text" | "refusal", text: string): object {
  return kind === "text"
    ? { type: "output_text", text, annotations: [] }
    : { type: "refusal", refusal: text };
}

function wireUsage(usage: TokenUsage): unknown {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

/** Numbers its events, as the dialect wants. */
function eventWriter(): (type: string, rest: object) => string {
  let number = 0;
  return (type, rest) => {
    const text = `event: ${type}\ndata: ${JSON.stringify({ ...rest, type, sequence_number: number })}\n\n`;
    number += 1;
    return text;
  };
}

function place(item: Item | undefined, position: number): object {
  return { item_id: item?.id ?? "", output_index: position, content_index: 0 };
}

interface ItemEvent {
  readonly part: StreamEvent["part"];
  readonly type: string;
  readonly rest: object;
}

function itemEvents(item: Item, position: number): readonly ItemEvent[] {
  const whole = wireItem(item);
  const body =
    item.said.kind === "call" ? callEvents(item.id, item.said.call, position) : textEvents(item, position);
  const empty = item.said.kind === "call" ? { arguments: "" } : { content: [] };
  const added = { output_index: position, item: { ...whole, ...empty, status: "in_progress" } };
  return [
    { part: "opening", type: "response.output_item.added", rest: added },
    ...body,
    { part: "content", type: "response.output_item.done", rest: { output_index: position, item: whole } },
  ];
}

function callEvents(id: string, call: ToolCall, position: number): readonly ItemEvent[] {
  const at = { item_id: id, output_index: position };
  const type = "response.function_call_arguments";
  const deltas = tokensOf(call.arguments).map(
    (delta): ItemEvent => ({ part: "content", type: `${type}.delta`, rest: { ...at, delta } }),
  );
  return [
    ...deltas,
    { part: "content", type: `${type}.done`, rest: { ...at, name: call.name, arguments: call.arguments } },
  ];
}

function textEvents(item: Item, position: number): readonly ItemEvent[] {
  if (item.said.kind === "call") return [];
  const { kind, text } = item.said;
  const at = place(item, position);
  const type = kind === "text" ? "response.output_text" : "response.refusal";
  const deltas = tokensOf(text).map(
    (delta): ItemEvent => ({ part: "content", type: `${type}.delta`, rest: { ...at, delta } }),
  );
  return [
    { part: "opening", type: "response.content_part.added", rest: { ...at, part: wirePart(kind, "") } },
    ...deltas,
    { part: "content", type: `${type}.done`, rest: { ...at, [kind]: text } },
    { part: "content", type: "response.content_part.done", rest: { ...at, part: wirePart(kind, text) } },
  ];
}
