import type { PositionRange } from "../domain/experiment.ts";

/** Number of positions on the line of units. */
export const lineLength = 2 ** 32;

/** The boundary that stands for a share of the line, 0 to 1, as an integer of [0, 2^32]. */
export function boundaryAt(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * lineLength);
}

/** Where cell `index` starts when the line is cut into `cells` equal cells. */
export function cellStart(index: number, cells: number): number {
  return Math.round((index * lineLength) / cells);
}

/** The position that stands for a whole cell: its middle, which no rounding of a boundary can put into another cell. */
export function cellPosition(index: number, cells: number): number {
  return cellStart(index + 0.5, cells);
}

export function contains(range: PositionRange, position: number): boolean {
  return position >= range.start && position < range.end;
}

export function overlapOf(one: PositionRange, other: PositionRange): PositionRange | undefined {
  const start = Math.max(one.start, other.start);
  const end = Math.min(one.end, other.end);
  return start < end ? { start, end } : undefined;
}

/** The same positions in the fewest ranges, sorted. */
export function mergeRanges(ranges: readonly PositionRange[]): readonly PositionRange[] {
  const merged: PositionRange[] = [];
  for (const range of ranges.filter(hasPositions).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push({ start: range.start, end: range.end });
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return merged;
}

/** What of `range` is in none of `taken`. */
export function subtractRanges(
  range: PositionRange,
  taken: readonly PositionRange[],
): readonly PositionRange[] {
  const left: PositionRange[] = [];
  let start = range.start;
  for (const cut of mergeRanges(taken)) {
    if (cut.end <= start) continue;
    if (cut.start >= range.end) break;
    left.push({ start, end: cut.start });
    start = cut.end;
  }
  left.push({ start, end: range.end });
  return left.filter(hasPositions);
}

export function hasPositions(range: PositionRange): boolean {
  return range.start < range.end;
}

/** Part of the whole line, 0 to 1. */
export function shareOf(ranges: readonly PositionRange[]): number {
  return ranges.reduce((sum, range) => sum + (range.end - range.start), 0) / lineLength;
}

/** A share as text for messages, to two decimals of a percent: "12.5 %". What is there never prints as 0. */
export function percent(share: number): string {
  const rounded = Math.round(share * 10_000) / 100;
  return rounded === 0 && share > 0 ? "less than 0.01 %" : `${rounded} %`;
}
