/** Places in a text that are to be replaced. */
import type { GuardedText, GuardrailSpan } from "../domain/guardrail.ts";

/** `[start, end)` in UTF-16 units, and what stands there instead. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** In the order of the text; those that overlap become one under the label of the first, so that no end sticks out. */
export function merged(replacements: readonly Replacement[]): readonly Replacement[] {
  if (areApart(replacements)) return replacements;
  const sorted = replacements.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const all: Replacement[] = [];
  for (const next of sorted) {
    const last = all.at(-1);
    if (last === undefined || next.start >= last.end) all.push(next);
    else if (next.end > last.end) all[all.length - 1] = { ...last, end: next.end };
  }
  return all;
}

/** Those of one check are, and a long text may have hundreds of thousands. */
function areApart(replacements: readonly Replacement[]): boolean {
  let end = 0;
  for (const next of replacements) {
    if (next.start < end) return false;
    end = next.end;
  }
  return true;
}

/**
 * What becomes of the part of a text that begins at `from`: a label stands where its place begins, and what the place has of
 * this part is taken out. Parts put together give the whole text with its replacements. `replacements` are merged.
 */
export function replaced(part: string, from: number, replacements: readonly Replacement[]): string {
  const shown: string[] = [];
  let at = from;
  const end = from + part.length;
  // A stream asks for piece after piece: those before are many.
  for (let next = firstBehind(from, replacements); next < replacements.length; next++) {
    const { start, end: stop, label } = replacements[next] ?? nowhere;
    if (start >= end) break;
    if (start >= from) shown.push(part.slice(at - from, start - from), label);
    at = Math.min(stop, end);
  }
  shown.push(part.slice(at - from));
  return shown.join("");
}

/** Whether something is replaced in this part of the text. */
export function isTouched(
  { start, end }: Pick<Replacement, "start" | "end">,
  replacements: readonly Replacement[],
): boolean {
  const next = replacements[firstBehind(start, replacements)];
  return next !== undefined && next.start < end;
}

const nowhere: Replacement = { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY, label: "" };

/** Index of the first that ends behind this place. */
function firstBehind(at: number, sorted: readonly Replacement[]): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? nowhere).end <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By index: the texts in which something is replaced, as they are then. */
export function replacedTexts(
  texts: readonly Pick<GuardedText, "text">[],
  spans: readonly GuardrailSpan[],
): ReadonlyMap<number, string> {
  const places = new Map<number, Replacement[]>();
  for (const span of spans) {
    const of = places.get(span.index);
    if (of === undefined) places.set(span.index, [span]);
    else of.push(span);
  }
  return new Map(
    [...places].map(([index, of]) => [index, replaced(texts[index]?.text ?? "", 0, merged(of))] as const),
  );
}
