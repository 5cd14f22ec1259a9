/** The tables of docs/statistics.md, between the markers that the page has for them. */
import { wilson } from "../../src/analysis/proportion.ts";
import type { Rate, Row } from "./score.ts";

/** A Markdown table; columns that no row fills are left out. */
export function tableOf(rows: readonly Row[]): string {
  const used = columns.filter(({ cell }) => rows.some((row, i) => cell(row, rows[i - 1]) !== ""));
  const lines = [
    used.map(({ head }) => head),
    used.map(({ isNumber }) => (isNumber ? "---:" : "---")),
    ...rows.map((row, i) => used.map(({ cell }) => cell(row, rows[i - 1]))),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Puts `text` between `<!-- name -->` and `<!-- /name -->`; throws a RangeError where the page has no such place. */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new RangeError(`the page has no place ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

interface Column {
  readonly head: string;
  readonly isNumber: boolean;
  /** Empty where the row has none; the row before tells what need not be said twice. */
  readonly cell: (row: Row, before: Row | undefined) => string;
}

const columns: readonly Column[] = [
  {
    head: "scenario",
    isNumber: false,
    cell: ({ scenario }, before) => (before?.scenario === scenario ? "" : scenario),
  },
  { head: "method", isNumber: false, cell: ({ method, isOurs }) => (isOurs ? method : `_${method}_`) },
  {
    head: "false positives, %",
    isNumber: true,
    cell: ({ falsePositives, nominal }) =>
      rateCell(falsePositives, ({ low }) => nominal !== undefined && low > nominal),
  },
  {
    head: "coverage, %",
    isNumber: true,
    cell: ({ coverage }) => rateCell(coverage, ({ high }) => high < 0.95),
  },
  { head: "power, %", isNumber: true, cell: ({ power }) => rateCell(power, () => false) },
  { head: "median units", isNumber: true, cell: ({ medianUnits }) => unitsCell(medianUnits) },
];

/** `▲` where the bounds leave no doubt that it is beyond what was promised. */
function rateCell(
  rate: Rate | undefined,
  isBeyond: (bounds: { low: number; high: number }) => boolean,
): string {
  if (rate === undefined) return "";
  const bounds = wilson(rate.hits, rate.n, 0.95);
  const percent = (share: number) => (100 * share).toFixed(1);
  const mark = isBeyond(bounds) ? "▲ " : "";
  return `${mark}${percent(rate.hits / rate.n)} (${percent(bounds.low)}–${percent(bounds.high)})`;
}

function unitsCell(units: number | undefined): string {
  if (units === undefined) return "";
  return units === Number.POSITIVE_INFINITY ? "not found" : units.toLocaleString("en");
}
