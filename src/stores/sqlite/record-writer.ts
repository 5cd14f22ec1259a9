/** Records, their facts, and exposures that wait for their record. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { headOf, parseRecord, type RecordHead } from "../../core/record-text.ts";
import { unfinishedFlags } from "../../core/request-fact.ts";
import type { Names, Subjects } from "./interned.ts";
import { keyBytes } from "./key-bytes.ts";
import type { TextPlace } from "./text-blocks.ts";
import type { Transactions } from "./transaction.ts";

export interface NumberedRecord {
  readonly head: RecordHead;
  /** The record as JSON. */
  readonly body: string;
  readonly boot: number;
  readonly sequence: number;
}

export interface AddedRecord {
  readonly head: RecordHead;
  readonly row: number;
  /** It took the place of an unfinished record, under its row. */
  readonly isRevived: boolean;
}

export interface RecordWriter {
  /** Undefined where it is there already. Its text is kept in `place`, by the caller, unless it is revived: then it is in the row. */
  add(numbered: NumberedRecord, place: TextPlace): AddedRecord | undefined;
  /** Keeps an exposure until its record comes, or its boot ends. */
  expose(body: string, boot: number): void;
  /** Its record has come. */
  endExposure(requestId: string): void;
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
  const addFact = (head: RecordHead, ids: RecordIds, row: number, flags: number) => {
    if (isFact(ids)) sql.addFact.run(...factRow({ head, ids, row, flags }, parts));
  };

  const insert = (
    { head, body, boot, sequence }: NumberedRecord,
    place?: TextPlace,
  ): AddedRecord | undefined => {
    const isUnfinished = place === undefined;
    const row = transactions.takeRow();
    const id = keyBytes(head.requestId);
    const ids = idsOf(head, parts);
    const where = isUnfinished ? [body, null, null, null] : ["", place.block, place.line, head.prediction];
    const values = [row, id, ...columnsOf(head, ids), boot, sequence, Number(isUnfinished), ...where];
    if (sql.addRecord.run(...values).changes === 0) return undefined;
    addFact(head, ids, row, isUnfinished ? unfinishedFlags(head.flags) : head.flags);
    return { head, row, isRevived: false };
  };

  /** The process was taken for dead and was not: its record replaces what was made of the exposure, in the same row. */
  const revive = ({ head, body, boot, sequence }: NumberedRecord): AddedRecord | undefined => {
    const ids = idsOf(head, parts);
    const found = sql.revive.get(...columnsOf(head, ids), boot, sequence, body, keyBytes(head.requestId));
    if (found === undefined) return undefined;
    const row = Number(found.row);
    if (isFact(ids)) sql.dropFact.run(ids.experiment, row);
    addFact(head, ids, row, head.flags);
    transactions.changeGeneration();
    return { head, row, isRevived: true };
  };

  return {
    add(numbered, place) {
      return insert(numbered, place) ?? revive(numbered);
    },
    endExposure(requestId) {
      sql.dropExposure.run(keyBytes(requestId));
    },
    expose(body, boot) {
      const id = keyBytes(parseRecord(body).requestId);
      sql.expose.run(id, boot, body, id);
    },
    hasExposures: () => sql.anyExposure.get() !== undefined,
    endExposures(aliveSince, limit) {
      return sql.endedExposures.all(aliveSince, limit).flatMap(({ id, boot, body: text }) => {
        const body = String(text);
        const head = headOf(parseRecord(body));
        sql.dropExposure.run(id ?? null);
        // Sequence 0: the boot numbers finished records only, so what never finished is no gap.
        return insert({ head, body, boot: Number(boot), sequence: 0 }) ?? [];
      });
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    addRecord: db.prepare(`
      INSERT INTO records (row, id, received_at, experiment, variant, outcome, unit, session, boot, sequence,
        is_unfinished, body, block, line, prediction)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`),
    revive: db.prepare(`
      UPDATE records SET received_at = ?, experiment = ?, variant = ?, outcome = ?, unit = ?, session = ?, boot = ?,
        sequence = ?, is_unfinished = 0, body = ?, block = NULL WHERE id = ? AND is_unfinished = 1 RETURNING row`),
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

/** What a record and its fact name alike. */
interface RecordIds {
  readonly experiment: number | null;
  readonly variant: number | null;
  readonly unit: number | null;
  readonly session: number | null;
  readonly outcome: number;
}

/** The statistics compare units by the variant that they were assigned. */
function isFact({ experiment, variant, unit }: RecordIds): boolean {
  return experiment !== null && variant !== null && unit !== null;
}

function idsOf(head: RecordHead, { names, subjects }: RecordWriterParts): RecordIds {
  const { experimentId, assignedVariantId, unitHash, sessionHash } = head;
  return {
    experiment: experimentId === null ? null : names.idOf(experimentId),
    variant: assignedVariantId === null ? null : names.idOf(assignedVariantId),
    unit: unitHash === null ? null : subjects.idOf(unitHash),
    session: sessionHash === null ? null : subjects.idOf(sessionHash),
    outcome: names.idOf(head.outcome),
  };
}

/** What pages of records are filtered by, and whose they are. */
function columnsOf({ receivedAt }: RecordHead, ids: RecordIds): SQLInputValue[] {
  return [receivedAt, ids.experiment, ids.variant, ids.outcome, ids.unit, ids.session];
}

interface FactParts {
  readonly head: RecordHead;
  readonly ids: RecordIds;
  readonly row: number;
  readonly flags: number;
}

function factRow(facts: FactParts, { names }: RecordWriterParts): SQLInputValue[] {
  const { head, ids, row, flags } = facts;
  return [
    ids.experiment,
    row,
    head.receivedAt,
    ids.unit,
    ids.session ?? 0,
    names.idOf(head.phase ?? ""),
    ids.variant,
    head.servedVariantId === null ? null : names.idOf(head.servedVariantId),
    flags,
    head.latencyMs,
    head.firstChunkMs,
    head.inputTokens,
    head.outputTokens,
    head.cachedTokens,
    head.costUsd,
    head.responseModel === null ? null : names.foreignIdOf(head.responseModel),
  ];
}
