/** This boot's line in the file: how many rows it numbered and stored, and whether it has ended. */
import type { DatabaseSync } from "node:sqlite";
import type { WriterSettings } from "./messages.ts";

export interface BootLine {
  /** Made at first use, within a transaction. */
  id(): number;
  /** Tells that the boot lives, what it numbered last, and what it stored more. */
  touch(change: { readonly lastSequence: number; readonly stored: number }): void;
  /** When it last told so; undefined before the first time. */
  touchedAt(): number | undefined;
  /** A line of its own for a process of this boot that ended without a word: it stays open, as that of a crashed boot does. */
  addCrash(name: string): void;
  close(): void;
  /** After a rollback. */
  forget(): void;
}

export function createBootLine(db: DatabaseSync, settings: WriterSettings, now: () => number): BootLine {
  const { instance, boot, startedAt } = settings;
  const insert = db.prepare(
    "INSERT INTO boots (instance, boot, started_at, alive_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const find = db.prepare("SELECT id FROM boots WHERE instance = ? AND boot = ?");
  const touch = db.prepare(
    "UPDATE boots SET alive_at = ?, last_sequence = max(last_sequence, ?), rows = rows + ? WHERE id = ?",
  );
  const close = db.prepare("UPDATE boots SET is_closed = 1 WHERE id = ?");
  let known: number | undefined;
  let touchedAt: number | undefined;

  const id = (): number => {
    if (known === undefined) {
      insert.run(instance, boot, startedAt, now());
      known = Number(find.get(instance, boot)?.id);
    }
    return known;
  };
  return {
    id,
    touch({ lastSequence, stored }) {
      touchedAt = now();
      touch.run(touchedAt, lastSequence, stored, id());
    },
    touchedAt: () => touchedAt,
    // From before its server, as is every boot that another one of the instance has followed.
    addCrash(name) {
      id();
      insert.run(instance, `${boot}-worker-${name}`, startedAt - 1, now());
    },
    close: () => void close.run(id()),
    forget() {
      known = undefined;
    },
  };
}

/** True where the boot before this one did not end by itself: what it left may be damaged. */
export function lastBootCrashed(db: DatabaseSync, { instance, boot }: WriterSettings): boolean {
  const last = db
    .prepare(
      "SELECT is_closed FROM boots WHERE NOT (instance = ? AND boot = ?) AND boot NOT LIKE '%-worker-%' ORDER BY id DESC LIMIT 1",
    )
    .get(instance, boot);
  return last?.is_closed === 0;
}
