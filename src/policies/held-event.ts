/** An event of a stream that waits for its guardrails, and what becomes of it. */
import { type ChunkPiece, type ReadChunk, readChunk } from "../core/chunk-texts.ts";
import { isTouched, replaced } from "../core/guardrail-spans.ts";
import { eventBytes, type ServerSentEvent } from "../core/server-sent-events.ts";
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

/** What an event adds to a part. */
export interface HeldPiece {
  readonly part: Part;
  /** Where it begins in its part. */
  readonly start: number;
  readonly length: number;
}

/** A stream may be held for long: of an event its bytes are kept, and not what was read in them (a sixth of the memory). */
export interface HeldEvent {
  readonly event: ServerSentEvent;
  readonly pieces: readonly HeldPiece[];
}

/** Undefined for what is no chunk. */
export function readEvent({ data }: ServerSentEvent): ReadEvent | undefined {
  if (data === undefined) return undefined;
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    return undefined;
  }
  const read = readChunk(chunk);
  return read && { ...read, chunk };
}

interface ReadEvent extends ReadChunk {
  readonly chunk: unknown;
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

export function isReleased({ part, start, length }: HeldPiece): boolean {
  return part.kind === "call" ? part.isJudged : start + length <= part.text.shown;
}

/** Whether a client that gets it has got something of the answer. */
export function isContent({ pieces }: HeldEvent): boolean {
  return pieces.some(({ part, length }) => part.kind === "call" || length > 0);
}

/** The upstream's own bytes, unless something is taken out of what they say. */
export function bytesOf({ event, pieces }: HeldEvent): Buffer {
  if (!pieces.some(isChanged)) return event.raw;
  const read = readEvent(event);
  if (read === undefined) return event.raw;
  for (const [index, { piece, replace }] of read.pieces.entries()) {
    const held = pieces[index];
    if (held !== undefined) replace(shownPiece(piece, held));
  }
  read.dropLogprobs();
  return eventBytes(JSON.stringify(read.chunk));
}

function isChanged({ part, start, length }: HeldPiece): boolean {
  if (part.kind === "call") return part.redacted !== undefined && length > 0;
  return isTouched({ start, end: start + length }, part.text.replacements);
}

/** Redacted arguments come whole, with the first piece of their call. */
function shownPiece(piece: string, { part, start }: HeldPiece): string {
  if (part.kind === "text") return replaced(piece, start, part.text.replacements);
  if (part.redacted === undefined) return piece;
  return start === 0 && piece !== "" ? part.redacted : "";
}
