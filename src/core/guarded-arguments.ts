/** Arguments of tool calls: JSON, out of which something is taken so that JSON is left. */
import type { ToolCall } from "../domain/chat.ts";
import type { GuardrailSpan } from "../domain/guardrail.ts";
import { replacedTexts } from "./guardrail-spans.ts";

/**
 * The call as guardrails look at it: `\u0040` hides no character. Everything else is as it is written: a number of many
 * digits keeps them, and a key that is there twice is looked at twice. Text that is no JSON is looked at as it is.
 */
export function readableCall(call: ToolCall): ToolCall {
  if (!call.arguments.includes("\\") || parsedOr(call.arguments) === undefined) return call;
  return { ...call, arguments: call.arguments.replace(escaped, readable) };
}

const escaped = /\\(?:u([0-9A-Fa-f]{4})|.)/g;

/** What needs no escape: no control character, quote or backslash, and no half of a pair. */
function readable(written: string, digits: string | undefined): string {
  if (written === "\\/") return "/";
  const code = Number.parseInt(digits ?? "0", 16);
  const isBound = code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff);
  return isBound ? written : String.fromCharCode(code);
}

/** By index: the arguments in which something is replaced. `calls` are readable ones, which the places belong to. */
export function redactedArguments(
  calls: readonly ToolCall[],
  spans: readonly GuardrailSpan[],
): ReadonlyMap<number, string> {
  const texts = calls.map((call) => ({ text: call.arguments }));
  const insides = texts.map(({ text }) => insideOf(text));
  const fitting = spans.map((span) => {
    const fits = insides[span.index]?.(span.start) === true || parsedOr(span.label) !== undefined;
    return fits ? span : { ...span, label: JSON.stringify(span.label) };
  });
  const redacted = [...replacedTexts(texts, fitting)].map(([index, text]): [number, string] => {
    const wasJson = parsedOr(texts[index]?.text ?? "") !== undefined;
    if (!wasJson || parsedOr(text) !== undefined) return [index, text];
    // A place that reached over the structure has taken some of it along: nothing of it is left then.
    const label = spans.find((span) => span.index === index)?.label ?? "";
    return [index, JSON.stringify({ redacted: label })];
  });
  return new Map(redacted);
}

/** Whether a place stands in a string of the JSON; read on from the place that was asked for before, where that is possible. */
function insideOf(json: string): (at: number) => boolean {
  let read = 0;
  let isInside = false;
  return (at) => {
    if (at < read) {
      read = 0;
      isInside = false;
    }
    for (; read < at; read++) {
      if (isInside && json[read] === "\\") read++;
      else if (json[read] === '"') isInside = !isInside;
    }
    return isInside;
  };
}

function parsedOr(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
