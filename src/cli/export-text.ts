/** Rows as JSON lines and as CSV, in chunks that are worth a write. */
import type { ExportColumn } from "./export-columns.ts";

const chunkCharacters = 64 * 1024;

/** One JSON object a line (jsonlines.org). */
export function* jsonLines(rows: Iterable<unknown>): Generator<string, void, void> {
  yield* inChunks(rows, (row) => `${JSON.stringify(row)}\n`);
}

/** Columns by name, for rows that are no objects of their own. */
export function objectOf<Row>(columns: readonly ExportColumn<Row>[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, value, type }) => [name, shown(value(row), type)]));
}

/** RFC 4180, with a header. A value that is not there is empty, and an empty text is `""`. */
export function* csvLines<Row>(
  rows: Iterable<Row>,
  columns: readonly ExportColumn<Row>[],
): Generator<string, void, void> {
  const lineOf = (row: Row) =>
    `${columns.map(({ value, type }) => field(shown(value(row), type))).join(",")}\r\n`;
  yield `${columns.map(({ name }) => field(name)).join(",")}\r\n`;
  yield* inChunks(rows, lineOf);
}

function* inChunks<Row>(rows: Iterable<Row>, lineOf: (row: Row) => string): Generator<string, void, void> {
  let chunk = "";
  for (const row of rows) {
    chunk += lineOf(row);
    if (chunk.length < chunkCharacters) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

type Shown = string | number | boolean | undefined;

function shown(value: Shown, type: ExportColumn<never>["type"]): Shown {
  if (typeof value !== "number") return value;
  if (type === "time") return new Date(value).toISOString();
  return Number.isFinite(value) ? value : undefined;
}

function field(value: Shown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = defused(value);
  // Not RFC 4180 alone: a spreadsheet may be told, or of itself believe, that semicolons or tabs separate.
  return text === "" || /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// A spreadsheet runs what begins like this as a formula (OWASP, CSV Injection), some after leaving out white space; the
// apostrophe makes it text. A plain number is none, whatever its sign.
function defused(text: string): string {
  if (!/^(?:[\t\r\n]|\s*[=+\-@])/.test(text)) return text;
  return /^ *[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? text : `'${text}`;
}
