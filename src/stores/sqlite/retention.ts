/** Takes away what is older than it may be, a little at a time: the lock is never held for long. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Transactions } from "./transaction.ts";

export interface Retention {
  /** Deletes one portion. False once nothing is left that is too old, until the next round. */
  step(): boolean;
}

export interface RetentionFacts {
  readonly retentionMs: number;
  /** Of what was said; at most as long. */
  readonly contentRetentionMs: number;
  /** Who writes: its own line of a boot stays. */
  readonly instance: string;
  readonly boot: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsedMs: () => number;
  readonly note: (message: string) => void;
}

const rowsAtOnce = 500;
const longestPauseMs = 3_600_000;
/** Units stay a little longer than their last record: a writer that remembers one may name it for a day. */
const subjectGraceMs = 2 * 86_400_000;
const subjectsAtOnce = 5000;
/** What a clock may be set forward before it is not believed at once. */
const longestJumpMs = 3_600_000;

/**
 * Pages that come free are used again; the file keeps the size that its retention needs. The generation changes with a
 * round's first deletion and after its last: not at every portion, for at each change all readers read everything anew.
 */
export function createRetention(
  db: DatabaseSync,
  transactions: Transactions,
  facts: RetentionFacts,
): Retention {
  const portions = portionsOf(db);
  const contents = contentPortion(db);
  const dropSubjects = db.prepare("DELETE FROM subjects WHERE id > ? AND id <= ? AND seen_at < ?");
  // Its records are no younger than its last sign of life, so they are gone before it.
  const dropBoots = db.prepare("DELETE FROM boots WHERE alive_at < ? AND NOT (instance = ? AND boot = ?)");
  const lastSubject = db.prepare("SELECT max(id) AS id FROM subjects");
  let hasDeleted = false;
  let subjectsDone = 0;
  let nextRoundAt = 0;
  const jumpMs = jumpsOf(facts);

  const stepSubjects = (cutoff: number): boolean => {
    const last = Number(lastSubject.get()?.id ?? 0);
    const end = subjectsDone + subjectsAtOnce;
    transactions.run(() => {
      dropSubjects.run(subjectsDone, end, cutoff - subjectGraceMs);
      if (end < last) return;
      dropBoots.run(cutoff, facts.instance, facts.boot);
      transactions.changeGeneration();
    });
    subjectsDone = end >= last ? 0 : end;
    return end < last;
  };

  /** A clock that is wrong by a year would cost everything: whoever reads the log has until the next round to set it right. */
  const isBelieved = (): boolean => {
    const jump = jumpMs();
    if (jump <= longestJumpMs) return true;
    const hours = Math.round(jump / 3_600_000);
    facts.note(`the clock went forward by ${hours} h at once; nothing is deleted for its age in this round`);
    return false;
  };

  const endRound = (): false => {
    hasDeleted = false;
    subjectsDone = 0;
    nextRoundAt = facts.now() + Math.min(longestPauseMs, facts.retentionMs / 50);
    return false;
  };

  return {
    step() {
      if (facts.now() < nextRoundAt) return false;
      if (!isBelieved()) {
        if (hasDeleted) transactions.run(transactions.changeGeneration);
        return endRound();
      }
      // Of no statistic: the generation stays.
      const contentCutoff = facts.now() - facts.contentRetentionMs;
      if (contents.isDue(contentCutoff)) {
        transactions.run(() => contents.drop(contentCutoff));
        return true;
      }
      const cutoff = facts.now() - facts.retentionMs;
      if (subjectsDone === 0 && portions.some((portion) => portion.isDue(cutoff))) {
        transactions.run(() => {
          if (!hasDeleted) transactions.changeGeneration();
          for (const portion of portions) portion.drop(cutoff);
        });
        hasDeleted = true;
        return true;
      }
      return (hasDeleted && stepSubjects(cutoff)) || endRound();
    },
  };
}

/** By how much the clock went forward, beyond the time that passed, since it was asked for last. Negative for one set back. */
function jumpsOf({ now, elapsedMs }: RetentionFacts): () => number {
  let offset = now() - elapsedMs();
  return () => {
    const before = offset;
    offset = now() - elapsedMs();
    return offset - before;
  };
}

interface Portion {
  isDue(cutoff: number): boolean;
  drop(cutoff: number): void;
}

function portionsOf(db: DatabaseSync): readonly Portion[] {
  const oldRecords = db.prepare(`
    SELECT row, experiment FROM records INDEXED BY records_by_time
    WHERE received_at < ? ORDER BY received_at LIMIT ?`);
  const dropRecord = db.prepare("DELETE FROM records WHERE row = ?");
  const dropFact = db.prepare("DELETE FROM facts WHERE experiment = ? AND row = ?");
  // A block goes with the last of its records: until then somebody may read it.
  const oldBlocks = db.prepare(`
    SELECT id FROM blocks
    WHERE received_until < ?1 AND received_until < coalesce((SELECT min(received_at) FROM records), ?1)
    ORDER BY received_until LIMIT ?2`);
  const dropBlock = db.prepare("DELETE FROM blocks WHERE id = ?");
  const oldOutcomes = db.prepare(
    "SELECT row FROM outcomes WHERE received_at < ? ORDER BY received_at LIMIT ?",
  );
  const dropOutcome = db.prepare("DELETE FROM outcomes WHERE row = ?");
  return [
    portion(oldRecords, ({ row, experiment }) => {
      dropRecord.run(row ?? null);
      if (experiment !== null) dropFact.run(experiment ?? null, row ?? null);
    }),
    portion(oldBlocks, ({ id }) => dropBlock.run(id ?? null)),
    portion(oldOutcomes, ({ row }) => dropOutcome.run(row ?? null)),
  ];
}

function contentPortion(db: DatabaseSync): Portion {
  const old = db.prepare("SELECT id FROM contents WHERE received_at < ? ORDER BY received_at LIMIT ?");
  const dropOld = db.prepare("DELETE FROM contents WHERE id = ?");
  return portion(old, ({ id }) => dropOld.run(id ?? null));
}

type Row = ReturnType<StatementSync["all"]>[number];

function portion(old: StatementSync, drop: (row: Row) => void): Portion {
  return {
    isDue: (cutoff) => old.get(cutoff, 1) !== undefined,
    drop(cutoff) {
      for (const row of old.all(cutoff, rowsAtOnce)) drop(row);
    },
  };
}
