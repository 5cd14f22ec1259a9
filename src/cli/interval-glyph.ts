import type { Interval } from "../domain/estimate.ts";
import type { Screen } from "./screen.ts";

export interface Glyph {
  readonly value: number;
  readonly interval: Interval;
  /** Where the harm would be too large: a difference, with its sign. */
  readonly margin: number | undefined;
  /** Odd: zero stands in the middle of every line, so that the lines of a table may be compared. */
  readonly width: number;
}

/**
 * An interval as a bar of fixed width, such as `  │ ─●──  ┊`: zero in the middle, the scale as large as the farthest bound or
 * the margin. An arrow ends what goes on for ever.
 */
export function intervalGlyph({ value, interval, margin, width }: Glyph, screen: Screen): string {
  const signs = screen.isUnicode ? unicode : ascii;
  const { low, high } = interval;
  const middle = (width - 1) / 2;
  const sizes = [low, high, value, margin ?? 0].map(Math.abs).filter(Number.isFinite);
  const scale = Math.max(...sizes) || 1;
  const at = (x: number) => middle + Math.round(Math.max(-1, Math.min(1, x / scale)) * middle);
  const [first, last] = [at(low), at(high)];
  const cells = Array.from({ length: width }, (_, i) => (i >= first && i <= last ? signs.line : " "));
  cells[middle] = first <= middle && middle <= last ? signs.zeroInside : signs.zero;
  if (margin !== undefined) cells[at(margin)] = signs.margin;
  if (low === Number.NEGATIVE_INFINITY) cells[0] = signs.left;
  if (high === Number.POSITIVE_INFINITY) cells[width - 1] = signs.right;
  cells[at(value)] = signs.value;
  return cells.join("");
}

const unicode = { line: "─", value: "●", zero: "│", zeroInside: "┼", margin: "┊", left: "◂", right: "▸" };
const ascii = { line: "-", value: "*", zero: "|", zeroInside: "+", margin: ":", left: "<", right: ">" };

/** What the signs mean, for the foot of a table. */
export function glyphLegend(screen: Screen): string {
  const { line, value, zero, margin } = screen.isUnicode ? unicode : ascii;
  return `${value} difference, ${line} its interval, ${zero} no difference, ${margin} margin`;
}
