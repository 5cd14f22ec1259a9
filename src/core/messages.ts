/** Messages of a chat in the form that GenAI's semantic conventions have for them, whatever the API spells. */
import type { Choice } from "../domain/chat.ts";
import { isObject, toolCallParts } from "./chat-completion.ts";
import { parseMember, scanOwnBody } from "./json-scan.ts";

export interface Message {
  readonly role: string;
  readonly parts: readonly MessagePart[];
  readonly finish_reason?: string;
}

export type MessagePart =
  | { readonly type: "text" | "refusal"; readonly content: string }
  | { readonly type: "tool_call"; readonly name: string; readonly arguments: string }
  | { readonly type: "tool_call_response"; readonly response: string }
  /** A picture, a sound, a file: what it holds is no text, and is left out. */
  | { readonly type: "image" | "audio" | "file" | "other" };

const roles = ["system", "developer", "user", "assistant", "tool", "function"];
const media: Readonly<Record<string, "image" | "audio" | "file">> = {
  image_url: "image",
  input_audio: "audio",
  file: "file",
};

/** Of a body that was sent; none where it has none. A role that the API does not know is "other". */
export function inputMessages(body: Buffer): readonly Message[] {
  const member = scanOwnBody(body).members.get("messages");
  const messages = member === undefined ? [] : parseMember(body, member);
  return Array.isArray(messages) ? messages.filter(isObject).map(messageOf) : [];
}

/** What came back, a message for each choice. */
export function outputMessages(choices: readonly Choice[]): readonly Message[] {
  return choices.map(({ content, refusal, toolCalls, finishReason }) => ({
    role: "assistant",
    parts: [
      ...(content === undefined ? [] : [{ type: "text" as const, content }]),
      ...(refusal === undefined ? [] : [{ type: "refusal" as const, content: refusal }]),
      ...toolCalls.map((call) => ({ type: "tool_call" as const, ...call })),
    ],
    ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
  }));
}

function messageOf({ role, content, refusal, tool_calls: calls }: Record<string, unknown>): Message {
  const known = roles.find((each) => each === role) ?? "other";
  const said = known === "tool" || known === "function" ? [responseOf(content)] : contentParts(content);
  const refused = typeof refusal === "string" ? [{ type: "refusal" as const, content: refusal }] : [];
  return { role: known, parts: [...said, ...refused, ...callsOf(calls)] };
}

function contentParts(content: unknown): readonly MessagePart[] {
  if (typeof content === "string") return [{ type: "text", content }];
  return Array.isArray(content) ? content.filter(isObject).map(partOf) : [];
}

function partOf({ type, text, refusal }: Record<string, unknown>): MessagePart {
  if (typeof text === "string") return { type: "text", content: text };
  if (typeof refusal === "string") return { type: "refusal", content: refusal };
  return { type: (typeof type === "string" && Object.hasOwn(media, type) && media[type]) || "other" };
}

function responseOf(content: unknown): MessagePart {
  const texts = contentParts(content).flatMap((part) => ("content" in part ? part.content : []));
  return { type: "tool_call_response", response: texts.join("\n") };
}

function callsOf(calls: unknown): readonly MessagePart[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isObject).flatMap((call) => {
    const { name = "", text = "" } = toolCallParts(call) ?? {};
    return [{ type: "tool_call" as const, name, arguments: text }];
  });
}
