import type { Span } from "../core/text-span.ts";
import type { CancelSignal } from "../domain/chat.ts";
import type { GuardrailSpan, Judgement } from "../domain/guardrail.ts";
import { nextTurn, type PartSize, partsOf } from "./long-text.ts";
import type { Piece } from "./pieces.ts";

/** A place in a piece, by a name of ours or of the configuration, and what a redaction puts there. */
export interface NamedSpan extends Span {
  readonly name: string;
  readonly label: string;
}

export interface Finder {
  readonly find: (piece: Piece) => readonly NamedSpan[];
  /** What it reads at once. */
  readonly size: PartSize;
}

/** More than a window of a stream, which is read at once: its text cannot wait. */
const atOnce = 65_536;
/** What a piece costs beside its characters, in characters. */
const pieceCost = 64;

/**
 * What is found in the pieces, told by names and numbers: `email 2, phone 1`. Nothing to look at is no verdict. At once
 * where the pieces are short, else in turns.
 */
export function judgeBy(
  finder: Finder,
  pieces: readonly Piece[],
  signal: CancelSignal,
): Judgement | Promise<Judgement> {
  if (pieces.length === 0) return nothingToLookAt;
  const cost = pieces.reduce((sum, { text }) => sum + text.length + pieceCost, 0);
  if (cost > atOnce) return findInTurns(finder, pieces, signal);
  const tally = createTally();
  for (const piece of pieces) {
    for (const place of joined([], finder.find(piece))) tally.add(piece, place);
  }
  return tally.judgement();
}

export const nothingToLookAt: Judgement = { kind: "not_evaluated", reason: "no text to look at" };

/** Places that are counted at once. */
const placesAtOnce = 10_000;

async function findInTurns(
  { find, size }: Finder,
  pieces: readonly Piece[],
  signal: CancelSignal,
): Promise<Judgement> {
  const tally = createTally();
  let cost = 0;
  for (const piece of pieces) {
    const places: NamedSpan[] = [];
    for (const { text, from, keeps } of partsOf(piece.text, size)) {
      const found = find({ ...piece, text }).filter(keeps);
      joined(
        places,
        found.map((place) => ({ ...place, start: place.start + from, end: place.end + from })),
      );
      cost += text.length + pieceCost;
      if (cost < size.core) continue;
      cost = 0;
      await nextTurn(signal);
    }
    for (const [index, place] of places.entries()) {
      tally.add(piece, place);
      if (index % placesAtOnce === placesAtOnce - 1) await nextTurn(signal);
    }
  }
  return tally.judgement();
}

function createTally() {
  const counts = new Map<string, number>();
  const spans: GuardrailSpan[] = [];
  return {
    add(piece: Piece, place: NamedSpan): void {
      counts.set(place.name, (counts.get(place.name) ?? 0) + 1);
      spans.push(piece.spanOf(place, place.label));
    },
    judgement(): Judgement {
      if (spans.length === 0) return { kind: "pass" };
      const reason = [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
      return { kind: "found", reason, spans };
    },
  };
}

/**
 * Adds places to those before them, in the order of the text. Those that overlap become one, under the name of the first:
 * no end of one is left over.
 */
function joined(apart: NamedSpan[], found: readonly NamedSpan[]): NamedSpan[] {
  for (const span of found.toSorted((a, b) => a.start - b.start)) {
    let place = span;
    for (let last = apart.at(-1); last !== undefined && place.start < last.end; last = apart.at(-1)) {
      apart.pop();
      const first = last.start <= place.start ? last : place;
      place = { ...first, end: Math.max(last.end, place.end) };
    }
    apart.push(place);
  }
  return apart;
}
