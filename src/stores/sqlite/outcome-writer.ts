/** Outcomes: each once, and tied to its request as soon as both are there. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { parseRecord } from "../../core/record-text.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../../domain/outcome.ts";
import { keyBytes } from "./key-bytes.ts";
import type { AddedRecord, RecordWriterParts } from "./record-writer.ts";

export interface OutcomeWriter {
  /** Stores it, unless it is there. `ahead`: ids of those that come after it in its batch. */
  add(outcome: OutcomeRecord, ahead: ReadonlySet<string>): OutcomeReceipt;
  /** True while outcomes wait for their request. */
  hasWaiting(): boolean;
  /**
   * Ties the outcomes that came before the request: each gets a new row, so that whoever reads on meets it again. Those of a
   * revived one are tied already, to what was predicted then: nothing.
   */
  requestCame(added: AddedRecord): void;
}

/** Condition of an outcome whose request is not here: as the partial index `outcomes_waiting` has it. */
export const isWaiting = "request IS NOT NULL AND request_row IS NULL";

/** Outcomes of a metric and a subject, the newest first. A hash that tells a key is like none that tells content. */
export const newestOfSubject = `
  SELECT id, coalesce(content, idempotency) AS hash FROM outcomes
  WHERE request IS ? AND session IS ? AND unit IS ? AND metric = ? ORDER BY row DESC`;

export function createOutcomeWriter(db: DatabaseSync, parts: RecordWriterParts): OutcomeWriter {
  const { transactions, names } = parts;
  const sql = statements(db);

  const requestOf = (outcome: OutcomeRecord) => {
    if (outcome.subject.kind !== "request") return undefined;
    const found = sql.request.get(keyBytes(outcome.subject.requestId));
    if (found === undefined) return undefined;
    return {
      row: Number(found.row),
      prediction: outcome.label === undefined ? undefined : predictionOf(found),
    };
  };

  const insert = (
    outcome: OutcomeRecord,
    key: Uint8Array,
    { request, session, unit, metric }: SubjectIds,
  ) => {
    const found = requestOf(outcome);
    sql.add.run(
      transactions.takeRow(),
      outcome.outcomeId,
      key,
      outcome.isKeyed ? null : keyBytes(outcome.idempotencyHash),
      metric,
      outcome.at,
      outcome.receivedAt,
      request,
      found?.row ?? null,
      session,
      unit,
      outcome.value ?? null,
      outcome.category === undefined ? null : names.idOf(outcome.category),
      outcome.label ?? null,
      found?.prediction ?? null,
      outcome.comment ?? null,
    );
  };

  /**
   * Id of the newest outcome of its metric and subject, where that one says the same. In a batch that is sent again, since
   * its writer died between commit and answer, those ahead may be there already: they were not when it was decided on.
   */
  const repeated = (outcome: OutcomeRecord, ids: SubjectIds, ahead: ReadonlySet<string>) => {
    const { request, session, unit, metric } = ids;
    for (const newest of sql.newest.iterate(request, session, unit, metric)) {
      const id = String(newest.id);
      if (ahead.has(id)) continue;
      return isSame(newest.hash, keyBytes(outcome.idempotencyHash)) ? id : undefined;
    }
    return undefined;
  };

  return {
    add(outcome, ahead) {
      const { outcomeId, isKeyed } = outcome;
      const ids = subjectIds(outcome, parts);
      const key = keyBytes(isKeyed ? outcome.idempotencyHash : outcomeId);
      const before = String(sql.first.get(key)?.id ?? (isKeyed ? "" : (repeated(outcome, ids, ahead) ?? "")));
      if (before === "") {
        insert(outcome, key, ids);
        return { outcomeId, status: "stored" };
      }
      // Its own id: it is in a batch that is sent again, and is the first one.
      return { outcomeId: before, status: before === outcomeId ? "stored" : "duplicate" };
    },
    hasWaiting: () => sql.anyWaiting.get() !== undefined,
    requestCame({ head, row: requestRow, isRevived }) {
      const id = keyBytes(head.requestId);
      const { prediction } = head;
      if (isRevived) sql.predict.run(prediction, id, requestRow);
      for (const { row, label } of sql.waiting.all(id)) {
        sql.tie.run(transactions.takeRow(), requestRow, label === null ? null : prediction, row ?? null);
      }
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    add: db.prepare(`
      INSERT INTO outcomes (row, id, idempotency, content, metric, at, received_at, request, request_row, session, unit,
        value, category, label, prediction, comment)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    newest: db.prepare(newestOfSubject),
    first: db.prepare("SELECT id FROM outcomes WHERE idempotency = ?"),
    request: db.prepare("SELECT row, body, block, prediction FROM records WHERE id = ?"),
    anyWaiting: db.prepare(`SELECT 1 FROM outcomes WHERE ${isWaiting} LIMIT 1`),
    waiting: db.prepare(`SELECT row, label FROM outcomes WHERE request = ? AND ${isWaiting} ORDER BY row`),
    tie: db.prepare("UPDATE outcomes SET row = ?, request_row = ?, prediction = ? WHERE row = ?"),
    predict: db.prepare(
      "UPDATE outcomes SET prediction = ? WHERE request = ? AND request_row = ? AND label IS NOT NULL",
    ),
  };
}

/** A body that stands in its row tells it; what is in a block is not opened for it. */
function predictionOf({ body, block, prediction }: Record<string, SQLOutputValue>): string | undefined {
  if (block === null) return parseRecord(String(body)).prediction;
  return prediction === null ? undefined : String(prediction);
}

/** What `newestOfSubject` looks for, in its order. */
interface SubjectIds {
  readonly request: Uint8Array | null;
  readonly session: number | null;
  readonly unit: number | null;
  readonly metric: number;
}

function subjectIds({ subject, metric }: OutcomeRecord, { names, subjects }: RecordWriterParts): SubjectIds {
  return {
    request: subject.kind === "request" ? keyBytes(subject.requestId) : null,
    session: subject.kind === "session" ? subjects.idOf(subject.sessionHash) : null,
    unit: subject.kind === "unit" ? subjects.idOf(subject.unitHash) : null,
    metric: names.idOf(metric),
  };
}

function isSame(kept: SQLOutputValue | undefined, hash: Uint8Array): boolean {
  return kept instanceof Uint8Array && Buffer.compare(kept, hash) === 0;
}
