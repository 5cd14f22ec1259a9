import type { Span } from "../core/text-span.ts";
import type { GuardrailSpan, Judgement } from "../domain/guardrail.ts";
import type { Piece } from "./pieces.ts";

/** A place in a piece, by a name of ours or of the configuration, and what a redaction puts there. */
export interface NamedSpan extends Span {
  readonly name: string;
  readonly label: string;
}

/** What is found in the pieces, told by names and numbers: `email 2, phone 1`. Nothing to look at is no verdict. */
export function judgeBy(find: (piece: Piece) => readonly NamedSpan[], pieces: readonly Piece[]): Judgement {
  if (pieces.length === 0) return nothingToLookAt;
  const counts = new Map<string, number>();
  const spans: GuardrailSpan[] = [];
  for (const piece of pieces) {
    for (const place of merged(find(piece))) {
      counts.set(place.name, (counts.get(place.name) ?? 0) + 1);
      spans.push(piece.spanOf(place, place.label));
    }
  }
  if (spans.length === 0) return { kind: "pass" };
  const reason = [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
  return { kind: "found", reason, spans };
}

export const nothingToLookAt: Judgement = { kind: "not_evaluated", reason: "no text to look at" };

/** In the order of the text. Those that overlap become one, under the name of the first: no end of one is left over. */
function merged(found: readonly NamedSpan[]): readonly NamedSpan[] {
  const apart: NamedSpan[] = [];
  for (const span of found.toSorted((a, b) => a.start - b.start)) {
    const last = apart.at(-1);
    if (last === undefined || span.start >= last.end) apart.push(span);
    else apart[apart.length - 1] = { ...last, end: Math.max(last.end, span.end) };
  }
  return apart;
}
