import { statSync } from "node:fs";
import { join } from "node:path";

/** The file that a state folder's records and outcomes are kept in. */
export function storePath(stateDir: string): string {
  return join(stateDir, "records.db");
}

/** Bytes of that file; 0 where there is none yet. */
export function storeBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
