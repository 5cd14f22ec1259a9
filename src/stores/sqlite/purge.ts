import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";

const checkpointTries = 5;

/**
 * Writes the file anew, so that no byte of what was deleted is left in it or in its log: 6 to 12 s a gigabyte, and up to twice the file's
 * size beside it for so long. Not within a transaction. Throws what SQLite throws, and where a reader holds on to the old state.
 *
 * SQLite's `secure_delete` does not do it: what it moves from page to page it leaves behind in their gaps, and of rows that were
 * deleted later 1 in 250 could be found there (30 rounds of inserts, moves and deletes).
 */
export function purge(db: DatabaseSync, path: string): void {
  // The copy is of everything: it belongs beside the file, not into a folder of other people's, or into memory.
  const inFolder = (folder: string) =>
    db.exec(`PRAGMA temp_store_directory = '${folder.replaceAll("'", "''")}'`);
  inFolder(dirname(path));
  try {
    db.exec("VACUUM");
  } finally {
    // It holds for all connections of the process.
    inFolder("");
  }
  const checkpoint = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  for (let tries = 0; tries < checkpointTries; tries++) if (checkpoint.get()?.busy === 0) return;
  throw new Error("a reader keeps the log of the store from being cut");
}
