/**
 * Recognises the chunk that is the one before it with another text. Nearly all chunks of a stream are: what is the same
 * is compared as bytes, and only the text is read (0.4 us; to parse such a chunk takes 1.5 us, and 4 in a busy server).
 */
import { isObject } from "./chat-completion.ts";

export interface ChunkTemplate {
  /** The choice, and the member of its delta, that the text belongs to. */
  readonly index: number;
  readonly key: string;
  /** What stands before, between and behind the texts that change. */
  readonly fixed: readonly Buffer[];
}

/** OpenAI pads its chunks with a text of any length, so that their sizes tell nothing of their words. */
const padding = "obfuscation";
/** Stands for the texts when a template is proved; no upstream's word. */
const marker = "\u{10FFFF}";

const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;

/** The template of an event whose data is this chunk; undefined when the chunk says more than one text of one choice. */
export function learnTemplate(raw: Buffer, chunk: Record<string, unknown>): ChunkTemplate | undefined {
  const member = onlyText(chunk);
  if (member === undefined) return undefined;
  const holes = [holeAfter(raw, member.key)];
  if (typeof chunk[padding] === "string") holes.push(holeAfter(raw, padding));
  const fixed: Buffer[] = [];
  let at = 0;
  for (const hole of holes) {
    if (hole === undefined || hole.start < at) return undefined;
    fixed.push(raw.subarray(at, hole.start));
    at = hole.end;
  }
  fixed.push(raw.subarray(at));
  // A copy: the event is a piece of a larger read, which would live as long as the stream.
  const template = { ...member, fixed: fixed.map((part) => Buffer.from(part)) };
  return isProved(template) ? template : undefined;
}

/** The text of an event that differs from the template's in its texts alone; undefined for any other. */
export function textOf({ fixed }: ChunkTemplate, raw: Buffer): string | undefined {
  let at = 0;
  let start = 0;
  let end = 0;
  for (let part = 0; part < fixed.length; part++) {
    if (part === 1) {
      start = at;
      end = endOfText(raw, at);
      at = end;
    } else if (part > 1) at = endOfPlain(raw, at);
    const bytes = fixed[part];
    if (bytes === undefined || !standsAt(raw, at, bytes)) return undefined;
    at += bytes.length;
  }
  return at === raw.length ? decode(raw.toString("utf8", start, end)) : undefined;
}

/** The one member of the one delta that is a text, where the chunk says nothing else that anybody reads. */
function onlyText(chunk: Record<string, unknown>): Pick<ChunkTemplate, "index" | "key"> | undefined {
  const { choices, usage, error } = chunk;
  if (!Array.isArray(choices) || choices.length !== 1 || isObject(usage)) return undefined;
  const [choice] = choices;
  if (isObject(error) || typeof error === "string" || !isObject(choice) || !isObject(choice.delta))
    return undefined;
  if (typeof choice.finish_reason === "string") return undefined;
  const said = Object.entries(choice.delta).filter(
    ([key, value]) => key !== "role" && value !== null && value !== "",
  );
  const [key, value] = said[0] ?? [];
  // A refusal is rare, and collected always.
  if (said.length !== 1 || key === undefined || key === "refusal" || typeof value !== "string")
    return undefined;
  return { key, index: typeof choice.index === "number" ? choice.index : 0 };
}

/** Where the text of the first member of this name begins and ends. */
function holeAfter(raw: Buffer, key: string): { start: number; end: number } | undefined {
  const name = Buffer.from(`${JSON.stringify(key)}:`);
  const found = raw.indexOf(name);
  if (found === -1) return undefined;
  let start = found + name.length;
  while (raw[start] === space) start++;
  if (raw[start] !== quote) return undefined;
  start++;
  return { start, end: endOfText(raw, start) };
}

/**
 * The name may stand elsewhere too: the right place is the one where a marker comes out as the member's value. It also
 * proves the event to be one line of data, and the text that it may hold has no end of line.
 */
function isProved({ key, index, fixed }: ChunkTemplate): boolean {
  const text = fixed.map(String).join(marker).slice("data: ".length);
  try {
    const chunk: unknown = JSON.parse(text);
    const member = isObject(chunk) ? onlyText(chunk) : undefined;
    // Parse boundary: `onlyText` has seen this path.
    const { choices, ...rest } = chunk as {
      choices: [{ delta: Record<string, unknown> }];
      [padding]?: unknown;
    };
    const isPadded = fixed.length > 2;
    return (
      member?.key === key &&
      member.index === index &&
      choices[0].delta[key] === marker &&
      (!isPadded || rest[padding] === marker)
    );
  } catch {
    return false;
  }
}

function standsAt(raw: Buffer, at: number, bytes: Buffer): boolean {
  const end = at + bytes.length;
  return end <= raw.length && raw.compare(bytes, 0, bytes.length, at, end) === 0;
}

/** The quote that ends a JSON string, or the byte that may not stand in one. */
function endOfText(raw: Buffer, from: number): number {
  let at = endOfPlain(raw, from);
  while (raw[at] === backslash) at = endOfPlain(raw, at + 2);
  return at;
}

/** The first byte that is not itself in a JSON string: a quote, a backslash, a control character. */
function endOfPlain(raw: Buffer, from: number): number {
  let at = from;
  for (; at < raw.length; at++) {
    const byte = raw[at] ?? 0;
    if (byte === quote || byte === backslash || byte < space) break;
  }
  return at;
}

/** What stands between the quotes; undefined for an escape that JSON does not know. */
function decode(text: string): string | undefined {
  if (!text.includes("\\")) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return undefined;
  }
}
