import { merged, type Replacement, replaced } from "../core/guardrail-spans.ts";
import type { GuardedText, GuardrailSpan } from "../domain/guardrail.ts";

/** Characters that are rewritten before others have their turn: all that is said in nearly every request. */
const atOnce = 65_536;

/** By index: the texts in which something is replaced, as they are then. Those of megabytes are rewritten in turns. */
export async function redactedTexts(
  texts: readonly Pick<GuardedText, "text">[],
  spans: readonly GuardrailSpan[],
): Promise<ReadonlyMap<number, string>> {
  const places = new Map<number, Replacement[]>();
  for (const span of spans) {
    const of = places.get(span.index);
    if (of === undefined) places.set(span.index, [span]);
    else of.push(span);
  }
  const redacted = new Map<number, string>();
  for (const [index, of] of places)
    redacted.set(index, await rewritten(texts[index]?.text ?? "", merged(of)));
  return redacted;
}

async function rewritten(text: string, places: readonly Replacement[]): Promise<string> {
  const parts: string[] = [];
  for (let from = 0; from < text.length; from += atOnce) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve));
    parts.push(replaced(text.slice(from, from + atOnce), from, places));
  }
  return parts.join("");
}
