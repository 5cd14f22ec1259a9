/** Everything that is kept, one after the other, for an export: constant memory, while the store goes on writing. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { parseRecord } from "../../core/record-text.ts";
import type { OutcomeRecord, OutcomeSubject } from "../../domain/outcome.ts";
import type { RequestRecord } from "../../domain/record.ts";
import { idText } from "./key-bytes.ts";
import { createReadConnection } from "./read-connection.ts";
import { bodiesFrom, type PageStart, type RecordSpan } from "./record-pages.ts";

/**
 * Records by the time at which they were received. Rows that come while it runs may be in it or not. `onLost` hears how many
 * rows a page lacks, because the block of their texts is damaged.
 */
export function* scanRecords(
  path: string,
  span: RecordSpan = {},
  onLost: (rows: number) => void = () => {},
): Generator<RequestRecord, void, void> {
  const connection = createReadConnection(path);
  try {
    let start: PageStart | undefined = { receivedAt: span.from ?? 0, row: 0 };
    while (start !== undefined) {
      const from: PageStart = start;
      const page = connection.read((db) => bodiesFrom(db, span, from));
      for (const { rows } of page?.damage ?? []) onLost(rows);
      yield* (page?.bodies ?? []).map(parseRecord);
      start = page?.next;
    }
  } finally {
    connection.close();
  }
}

/** Outcomes of all experiments in the order in which they were stored; `from` and `until` are of the time received. */
export function* scanOutcomes(
  path: string,
  span: Pick<RecordSpan, "from" | "until"> = {},
): Generator<OutcomeRecord, void, void> {
  const connection = createReadConnection(path);
  try {
    let afterRow: number | undefined = 0;
    while (afterRow !== undefined) {
      const after: number = afterRow;
      const page = connection.read((db) => outcomesFrom(db, span, after)) ?? [];
      yield* page.map(outcomeOf);
      afterRow = page.length < pageRows ? undefined : Number(page.at(-1)?.row);
    }
  } finally {
    connection.close();
  }
}

const pageRows = 1000;
type Row = Record<string, SQLOutputValue>;

function outcomesFrom(db: DatabaseSync, span: Pick<RecordSpan, "from" | "until">, afterRow: number): Row[] {
  return db
    .prepare(`
      SELECT o.row, o.id, coalesce(o.content, o.idempotency) AS hash, o.content IS NULL AS is_keyed, o.at, o.received_at, o.request, o.value, o.label, o.comment,
        (SELECT text FROM names WHERE id = o.metric) AS metric,
        (SELECT text FROM names WHERE id = o.category) AS category,
        (SELECT hash FROM subjects WHERE id = o.session) AS session,
        (SELECT hash FROM subjects WHERE id = o.unit) AS unit
      FROM outcomes o WHERE o.row > ? AND o.received_at >= ? AND o.received_at < ?
      ORDER BY o.row LIMIT ${pageRows}`)
    .all(afterRow, span.from ?? 0, span.until ?? Number.MAX_SAFE_INTEGER);
}

function outcomeOf(row: Row): OutcomeRecord {
  const text = (name: string) => (typeof row[name] === "string" ? row[name] : undefined);
  return {
    outcomeId: String(row.id),
    metric: text("metric") ?? "",
    subject: subjectOf(row),
    value: typeof row.value === "number" ? row.value : undefined,
    category: text("category"),
    label: text("label"),
    comment: text("comment"),
    at: Number(row.at),
    receivedAt: Number(row.received_at),
    // Version 1 of the file did not tell: what it left counts as keyed.
    isKeyed: row.is_keyed === 1,
    idempotencyHash: hashText(row.hash),
  };
}

function subjectOf({ request, session, unit }: Row): OutcomeSubject {
  if (request instanceof Uint8Array) return { kind: "request", requestId: idText(request) };
  if (session !== null) return { kind: "session", sessionHash: String(session) };
  return { kind: "unit", unitHash: String(unit) };
}

function hashText(value: SQLOutputValue | undefined): string {
  if (!(value instanceof Uint8Array)) return "";
  return Buffer.from(value).toString(value.length === 32 ? "hex" : "utf8");
}
