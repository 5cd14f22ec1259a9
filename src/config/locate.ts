export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Which of the two places of a map's member is meant. */
export type Side = "key" | "value";

/** Answers where the value at a JSON pointer (RFC 6901) stands in the text. */
export interface Locator {
  /** A pointer to what is not written has the place of the key of the nearest member around it. */
  locate(pointer: string, side: Side): Position;
}

export interface Places extends Locator {
  /** Remembers a value, and its key where it has one, by offsets into the text. */
  add(pointer: string, offsets: { readonly key: number | undefined; readonly value: number }): void;
  positionAt(offset: number): Position;
}

export function createPlaces(text: string): Places {
  const offsets = new Map<string, { readonly key: number | undefined; readonly value: number }>();
  const starts = lineStarts(text);
  const positionAt = (offset: number): Position => {
    const inside = Math.min(Math.max(0, offset), text.length);
    const line = lastAtOrBefore(starts, inside);
    return { line: line + 1, column: inside - (starts[line] ?? 0) + 1 };
  };
  return {
    positionAt,
    add: (pointer, found) => void offsets.set(pointer, found),
    locate: (pointer, side) => {
      const exact = offsets.get(pointer);
      if (exact !== undefined) return positionAt((side === "key" ? exact.key : undefined) ?? exact.value);
      for (const around of pointersAround(pointer)) {
        const found = offsets.get(around);
        if (found !== undefined) return positionAt(found.key ?? found.value);
      }
      return { line: 1, column: 1 };
    },
  };
}

export function pointerTo(parent: string, segment: string | number): string {
  return `${parent}/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

export function pointerOf(...segments: readonly (string | number)[]): string {
  return segments.reduce<string>((parent, segment) => pointerTo(parent, segment), "");
}

export function pointerSegments(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Pointers to all that holds the value, from its parent out to the whole. */
export function pointersAround(pointer: string): readonly string[] {
  const parent = parentPointer(pointer);
  return parent === undefined ? [] : [parent, ...pointersAround(parent)];
}

export function parentPointer(pointer: string): string | undefined {
  return pointer === "" ? undefined : pointer.slice(0, pointer.lastIndexOf("/"));
}

// The parser's own counter misses lines that it reads while it recovers from an error.
function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last of the rising numbers that is not above the given one. */
function lastAtOrBefore(rising: readonly number[], limit: number): number {
  let [low, high] = [0, rising.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((rising[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
