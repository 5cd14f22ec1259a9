/** Records by filter and by time. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { RecordFilter } from "../../domain/store.ts";
import { keyBytes } from "./key-bytes.ts";
import { textColumns, textsOf } from "./text-blocks.ts";

/** JSON of the newest records that match, newest first; of one time, those written last come first. */
export function recentBodies(db: DatabaseSync, filter: RecordFilter): string[] {
  const { conditions, values } = conditionsOf(filter);
  // The narrow index is searched alone; bodies are fetched for the page only.
  const rows = `
    SELECT row FROM records INDEXED BY records_by_time
    WHERE ${conditions.join(" AND ") || "1"} ORDER BY received_at DESC, row DESC LIMIT ?`;
  const byId = `SELECT row FROM records WHERE ${conditions.join(" AND ")} LIMIT ?`;
  const found = db
    .prepare(`
      SELECT ${textColumns} FROM records WHERE row IN (${filter.requestId === undefined ? rows : byId})
      ORDER BY received_at DESC, row DESC`)
    .all(...values, filter.limit);
  return textsOf(db, found);
}

function conditionsOf(filter: RecordFilter): { conditions: string[]; values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, value: SQLInputValue | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  const name = "(SELECT id FROM names WHERE text = ?)";
  add("received_at <= ?", filter.until);
  add(`experiment = ${name}`, filter.experimentId);
  add(`variant = ${name}`, filter.variantId);
  add(`outcome = ${name}`, filter.outcome);
  add("unit = (SELECT id FROM subjects WHERE hash = ?)", filter.unitHash);
  add("id = ?", filter.requestId === undefined ? undefined : keyBytes(filter.requestId));
  return { conditions, values };
}

/** A stretch of time, of one experiment or of all; `from` is in it, `until` is not. Epoch milliseconds. */
export interface RecordSpan {
  readonly experimentId?: string | undefined;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

export interface RecordPage {
  readonly bodies: readonly string[];
  /** Where the next page begins; undefined after the last. */
  readonly next: PageStart | undefined;
}

export interface PageStart {
  readonly receivedAt: number;
  /** After this row, of those that were received at that time. */
  readonly afterRow: number;
}

const pageRows = 500;

/** Oldest first. Pages are read one by one, so that no long transaction keeps the log from being cut. */
export function bodiesFrom(db: DatabaseSync, span: RecordSpan, start: PageStart): RecordPage {
  const ofExperiment =
    span.experimentId === undefined ? "1" : "experiment = (SELECT id FROM names WHERE text = ?)";
  const values = span.experimentId === undefined ? [] : [span.experimentId];
  const found = db
    .prepare(`
      SELECT row, r.received_at, ${textColumns} FROM (
        SELECT row FROM records INDEXED BY records_by_time
        WHERE (received_at, row) > (?, ?) AND received_at < ? AND ${ofExperiment}
        ORDER BY received_at, row LIMIT ${pageRows}
      ) JOIN records r USING (row) ORDER BY r.received_at, r.row`)
    .all(start.receivedAt, start.afterRow, span.until ?? Number.MAX_SAFE_INTEGER, ...values);
  const last = found.length < pageRows ? undefined : found.at(-1);
  return {
    bodies: textsOf(db, found),
    next: last && { receivedAt: Number(last.received_at), afterRow: Number(last.row) },
  };
}
