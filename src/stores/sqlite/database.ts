/** Opens the store's file, and sets a damaged one aside. */
import { closeSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Failure } from "../../domain/failure.ts";
import { checkVersion, migrate } from "./schema.ts";

export interface OpenForWriting {
  readonly path: string;
  /** How long a statement waits for another process's lock. */
  readonly busyMs: number;
}

/** A connection that writes, with the schema in place. What is thrown is SQLite's or the file system's, or `config_invalid`. */
export function openForWriting({ path, busyMs }: OpenForWriting): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  // Made here, for its owner alone: SQLite would leave it to the umask. Its log and its index get the file's mode.
  closeSync(openSync(path, "a", 0o600));
  const db = new DatabaseSync(path, { timeout: busyMs });
  try {
    checkVersion(db, path);
    // FULL: the log is synced at every commit, so what was acknowledged survives a loss of power too.
    // Five records of the usual size fill a page of 8 KB; of 4 KB they would waste a third.
    // What is deleted is overwritten: 3 µs for each record that retention takes away, nothing for writing one.
    // The log is checkpointed every 16 MB, and what a long reader made of it is cut back.
    db.exec(`
      PRAGMA page_size = 8192;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA wal_autocheckpoint = 2000;
      PRAGMA journal_size_limit = 33554432;
      PRAGMA cache_size = -16000;
    `);
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A connection that reads; undefined where there is no file, or no schema in it yet. */
export function openForReading(path: string, busyMs = 1000): DatabaseSync | undefined {
  if (fileIdOf(path) === undefined) return undefined;
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  try {
    checkVersion(db, path);
    const hasSchema = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'state'").get() !== undefined;
    if (hasSchema) return db;
  } catch (error) {
    db.close();
    throw error;
  }
  db.close();
  return undefined;
}

/** Throws `config_invalid` for a file that a newer version wrote; whatever else is wrong with it shows later. */
export function refuseNewerFile(path: string): void {
  try {
    openForReading(path, 0)?.close();
  } catch (error) {
    if (error instanceof Failure) throw error;
  }
}

/** Tells a file from one that took its place; undefined where there is none. */
export function fileIdOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** Moves the damaged file, its log and its index out of the way. Gives the name under which an operator finds it. */
export function setAside(path: string, now: number): string {
  const aside = `${path}.corrupt-${now}`;
  for (const suffix of ["-wal", "-shm", ""]) {
    const part = `${path}${suffix}`;
    if (statSync(part, { throwIfNoEntry: false }) !== undefined) renameSync(part, `${aside}${suffix}`);
  }
  return aside;
}

/** What `quick_check` finds first, or undefined for a sound file. Reads all of it. */
export function damageOf(db: DatabaseSync): string | undefined {
  const found = db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  return found === "ok" ? undefined : String(found);
}
