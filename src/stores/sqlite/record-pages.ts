/** Records by filter and by time. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { RecordFilter } from "../../domain/store.ts";
import { keyBytes } from "./key-bytes.ts";
import { type BlockDamage, textColumns, textsOf } from "./text-blocks.ts";

export interface RecentBodies {
  /** JSON of records. */
  readonly bodies: readonly string[];
  readonly damage: readonly BlockDamage[];
}

/** The newest records that match and can be read, newest first; of one time, those written last come first. */
export function recentBodies(db: DatabaseSync, filter: RecordFilter): RecentBodies {
  const bodies: string[] = [];
  const damage: BlockDamage[] = [];
  let before: PageStart | undefined;
  // Older ones stand in for those that are lost: a page without any would be taken for the end.
  do {
    const page = bodiesBefore(db, { ...filter, limit: filter.limit - bodies.length }, before);
    bodies.push(...page.bodies);
    damage.push(...page.damage);
    before = page.next;
  } while (before !== undefined && bodies.length < filter.limit);
  return { bodies, damage };
}

function bodiesBefore(db: DatabaseSync, filter: RecordFilter, before: PageStart | undefined): RecordPage {
  const { conditions, values } = conditionsOf(filter);
  if (before !== undefined) {
    conditions.push("(received_at, row) < (?, ?)");
    values.push(before.receivedAt, before.row);
  }
  // The narrow index is searched alone; bodies are fetched for the page only.
  const rows = `
    SELECT row FROM records INDEXED BY records_by_time
    WHERE ${conditions.join(" AND ") || "1"} ORDER BY received_at DESC, row DESC LIMIT ?`;
  const byId = `SELECT row FROM records WHERE ${conditions.join(" AND ")} LIMIT ?`;
  const sql = `
    SELECT row, received_at, ${textColumns} FROM records
    WHERE row IN (${filter.requestId === undefined ? rows : byId})
    ORDER BY received_at DESC, row DESC`;
  return pageOf(db, { sql, values: [...values, filter.limit], limit: filter.limit });
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

export interface RecordPage extends RecentBodies {
  /** Where the next page begins; undefined after the last. */
  readonly next: PageStart | undefined;
}

export interface PageStart {
  readonly receivedAt: number;
  /** The page begins behind this row, of those that were received at that time. */
  readonly row: number;
}

const pageRows = 500;

/** Oldest first. Pages are read one by one, so that no long transaction keeps the log from being cut. */
export function bodiesFrom(db: DatabaseSync, span: RecordSpan, start: PageStart): RecordPage {
  const ofExperiment =
    span.experimentId === undefined ? "1" : "experiment = (SELECT id FROM names WHERE text = ?)";
  const values = span.experimentId === undefined ? [] : [span.experimentId];
  const sql = `
    SELECT row, r.received_at, ${textColumns} FROM (
      SELECT row FROM records INDEXED BY records_by_time
      WHERE (received_at, row) > (?, ?) AND received_at < ? AND ${ofExperiment}
      ORDER BY received_at, row LIMIT ?
    ) JOIN records r USING (row) ORDER BY r.received_at, r.row`;
  const bounds = [start.receivedAt, start.row, span.until ?? Number.MAX_SAFE_INTEGER];
  return pageOf(db, { sql, values: [...bounds, ...values, pageRows], limit: pageRows });
}

interface PageQuery {
  /** Gives `row`, `received_at` and `textColumns`, at most `limit` times. */
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
  readonly limit: number;
}

/** Rows and blocks of one state of the file: between two statements retention may take a block away. */
function pageOf(db: DatabaseSync, { sql, values, limit }: PageQuery): RecordPage {
  db.exec("BEGIN");
  try {
    const found = db.prepare(sql).all(...values);
    const last = found.length < limit ? undefined : found.at(-1);
    const { texts, damage } = textsOf(db, found);
    const next = last && { receivedAt: Number(last.received_at), row: Number(last.row) };
    return { bodies: texts, damage, next };
  } finally {
    // Nothing was written, so nothing is taken back. Some failures have ended it already.
    if (db.isTransaction) db.exec("ROLLBACK");
  }
}
