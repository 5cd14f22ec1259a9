/** What may be kept of messages: their shape, or their text after redaction and within bounds. */
import type { Message, MessagePart } from "./messages.ts";
import type { Redactor } from "./redaction.ts";

/** How much of the messages is kept, as JSON: the newest that fit. */
const shapeChars = 8192;
const mostParts = 100;

/** Roles, part types, tool names, lengths in characters and finish reasons: no text that anybody wrote, and no name that is none. */
export function messageShapes(messages: readonly Message[]): readonly unknown[] {
  return newest(messages, shapeChars, ({ role, parts, finish_reason: reason }) => ({
    role,
    parts: firstOf(parts, shapeOf),
    ...(reason === undefined ? {} : { finish_reason: nameOf(reason) }),
  }));
}

export interface ContentBounds {
  /** Characters of one message after redaction. */
  readonly messageChars: number;
  /** Of all together, as JSON: the newest that fit, and one at least. */
  readonly totalChars: number;
}

export interface RedactedMessages {
  readonly value: readonly unknown[];
  readonly count: number;
  readonly rules: readonly string[];
}

/** Hardly a secret is longer that cannot be told by its beginning; what was read only in part is never shown to its end. */
export const longestSecret = 4096;

/**
 * Text is redacted before it is cut, for a secret that is cut in two is not recognised: more is read than is kept, and the end of
 * what was read is given up.
 */
export function redactedMessages(
  messages: readonly Message[],
  redactor: Redactor,
  { messageChars, totalChars }: ContentBounds,
): RedactedMessages {
  const tally = { count: 0, rules: new Set<string>() };
  const reading = { left: Math.ceil(totalChars / messageChars) * (messageChars + 2 * longestSecret) };
  const value = newest(messages, totalChars, ({ role, parts, finish_reason: reason }) => {
    const text = textWriter({ redactor, tally, reading, room: messageChars });
    const kept = firstOf(parts, (part) => redactedPart(part, text));
    return {
      role,
      parts: kept,
      ...(reason === undefined ? {} : { finish_reason: redactor.redact(nameOf(reason)).text }),
    };
  });
  return { value, count: tally.count, rules: [...tally.rules] };
}

function newest(
  messages: readonly Message[],
  room: number,
  write: (message: Message) => object,
): readonly unknown[] {
  const kept: unknown[] = [];
  let left = room;
  for (const message of messages.toReversed()) {
    if (left <= 0) break;
    const value = write(message);
    left -= JSON.stringify(value).length;
    kept.unshift(value);
  }
  const omitted = messages.length - kept.length;
  return omitted === 0 ? kept : [{ role: "omitted", parts: [], messages: omitted }, ...kept];
}

function firstOf(parts: readonly MessagePart[], write: (part: MessagePart) => unknown): readonly unknown[] {
  const written = parts.slice(0, mostParts).map(write);
  const omitted = parts.length - written.length;
  return omitted === 0 ? written : [...written, { type: "omitted", parts: omitted }];
}

/** What the API allows as the name of a tool or as a reason; any other may be anything. */
const plainName = /^[\w-]{1,64}$/;

function nameOf(text: string): string {
  return plainName.test(text) ? text : "other";
}

function shapeOf(part: MessagePart): unknown {
  switch (part.type) {
    case "text":
    case "refusal":
      return { type: part.type, characters: part.content.length };
    case "tool_call":
      return { type: part.type, name: nameOf(part.name), characters: part.arguments.length };
    case "tool_call_response":
      return { type: part.type, characters: part.response.length };
    default:
      return part;
  }
}

function redactedPart(part: MessagePart, text: WriteText): unknown {
  switch (part.type) {
    case "text":
    case "refusal":
      return { type: part.type, content: text(part.content) };
    case "tool_call":
      return { type: part.type, name: text(part.name), arguments: text(part.arguments, true) };
    case "tool_call_response":
      return { type: part.type, response: text(part.response, true) };
    default:
      return part;
  }
}

interface Tally {
  count: number;
  readonly rules: Set<string>;
}

type WriteText = (text: string, isJson?: boolean) => string;

interface TextWriting {
  readonly redactor: Redactor;
  readonly tally: Tally;
  /** Characters that may yet be read of all messages: of texts that redaction makes short, many would fit. */
  readonly reading: { left: number };
  readonly room: number;
}

/** Writes the texts of one message, as long as there is room. What nothing would be shown of is not read. */
function textWriter({ redactor, tally, reading, room }: TextWriting): WriteText {
  let left = room;
  const counted = <Found extends Pick<RedactedMessages, "count" | "rules">>(found: Found): Found => {
    tally.count += found.count;
    for (const rule of found.rules) tally.rules.add(rule);
    return found;
  };
  const whole = (text: string, isJson: boolean): string => {
    const value = isJson ? jsonIn(text) : undefined;
    if (value === undefined) return counted(redactor.redact(text)).text;
    return JSON.stringify(counted(redactor.redactAll(value)).value);
  };
  return (text, isJson = false) => {
    const readable = left === 0 ? 0 : Math.min(left + 2 * longestSecret, reading.left);
    const isRead = text.length <= readable;
    reading.left -= Math.min(text.length, readable);
    const safe = isRead
      ? whole(text, isJson)
      : whole(text.slice(0, readable), false).slice(0, -longestSecret);
    const shown = safe.slice(0, left);
    left -= shown.length;
    return isRead && shown.length === safe.length ? shown : `${shown}… [cut: ${text.length} characters]`;
  };
}

/** Within JSON's own spelling (`\u0040`) much would not be found. */
function jsonIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
