/** Small integers in place of texts that recur. */
import type { DatabaseSync } from "node:sqlite";

export interface Names {
  idOf(text: string): number;
  /** Of a name that an upstream chose. Beyond a thousand different ones in the file it is that of "other". */
  foreignIdOf(text: string): number;
  /** After a rollback: ids that were given in it are void. */
  forget(): void;
}

const mostForeign = 1000;

/** Names are few and never deleted, so what is known once stays true. */
export function createNames(db: DatabaseSync): Names {
  const known = new Map<string, number>();
  const find = db.prepare("SELECT id FROM names WHERE text = ?");
  const insert = db.prepare("INSERT INTO names (text, is_foreign) VALUES (?, ?)");
  const countForeign = db.prepare("SELECT count(*) AS many FROM names WHERE is_foreign = 1");
  /** Once it is full it stays so. */
  let hasRoom = true;

  const foundId = (text: string): number | undefined => {
    const cached = known.get(text);
    if (cached !== undefined) return cached;
    const found = find.get(text)?.id;
    if (found === undefined) return undefined;
    known.set(text, Number(found));
    return Number(found);
  };
  const add = (text: string, isForeign: boolean): number => {
    const id = Number(insert.run(text, Number(isForeign)).lastInsertRowid);
    known.set(text, id);
    return id;
  };
  const idOf = (text: string): number => foundId(text) ?? add(text, false);

  return {
    idOf,
    foreignIdOf(text) {
      const found = foundId(text);
      if (found !== undefined) return found;
      hasRoom &&= Number(countForeign.get()?.many) < mostForeign;
      return hasRoom ? add(text, true) : idOf("other");
    },
    forget() {
      known.clear();
      hasRoom = true;
    },
  };
}

export interface Subjects {
  idOf(hash: string): number;
  forget(): void;
}

const dayMs = 86_400_000;
const capacity = 100_000;

/**
 * Units and sessions. The day on which one was last seen is kept, so that retention can tell who is gone;
 * a memory older than a day is checked against the file, where another process may have deleted it.
 */
export function createSubjects(db: DatabaseSync, now: () => number): Subjects {
  const known = new Map<string, { readonly id: number; readonly seenAt: number }>();
  const find = db.prepare("SELECT id, seen_at FROM subjects WHERE hash = ?");
  const insert = db.prepare("INSERT INTO subjects (hash, seen_at) VALUES (?, ?)");
  const touch = db.prepare("UPDATE subjects SET seen_at = ? WHERE id = ?");

  const read = (hash: string, at: number): { readonly id: number; readonly seenAt: number } => {
    const found = find.get(hash);
    if (found === undefined) return { id: Number(insert.run(hash, at).lastInsertRowid), seenAt: at };
    const id = Number(found.id);
    const seenAt = Number(found.seen_at);
    if (at - seenAt < dayMs) return { id, seenAt };
    touch.run(at, id);
    return { id, seenAt: at };
  };

  return {
    idOf(hash) {
      const at = now();
      const cached = known.get(hash);
      if (cached !== undefined && at - cached.seenAt < dayMs) return cached.id;
      if (known.size >= capacity) known.clear();
      const subject = read(hash, at);
      known.set(hash, subject);
      return subject.id;
    },
    forget: () => known.clear(),
  };
}
