/** Outcomes: each once, and tied to its request as soon as both are there. */
import type { DatabaseSync } from "node:sqlite";
import type { OutcomeReceipt, OutcomeRecord } from "../../domain/outcome.ts";
import type { RequestRecord } from "../../domain/record.ts";
import { keyBytes } from "./key-bytes.ts";
import { parseRecord, type RecordWriterParts } from "./record-writer.ts";

export interface OutcomeWriter {
  add(outcome: OutcomeRecord): OutcomeReceipt;
  /** True while outcomes wait for their request. */
  hasWaiting(): boolean;
  /** Ties the outcomes that came before their request: each gets a new row, so that whoever reads on meets it again. */
  requestCame(record: RequestRecord, requestRow: number): void;
}

/** Condition of an outcome whose request is not here: as the partial index `outcomes_waiting` has it. */
export const isWaiting = "request IS NOT NULL AND request_row IS NULL";

export function createOutcomeWriter(db: DatabaseSync, parts: RecordWriterParts): OutcomeWriter {
  const { transactions, names, subjects } = parts;
  const sql = statements(db);

  const requestOf = (outcome: OutcomeRecord) => {
    if (outcome.subject.kind !== "request") return undefined;
    const found = sql.request.get(keyBytes(outcome.subject.requestId));
    if (found === undefined) return undefined;
    // The body is read where it is needed only: to compare a label with what was predicted.
    const record = outcome.label === undefined ? undefined : parseRecord(String(found.body));
    return { row: Number(found.row), prediction: record?.prediction };
  };

  return {
    add(outcome) {
      const { subject } = outcome;
      const key = keyBytes(outcome.idempotencyHash);
      const request = requestOf(outcome);
      const added = sql.add.run(
        transactions.takeRow(),
        outcome.outcomeId,
        key,
        names.idOf(outcome.metric),
        outcome.at,
        outcome.receivedAt,
        subject.kind === "request" ? keyBytes(subject.requestId) : null,
        request?.row ?? null,
        subject.kind === "session" ? subjects.idOf(subject.sessionHash) : null,
        subject.kind === "unit" ? subjects.idOf(subject.unitHash) : null,
        outcome.value ?? null,
        outcome.category === undefined ? null : names.idOf(outcome.category),
        outcome.label ?? null,
        request?.prediction ?? null,
        outcome.comment ?? null,
      );
      if (added.changes > 0) return { outcomeId: outcome.outcomeId, status: "stored" };
      const first = String(sql.first.get(key)?.id);
      // A batch that was sent again after its writer died between commit and answer: this is the first one.
      return { outcomeId: first, status: first === outcome.outcomeId ? "stored" : "duplicate" };
    },
    hasWaiting: () => sql.anyWaiting.get() !== undefined,
    requestCame(record, requestRow) {
      for (const { row, label } of sql.waiting.all(keyBytes(record.requestId))) {
        const prediction = label === null ? null : (record.prediction ?? null);
        sql.tie.run(transactions.takeRow(), requestRow, prediction, row ?? null);
      }
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    add: db.prepare(`
      INSERT INTO outcomes (row, id, idempotency, metric, at, received_at, request, request_row, session, unit,
        value, category, label, prediction, comment)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (idempotency) DO NOTHING`),
    first: db.prepare("SELECT id FROM outcomes WHERE idempotency = ?"),
    request: db.prepare("SELECT row, body FROM records WHERE id = ?"),
    anyWaiting: db.prepare(`SELECT 1 FROM outcomes WHERE ${isWaiting} LIMIT 1`),
    waiting: db.prepare(`SELECT row, label FROM outcomes WHERE request = ? AND ${isWaiting} ORDER BY row`),
    tie: db.prepare("UPDATE outcomes SET row = ?, request_row = ?, prediction = ? WHERE row = ?"),
  };
}
