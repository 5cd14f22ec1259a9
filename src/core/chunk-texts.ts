/** What one chunk of a stream adds to the texts and calls of its choices (OpenAI API, `chat.completion.chunk`). */
import { isObject } from "./chat-completion.ts";
import { choiceCalls, choiceTexts } from "./guarded-texts.ts";

export interface ChunkPiece {
  readonly choice: number;
  /** Which text of the choice, by its path; which of its calls, by its key. */
  readonly key: string;
  readonly isCall: boolean;
  /** Of a call, where this piece tells it. */
  readonly name: string;
  readonly piece: string;
  readonly replace: (piece: string) => void;
}

export interface ReadChunk {
  readonly pieces: readonly ChunkPiece[];
  /** Choices that are complete with it. */
  readonly finished: readonly number[];
  /** Takes out what tells the tokens of the chunk's texts once more. */
  readonly dropLogprobs: () => void;
}

/** Undefined for what is no chunk. */
export function readChunk(chunk: unknown): ReadChunk | undefined {
  if (!isObject(chunk) || !Array.isArray(chunk.choices)) return undefined;
  const choices = chunk.choices.filter(isObject);
  const pieces: ChunkPiece[] = [];
  const finished: number[] = [];
  for (const [position, one] of choices.entries()) {
    const choice = typeof one.index === "number" ? one.index : position;
    for (const { text, path, replace } of choiceTexts(one, "delta"))
      pieces.push({ choice, key: path, isCall: false, name: "", piece: text, replace });
    for (const { key, name, text, replace } of choiceCalls(one, "delta"))
      pieces.push({ choice, key, isCall: true, name, piece: text, replace });
    // Some servers write an empty reason where there is none yet.
    if (typeof one.finish_reason === "string" && one.finish_reason !== "") finished.push(choice);
  }
  const dropLogprobs = () => {
    for (const choice of choices) if (isObject(choice.logprobs)) choice.logprobs = null;
  };
  return { pieces, finished, dropLogprobs };
}
