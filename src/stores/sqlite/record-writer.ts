/** Records, their facts, and exposures that wait for their record. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { parseRecord } from "../../core/record-text.ts";
import { factColumns, isFact, unfinishedFlags } from "../../core/request-fact.ts";
import type { RequestRecord } from "../../domain/record.ts";
import type { Names, Subjects } from "./interned.ts";
import { keyBytes } from "./key-bytes.ts";
import type { Transactions } from "./transaction.ts";

export interface NumberedRecord {
  readonly record: RequestRecord;
  /** Its JSON. */
  readonly text: string;
  readonly boot: number;
  readonly sequence: number;
}

export interface AddedRecord {
  readonly record: RequestRecord;
  readonly row: number;
  /** It took the place of an unfinished record, under its row. */
  readonly isRevived: boolean;
}

export interface RecordWriter {
  /** Undefined where it is there already. */
  add(numbered: NumberedRecord): AddedRecord | undefined;
  /** Keeps an exposure until its record comes, or its boot ends. */
  expose(text: string, boot: number): void;
  hasExposures(): boolean;
  /** Exposures of boots that have ended, or have said nothing since `aliveSince`, become unfinished records. */
  endExposures(aliveSince: number, limit: number): readonly AddedRecord[];
}

export interface RecordWriterParts {
  readonly transactions: Transactions;
  readonly names: Names;
  readonly subjects: Subjects;
}

export function createRecordWriter(db: DatabaseSync, parts: RecordWriterParts): RecordWriter {
  const { transactions } = parts;
  const sql = statements(db);
  const columns = (record: RequestRecord) => recordColumns(record, parts);
  const addFact = (record: RequestRecord, row: number, isUnfinished: boolean) => {
    if (isFact(record)) sql.addFact.run(...factRow(record, row, isUnfinished, parts));
  };

  const insert = (
    { record, text, boot, sequence }: NumberedRecord,
    isUnfinished: boolean,
  ): AddedRecord | undefined => {
    const row = transactions.takeRow();
    const id = keyBytes(record.requestId);
    const added = sql.addRecord.run(row, id, ...columns(record), boot, sequence, Number(isUnfinished), text);
    if (added.changes === 0) return undefined;
    addFact(record, row, isUnfinished);
    return { record, row, isRevived: false };
  };

  /** The process was taken for dead and was not: its record replaces what was made of the exposure, in the same row. */
  const revive = ({ record, text, boot, sequence }: NumberedRecord): AddedRecord | undefined => {
    const found = sql.revive.get(...columns(record), boot, sequence, text, keyBytes(record.requestId));
    if (found === undefined) return undefined;
    const row = Number(found.row);
    if (isFact(record)) sql.dropFact.run(parts.names.idOf(record.experimentId ?? ""), row);
    addFact(record, row, false);
    transactions.changeGeneration();
    return { record, row, isRevived: true };
  };

  return {
    add(numbered) {
      const added = insert(numbered, false) ?? revive(numbered);
      sql.dropExposure.run(keyBytes(numbered.record.requestId));
      return added;
    },
    expose(text, boot) {
      const id = keyBytes(parseRecord(text).requestId);
      sql.expose.run(id, boot, text, id);
    },
    hasExposures: () => sql.anyExposure.get() !== undefined,
    endExposures(aliveSince, limit) {
      return sql.endedExposures.all(aliveSince, limit).flatMap(({ id, boot, body }) => {
        const text = String(body);
        sql.dropExposure.run(id ?? null);
        // Sequence 0: the boot numbers finished records only, so what never finished is no gap.
        return insert({ record: parseRecord(text), text, boot: Number(boot), sequence: 0 }, true) ?? [];
      });
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    addRecord: db.prepare(`
      INSERT INTO records (row, id, received_at, experiment, variant, outcome, unit, boot, sequence, is_unfinished, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`),
    revive: db.prepare(`
      UPDATE records SET received_at = ?, experiment = ?, variant = ?, outcome = ?, unit = ?, boot = ?, sequence = ?,
        is_unfinished = 0, body = ? WHERE id = ? AND is_unfinished = 1 RETURNING row`),
    addFact: db.prepare("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    dropFact: db.prepare("DELETE FROM facts WHERE experiment = ? AND row = ?"),
    expose: db.prepare(`
      INSERT INTO exposures (id, boot, body) SELECT ?, ?, ?
      WHERE NOT EXISTS (SELECT 1 FROM records WHERE id = ?) ON CONFLICT (id) DO NOTHING`),
    dropExposure: db.prepare("DELETE FROM exposures WHERE id = ?"),
    anyExposure: db.prepare("SELECT 1 FROM exposures LIMIT 1"),
    endedExposures: db.prepare(`
      SELECT e.id, e.boot, e.body FROM exposures e JOIN boots b ON b.id = e.boot
      WHERE b.is_closed = 1 OR b.alive_at < ? LIMIT ?`),
  };
}

/** What pages of records are filtered by. */
function recordColumns(record: RequestRecord, { names, subjects }: RecordWriterParts): SQLInputValue[] {
  const { experimentId, assignedVariantId, unitHash } = record;
  return [
    record.receivedAt,
    experimentId === undefined ? null : names.idOf(experimentId),
    assignedVariantId === undefined ? null : names.idOf(assignedVariantId),
    names.idOf(record.outcome),
    unitHash === undefined ? null : subjects.idOf(unitHash),
  ];
}

function factRow(
  record: RequestRecord,
  row: number,
  isUnfinished: boolean,
  { names, subjects }: RecordWriterParts,
): SQLInputValue[] {
  const fact = factColumns(record);
  const { servedVariantId: served, sessionHash } = record;
  return [
    names.idOf(record.experimentId ?? ""),
    row,
    fact.receivedAt,
    subjects.idOf(record.unitHash ?? ""),
    sessionHash === undefined ? 0 : subjects.idOf(sessionHash),
    names.idOf(record.phase ?? ""),
    names.idOf(record.assignedVariantId ?? ""),
    served === undefined ? null : names.idOf(served),
    isUnfinished ? unfinishedFlags(fact.flags) : fact.flags,
    fact.latencyMs,
    fact.firstChunkMs ?? null,
    fact.inputTokens ?? null,
    fact.outputTokens ?? null,
    fact.cachedTokens ?? null,
    fact.costUsd ?? null,
    fact.responseModel === undefined ? null : names.foreignIdOf(fact.responseModel),
  ];
}
