/** Arguments of tool calls: JSON, out of which something is taken so that JSON is left. */
import type { ToolCall } from "../domain/chat.ts";
import type { GuardrailSpan } from "../domain/guardrail.ts";
import { replacedTexts } from "./guardrail-spans.ts";

/** The call as guardrails look at it: `\u0040` hides no character. Text that is no JSON is looked at as it is. */
export function readableCall(call: ToolCall): ToolCall {
  if (!call.arguments.includes("\\")) return call;
  const parsed = parsedOr(call.arguments);
  return parsed === undefined ? call : { ...call, arguments: JSON.stringify(parsed.value) };
}

/** By index: the arguments in which something is replaced. `calls` are readable ones, which the places belong to. */
export function redactedArguments(
  calls: readonly ToolCall[],
  spans: readonly GuardrailSpan[],
): ReadonlyMap<number, string> {
  const texts = calls.map((call) => ({ text: call.arguments }));
  const fitting = spans.map((span) => {
    const text = texts[span.index]?.text ?? "";
    const fits = isInString(text, span.start) || parsedOr(span.label) !== undefined;
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

function isInString(json: string, at: number): boolean {
  let isInside = false;
  for (let i = 0; i < at; i++) {
    if (isInside && json[i] === "\\") i++;
    else if (json[i] === '"') isInside = !isInside;
  }
  return isInside;
}

function parsedOr(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
