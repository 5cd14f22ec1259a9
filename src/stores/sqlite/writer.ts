/** The writer's thread without its port: keeps a sound connection, and does what the messages say. */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { type BatchWriter, createBatchWriter } from "./batch-writer.ts";
import { lastBootCrashed } from "./boot-line.ts";
import { damageOf, fileIdOf, openForWriting, setAside } from "./database.ts";
import { faultOf } from "./fault.ts";
import type { Batch, FromWriter, WriterSettings } from "./messages.ts";
import { purge } from "./purge.ts";
import { createRetention, type Retention } from "./retention.ts";

export interface Writer {
  commit(batch: Batch): void;
  /** Looks for damage, and sets a damaged file aside. */
  check(): void;
  /** What is due beside commits. True when there is more to do soon. */
  tend(): boolean;
  close(lastSequence: number): void;
}

export interface WriterParts {
  readonly settings: WriterSettings;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsedMs: () => number;
  readonly tell: (message: FromWriter) => void;
}

interface Connection {
  readonly db: DatabaseSync;
  readonly batches: BatchWriter;
  readonly retention: Retention;
}

/**
 * A file above this size is not read through before its first commit, which waits for it (about 20 ms a megabyte from a
 * slow disk): its damage shows when a statement meets it.
 */
const checkedBytes = 128 * 1024 * 1024;

export function createWriter({ settings, now, elapsedMs, tell }: WriterParts): Writer {
  const { path } = settings;
  let connection: Connection | undefined;
  let isFirst = true;
  /** The file that is worked on, known before it is opened: by the time of a fault another one may be in its place. */
  let fileId: string | undefined;
  let toldFileId: string | undefined;

  const drop = () => {
    const { db } = connection ?? {};
    connection = undefined;
    if (db?.isOpen) db.close();
  };

  const open = (): Connection => {
    // Somebody removed or replaced the file: what is committed into the old one would be gone.
    if (connection !== undefined && fileIdOf(path) !== fileId) drop();
    if (connection !== undefined) return connection;
    fileId = fileIdOf(path);
    const db = openForWriting(settings);
    try {
      fileId ??= fileIdOf(path);
      if (isFirst) refuseDamage(db, settings);
      isFirst = false;
      tellNewFile(db);
      const batches = createBatchWriter(db, settings, now);
      const note = (message: string) => tell({ kind: "note", level: "error", message });
      const facts = { ...settings, now, elapsedMs, note };
      const retention = createRetention(db, batches.transactions, facts);
      connection = { db, batches, retention };
      return connection;
    } catch (error) {
      db.close();
      throw error;
    }
  };

  /** An id may be given again once its file is gone; a file without phases is a new one, or needs none. */
  const tellNewFile = (db: DatabaseSync) => {
    const hasPhases = db.prepare("SELECT 1 FROM phases LIMIT 1").get() !== undefined;
    if (fileId !== toldFileId || !hasPhases) tell({ kind: "new_file" });
    toldFileId = fileId;
  };

  /** Does it on a sound file: a damaged one is set aside, once, and it is done on a new one. */
  const soundly = <T>(work: (connection: Connection) => T): T => {
    try {
      return attempt(work);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      replaceFile(error);
      return attempt(work);
    }
  };

  const attempt = <T>(work: (connection: Connection) => T): T => {
    try {
      return work(open());
    } catch (error) {
      if (faultOf(error).spoilsConnection) drop();
      throw error;
    }
  };

  /** What was committed stays so: a disk that is too full for this must not hold up the records. */
  const purged = (): boolean => {
    try {
      attempt(({ db }) => purge(db, path));
      return true;
    } catch (error) {
      const message = `what was deleted of a unit is not overwritten yet: ${faultOf(error).reason}`;
      tell({ kind: "note", level: "error", message });
      return false;
    }
  };

  const replaceFile = (error: unknown) => {
    drop();
    // Another process has replaced it already.
    if (fileIdOf(path) !== fileId) return;
    const aside = setAside(path, now());
    const message = `${path} is damaged: ${faultOf(error).reason}. It is kept as ${aside}, and a new file is begun.`;
    tell({ kind: "note", level: "error", message });
  };

  return {
    commit(batch) {
      try {
        const { receipts, refused, refusal, ...written } = soundly(({ batches }) => batches.write(batch));
        const isPurged = batch.forgets.length === 0 || purged();
        const forgotten = isPurged ? written.forgotten : [];
        tell({ kind: "committed", batch: batch.number, receipts, forgotten, refused });
        if (refusal === undefined) return;
        tell({ kind: "note", level: "error", message: `${refused} rows cannot be stored: ${refusal}` });
      } catch (error) {
        tell({ kind: "failed", batch: batch.number, reason: faultOf(error).reason });
      }
    },
    check() {
      soundly(({ db }) => throwDamage(db));
    },
    tend() {
      return soundly(({ batches, retention }) => {
        batches.keepAlive();
        batches.endExposures();
        return retention.step();
      });
    },
    close(lastSequence) {
      try {
        soundly(({ batches }) => batches.close(lastSequence));
      } finally {
        drop();
      }
    },
  };
}

class DamageFound extends Error {}

function isCorrupt(error: unknown): boolean {
  return error instanceof DamageFound || faultOf(error).kind === "corrupt";
}

/** After a crash the file is read through before anything is added to it. */
function refuseDamage(db: DatabaseSync, settings: WriterSettings): void {
  if (statSync(settings.path).size > checkedBytes || !lastBootCrashed(db, settings)) return;
  throwDamage(db);
}

function throwDamage(db: DatabaseSync): void {
  const damage = damageOf(db);
  if (damage !== undefined) throw new DamageFound(damage);
}
