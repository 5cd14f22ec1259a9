/** Takes a unit out of the tables. Within a transaction: all of it, or nothing. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { parseRecord } from "../../core/record-text.ts";
import type { Forgotten } from "../../domain/store.ts";
import type { Subjects } from "./interned.ts";
import { blankLines } from "./text-blocks.ts";
import type { Transactions } from "./transaction.ts";

export interface ForgetParts {
  readonly transactions: Transactions;
  readonly subjects: Subjects;
  /** Received before then, a record may be gone while its line is yet in a block that younger ones share. Epoch milliseconds. */
  readonly agedBefore: () => number;
}

/** What is left of the deleted in the gaps of the file is `purge`'s. Each search reads a table or an index through. */
export function createForgetter(db: DatabaseSync, parts: ForgetParts): (unitHash: string) => Forgotten {
  const sql = statements(db);

  const whoseOf = (unitHash: string): Whose => {
    const unit = sql.subject.get(unitHash)?.id;
    if (unit === undefined) return { ids: "[]", hashes: new Set([unitHash]), sessions: 0 };
    const had = idsOf(sql.sessionsOf.all({ unit }), "session");
    const others = new Set(
      idsOf(sql.sessionsOfOthers.all({ unit, sessions: JSON.stringify(had) }), "session"),
    );
    const own = had.filter((session) => !others.has(session));
    const ids = JSON.stringify([unit, ...own]);
    const hashes = sql.hashes.all({ ids }).map(({ hash }) => String(hash));
    return { ids, hashes: new Set(hashes), sessions: own.length };
  };

  const dropFacts = (rows: readonly Row[]) =>
    sum(rows, ({ row, experiment }) => sql.dropFact.run(experiment ?? null, row ?? null));

  const dropOutcomes = (requests: readonly Row[], { ids }: Whose) => {
    const ofRequests = sum(requests, ({ id }) => sql.dropOutcomesOf.run(id ?? null));
    return ofRequests + Number(sql.dropToldOutcomes.run({ ids }).changes);
  };

  const blankTexts = (rows: readonly Row[], { hashes }: Whose) => {
    const blocks = new Set(idsOf(rows, "block"));
    for (const id of idsOf(sql.agedBlocks.all(parts.agedBefore()), "id")) blocks.add(id);
    for (const block of blocks) blankLines(db, block, (text) => isOf(text, hashes));
  };

  return (unitHash) => {
    const whose = whoseOf(unitHash);
    const { ids, hashes, sessions } = whose;
    const exposures = sql.exposures.all().filter(({ body }) => isOf(String(body), hashes));
    const rows = sql.records.all({ ids });
    const facts = dropFacts(rows);
    const outcomes = dropOutcomes([...exposures, ...rows], whose);
    const records =
      sum(exposures, ({ id }) => sql.dropExposure.run(id ?? null)) +
      sum(rows, ({ row }) => sql.dropRecord.run(row ?? null));
    const contents = Number(sql.dropContents.run({ ids }).changes);
    blankTexts(rows, whose);
    const subjects = Number(sql.dropSubjects.run({ ids }).changes);
    parts.subjects.forget();
    // Of the subjects other processes remember the numbers: the next one that comes gets the same.
    if (records + outcomes + subjects > 0) parts.transactions.changeGeneration();
    return { records, facts, outcomes, contents, sessions };
  };
}

function sum(rows: readonly Row[], drop: (row: Row) => { readonly changes: number | bigint }): number {
  return rows.reduce((changes, row) => changes + Number(drop(row).changes), 0);
}

/** The unit and the sessions that only it had: as a JSON array of their ids in the file, and by hash. */
interface Whose {
  readonly ids: string;
  readonly hashes: ReadonlySet<string>;
  readonly sessions: number;
}

type Row = Record<string, SQLOutputValue>;

function statements(db: DatabaseSync) {
  const ids = "(SELECT value FROM json_each(:ids))";
  return {
    subject: db.prepare("SELECT id FROM subjects WHERE hash = ?"),
    hashes: db.prepare(`SELECT hash FROM subjects WHERE id IN ${ids}`),
    // Rows of earlier versions tell their session by their fact alone.
    sessionsOf: db.prepare(`
      SELECT session FROM records WHERE unit = :unit AND session <> :unit
      UNION SELECT session FROM facts WHERE unit = :unit AND session NOT IN (0, :unit)`),
    // Where sessions are units themselves, one is no stranger to itself.
    sessionsOfOthers: db.prepare(`
      SELECT session FROM records
      WHERE session IN (SELECT value FROM json_each(:sessions)) AND unit <> :unit AND unit <> session
      UNION SELECT session FROM facts
      WHERE session IN (SELECT value FROM json_each(:sessions)) AND unit <> :unit AND unit <> session`),
    records: db.prepare(`
      SELECT row, id, experiment, block FROM records
      WHERE unit IN ${ids} OR session IN ${ids} OR row IN (SELECT row FROM facts WHERE session IN ${ids})`),
    dropRecord: db.prepare("DELETE FROM records WHERE row = ?"),
    dropFact: db.prepare("DELETE FROM facts WHERE experiment = ? AND row = ?"),
    dropOutcomesOf: db.prepare("DELETE FROM outcomes WHERE request = ?"),
    dropToldOutcomes: db.prepare(`
      DELETE FROM outcomes WHERE request IS NULL AND (session IN ${ids} OR (session IS NULL AND unit IN ${ids}))`),
    exposures: db.prepare("SELECT id, body FROM exposures"),
    dropExposure: db.prepare("DELETE FROM exposures WHERE id = ?"),
    dropContents: db.prepare(`DELETE FROM contents WHERE unit IN ${ids} OR session IN ${ids}`),
    agedBlocks: db.prepare("SELECT id FROM blocks WHERE received_until < ?"),
    dropSubjects: db.prepare(`DELETE FROM subjects WHERE id IN ${ids}`),
  };
}

function isOf(body: string, hashes: ReadonlySet<string>): boolean {
  const { unitHash, sessionHash } = parseRecord(body);
  return (
    (unitHash !== undefined && hashes.has(unitHash)) || (sessionHash !== undefined && hashes.has(sessionHash))
  );
}

/** The numbers of a column, without NULL. */
function idsOf(rows: readonly Row[], column: string): number[] {
  return rows.flatMap((row) => (row[column] === null ? [] : Number(row[column])));
}
