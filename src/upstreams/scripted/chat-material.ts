import type { Choice, TokenUsage } from "../../domain/chat.ts";
import { idOf, type Material, midStreamError, type Stamp, type StreamEvent } from "./material.ts";
import { type Reply, tokensOf } from "./replies.ts";
import type { ScriptedRequest } from "./request.ts";

/** A reply as `chat.completion`, or as its chunks. */
export function chatMaterial(request: ScriptedRequest, reply: Reply, stamp: Stamp): Material {
  if (!request.isStream) return { kind: "whole", text: JSON.stringify(completionOf(request, reply, stamp)) };
  const chunk = chunkWriter(request, stamp);
  return {
    kind: "stream",
    events: eventsOf(request, reply, chunk, stamp),
    contentEvent: (text) => chunk({ choices: [deltaOf(0, { content: text })] }),
    errorEvent: `data: ${JSON.stringify({ error: midStreamError })}\n\n`,
  };
}

function completionOf(request: ScriptedRequest, reply: Reply, stamp: Stamp): unknown {
  return {
    id: idOf(stamp, "chatcmpl-"),
    object: "chat.completion",
    created: stamp.createdAt,
    model: request.model,
    choices: reply.choices.map((choice) => ({
      index: choice.index,
      message: messageOf(choice, stamp),
      logprobs: null,
      finish_reason: choice.finishReason,
    })),
    usage: wireUsage(reply.usage),
    service_tier: "default",
    system_fingerprint: fingerprint,
  };
}

const fingerprint = "fp_scripted";

function messageOf(choice: Choice, stamp: Stamp): unknown {
  const message = {
    role: "assistant",
    content: choice.content ?? null,
    refusal: choice.refusal ?? null,
    annotations: [],
  };
  if (choice.toolCalls.length === 0) return message;
  const calls = choice.toolCalls.map((call, at) => ({
    id: idOf(stamp, "call_", `${choice.index}.${at}`),
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  return { ...message, tool_calls: calls };
}

function wireUsage(usage: TokenUsage): unknown {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens ?? 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

type ChunkWriter = (rest: { readonly choices: readonly unknown[]; readonly usage?: unknown }) => string;

/** With usage asked for, OpenAI puts `usage: null` on every chunk but the one that carries it. */
function chunkWriter(request: ScriptedRequest, stamp: Stamp): ChunkWriter {
  const head = {
    id: idOf(stamp, "chatcmpl-"),
    object: "chat.completion.chunk",
    created: stamp.createdAt,
    model: request.model,
    service_tier: "default",
    system_fingerprint: fingerprint,
  };
  const usage = request.includesUsage ? { usage: null } : {};
  return (rest) => `data: ${JSON.stringify({ ...head, ...usage, ...rest })}\n\n`;
}

function deltaOf(index: number, delta: unknown, finishReason: string | null = null): unknown {
  return { index, delta, logprobs: null, finish_reason: finishReason };
}

/**
 * Role first, then the choices' contents in turns as they are generated side by side, then each choice's
 * finish.
 */
function eventsOf(
  request: ScriptedRequest,
  reply: Reply,
  chunk: ChunkWriter,
  stamp: Stamp,
): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  const add = (part: StreamEvent["part"], choice: unknown) =>
    events.push({ part, text: chunk({ choices: [choice] }) });

  for (const choice of reply.choices) add("opening", deltaOf(choice.index, openingOf(choice)));
  const contents = reply.choices.map((choice) => contentDeltas(choice, stamp));
  const longest = Math.max(...contents.map((deltas) => deltas.length));
  for (let at = 0; at < longest; at += 1) {
    for (const [index, deltas] of contents.entries()) {
      if (at < deltas.length) add("content", deltaOf(index, deltas[at]));
    }
  }
  for (const choice of reply.choices) add("finish", deltaOf(choice.index, {}, choice.finishReason ?? "stop"));
  if (request.includesUsage) {
    events.push({ part: "usage", text: chunk({ choices: [], usage: wireUsage(reply.usage) }) });
  }
  events.push({ part: "done", text: "data: [DONE]\n\n" });
  return events;
}

function openingOf(choice: Choice): unknown {
  return { role: "assistant", content: choice.content === undefined ? null : "", refusal: null };
}

function contentDeltas(choice: Choice, stamp: Stamp): readonly unknown[] {
  if (choice.refusal !== undefined) return tokensOf(choice.refusal).map((refusal) => ({ refusal }));
  const calls = choice.toolCalls.flatMap((call, at) => {
    const id = idOf(stamp, "call_", `${choice.index}.${at}`);
    const opening = { index: at, id, type: "function", function: { name: call.name, arguments: "" } };
    const rest = tokensOf(call.arguments).map((piece) => ({ index: at, function: { arguments: piece } }));
    return [opening, ...rest].map((toolCall) => ({ tool_calls: [toolCall] }));
  });
  return [...tokensOf(choice.content ?? "").map((content) => ({ content })), ...calls];
}
