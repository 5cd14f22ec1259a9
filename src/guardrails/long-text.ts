/** Long texts are read in parts, so that others have their turn between two of them. */
import type { Span } from "../core/text-span.ts";
import type { CancelSignal } from "../domain/chat.ts";

export interface PartSize {
  /** Characters that a part is there for: the parts of these lie side by side. */
  readonly core: number;
  /** Characters on each side that are seen as well: what is no longer than this is whole in one of the parts at least. */
  readonly margin: number;
}

export interface TextPart {
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly from: number;
  /** What lies in a margin alone is another part's, which sees what stands beside it. */
  readonly keeps: (place: Span) => boolean;
}

/** A text that is not much longer than a part is one itself. */
export function partsOf(text: string, { core, margin }: PartSize): readonly TextPart[] {
  if (text.length <= core + 2 * margin) return [{ text, from: 0, keeps: () => true }];
  const parts: TextPart[] = [];
  for (let start = 0; start < text.length; start += core) {
    const from = Math.max(0, start - margin);
    const keeps = (place: Span) => place.end > start - from && place.start < start - from + core;
    parts.push({ text: text.slice(from, start + core + margin), from, keeps });
  }
  return parts;
}

/** Lets others have their turn. Rejects when nobody waits any more. */
export async function nextTurn(signal: CancelSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal.aborted) throw signal.reason;
}
