/** What one chunk of a stream adds to the texts and calls of its choices (OpenAI API, `chat.completion.chunk`). */
import { isObject } from "./chat-completion.ts";

export interface ChunkPiece {
  readonly choice: number;
  /** Which text of the choice: a member of its delta, or the arguments of a call by its index. */
  readonly text: string;
  readonly isCall: boolean;
  /** Of a call, where this piece tells it. */
  readonly name: string | undefined;
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
  for (const [position, choice] of choices.entries()) {
    const index = typeof choice.index === "number" ? choice.index : position;
    if (isObject(choice.delta)) addPieces(pieces, choice.delta, index);
    if (typeof choice.finish_reason === "string") finished.push(index);
  }
  const dropLogprobs = () => {
    for (const choice of choices) if (isObject(choice.logprobs)) choice.logprobs = null;
  };
  return { pieces, finished, dropLogprobs };
}

/** Every member of a delta that is text is shown to somebody: content, refusal, reasoning by whatever name. */
function addPieces(pieces: ChunkPiece[], delta: Record<string, unknown>, choice: number): void {
  for (const [member, held] of Object.entries(delta)) {
    if (member === "role" || typeof held !== "string") continue;
    const replace = (piece: string) => {
      delta[member] = piece;
    };
    pieces.push({ choice, text: member, isCall: false, name: undefined, piece: held, replace });
  }
  const calls = Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isObject) : [];
  for (const [position, call] of calls.entries()) {
    const text = String(typeof call.index === "number" ? call.index : position);
    if (isObject(call.custom)) addCall(pieces, { called: call.custom, member: "input", choice, text });
    else addCall(pieces, { called: call.function, member: "arguments", choice, text });
  }
  addCall(pieces, { called: delta.function_call, member: "arguments", choice, text: "function_call" });
}

function addCall(
  pieces: ChunkPiece[],
  { called, member, ...of }: { called: unknown; member: string; choice: number; text: string },
): void {
  if (!isObject(called)) return;
  const { name } = called;
  const held = called[member];
  pieces.push({
    ...of,
    isCall: true,
    name: typeof name === "string" ? name : undefined,
    piece: typeof held === "string" ? held : "",
    replace: (piece) => {
      called[member] = piece;
    },
  });
}
