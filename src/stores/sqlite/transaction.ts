/** A transaction that gives out rows, as every write of the store is made. */
import type { DatabaseSync } from "node:sqlite";

export interface Transactions {
  /** Commits what `body` did, or nothing of it and throws. */
  run<T>(body: () => T): T;
  /** Within a transaction: keeps what `body` did, or nothing of it and throws. */
  part<T>(body: () => T): T;
  /** The next row, of the transaction that is under way. */
  takeRow(): number;
  /** Rows were taken away, or changed after they could be read. */
  changeGeneration(): void;
}

/**
 * `forget` hears of every rollback, for what was learned in it is void; and of every other generation, for another process may have
 * taken away what was learned before.
 */
export function createTransactions(db: DatabaseSync, forget: () => void): Transactions {
  const readRow = db.prepare("SELECT next_row, generation FROM state");
  const keepRow = db.prepare("UPDATE state SET next_row = ?");
  const change = db.prepare("UPDATE state SET generation = generation + 1");
  let nextRow = 0;
  let generation: unknown;
  return {
    run(body) {
      db.exec("BEGIN IMMEDIATE");
      try {
        const state = readRow.get();
        if (state?.generation !== generation) forget();
        generation = state?.generation;
        nextRow = Number(state?.next_row);
        const result = body();
        keepRow.run(nextRow);
        db.exec("COMMIT");
        return result;
      } catch (error) {
        // Some failures have rolled back already: https://www.sqlite.org/lang_transaction.html
        if (db.isTransaction) db.exec("ROLLBACK");
        forget();
        throw error;
      }
    },
    part(body) {
      const before = nextRow;
      db.exec("SAVEPOINT part");
      try {
        const result = body();
        db.exec("RELEASE part");
        return result;
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK TO part; RELEASE part");
        nextRow = before;
        forget();
        throw error;
      }
    },
    takeRow: () => nextRow++,
    changeGeneration: () => void change.run(),
  };
}
