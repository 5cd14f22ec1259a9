/** A string or a number of a JSON text: what it says, and where each character of that is written. */
export interface JsonLiteral {
  /** A string without its quotes and escapes; a number as it is written. */
  readonly text: string;
  readonly isString: boolean;
  /** The nearest key before a value: its own, or that of the list it stands in. */
  readonly key: string | undefined;
  /** Where the literal is written, its quotes included: `[start, end)` in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Where the character at `position` of `text` is written; of `text.length`, where the last one ends. */
  readonly writtenAt: (position: number) => number;
}

/** All strings, keys too, and numbers of a JSON text, in their order; undefined when it is no JSON. */
export function jsonLiterals(json: string): readonly JsonLiteral[] | undefined {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  const literals: JsonLiteral[] = [];
  let key: string | undefined;
  let at = 0;
  while (at < json.length) {
    const literal = json[at] === '"' ? stringAt(json, at) : numberAt(json, at);
    at = literal?.end ?? at + 1;
    if (literal === undefined) continue;
    const isKey = colonNext.test(json.slice(at, at + longestGap));
    literals.push({ ...literal, key: isKey ? undefined : key });
    if (isKey) key = literal.text;
  }
  return literals;
}

/** JSON may put any space between a key and its colon; nobody writes more than this. */
const longestGap = 16;
const colonNext = /^\s*:/;

type Keyless = Omit<JsonLiteral, "key">;

function stringAt(json: string, start: number): Keyless {
  const marks: number[] = [];
  let at = start + 1;
  while (json[at] !== '"') {
    const isEscape = json[at] === "\\";
    if (isEscape) marks.push(at);
    at += isEscape ? escapeLength(json, at) : 1;
  }
  const end = at + 1;
  const text = marks.length === 0 ? json.slice(start + 1, at) : String(JSON.parse(json.slice(start, end)));
  return { text, isString: true, start, end, writtenAt: writtenAt(json, start + 1, marks) };
}

function escapeLength(json: string, at: number): number {
  return json[at + 1] === "u" ? 6 : 2;
}

/** `escapes`: where they begin. Each stands for one UTF-16 unit, and so does every other character. */
function writtenAt(json: string, start: number, escapes: readonly number[]): (position: number) => number {
  const read: number[] = [];
  const surplus: number[] = [];
  let more = 0;
  for (const at of escapes) {
    read.push(at - start - more);
    more += escapeLength(json, at) - 1;
    surplus.push(more);
  }
  return (position) => {
    const before = countBelow(read, position);
    return start + position + (surplus[before - 1] ?? 0);
  };
}

/** How many of the sorted numbers are below `limit`. */
function countBelow(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const number = /-?\d[\d.eE+-]*/y;

function numberAt(json: string, start: number): Keyless | undefined {
  number.lastIndex = start;
  const text = number.exec(json)?.[0];
  if (text === undefined) return undefined;
  return {
    text,
    isString: false,
    start,
    end: start + text.length,
    writtenAt: (position) => start + position,
  };
}
