/** A connection for reading that follows the file: one that is made later, and one that takes its place. */
import type { DatabaseSync } from "node:sqlite";
import { fileIdOf, openForReading } from "./database.ts";
import { faultOf } from "./fault.ts";

export interface ReadConnection {
  /** Undefined where there is no file yet. */
  read<T>(work: (db: DatabaseSync) => T): T | undefined;
  close(): void;
}

/** `onOpen` hears of every new connection: what was remembered of another file is void. */
export function createReadConnection(path: string, onOpen: () => void = () => {}): ReadConnection {
  let db: DatabaseSync | undefined;
  let fileId: string | undefined;

  const close = () => {
    db?.close();
    db = undefined;
  };
  const current = (): DatabaseSync | undefined => {
    const found = fileIdOf(path);
    if (found !== fileId) close();
    if (db !== undefined) return db;
    fileId = found;
    db = openForReading(path);
    if (db !== undefined) onOpen();
    return db;
  };
  return {
    read(work) {
      const open = current();
      if (open === undefined) return undefined;
      try {
        return work(open);
      } catch (error) {
        if (faultOf(error).spoilsConnection) close();
        throw error;
      }
    },
    close,
  };
}
