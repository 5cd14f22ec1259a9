/** An event of a stream that waits for its guardrails, and what becomes of it. */
import type { ChunkPiece, ReadChunk } from "../core/chunk-texts.ts";
import { replaced } from "../core/guardrail-spans.ts";
import { eventBytes } from "../core/server-sent-events.ts";
import type { Failure } from "../domain/failure.ts";
import type { GuardedText } from "./guarded-text.ts";

/** A text of a choice, or the arguments of one of its calls. */
export type Part =
  | { readonly kind: "text"; readonly text: GuardedText; length: number }
  | {
      readonly kind: "call";
      name: string;
      arguments: string;
      redacted: string | undefined;
      isJudged: boolean;
    };

export interface HeldPiece {
  readonly piece: ChunkPiece;
  readonly part: Part;
  /** Where it begins in its part. */
  readonly start: number;
}

export interface HeldEvent {
  readonly raw: Buffer;
  readonly chunk: unknown;
  readonly read: ReadChunk | undefined;
  readonly pieces: readonly HeldPiece[];
}

export function lengthOf(part: Part): number {
  return part.kind === "text" ? part.length : part.arguments.length;
}

/** Gives why the text may not go on, if it may not. */
export function grow(part: Part, { piece, name }: ChunkPiece): Failure | undefined {
  if (part.kind === "call") {
    part.name += name;
    part.arguments += piece;
    return undefined;
  }
  part.length += piece.length;
  return part.text.push(piece);
}

export function isReleased({ part, start, piece }: HeldPiece): boolean {
  return part.kind === "call" ? part.isJudged : start + piece.piece.length <= part.text.shown;
}

/** The upstream's own bytes, unless something is taken out of what they say. */
export function bytesOf({ raw, chunk, read, pieces }: HeldEvent): Buffer {
  let isChanged = false;
  for (const { piece, part, start } of pieces) {
    const text = shownPiece(piece.piece, part, start);
    if (text === piece.piece) continue;
    piece.replace(text);
    isChanged = true;
  }
  if (!isChanged) return raw;
  read?.dropLogprobs();
  return eventBytes(JSON.stringify(chunk));
}

/** Redacted arguments come whole, with the first piece of their call. */
function shownPiece(piece: string, part: Part, start: number): string {
  if (part.kind === "text") return replaced(piece, start, part.text.replacements);
  if (part.redacted === undefined) return piece;
  return start === 0 && piece !== "" ? part.redacted : "";
}
