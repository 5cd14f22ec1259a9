import { join } from "node:path";

/** The file that a state folder's records and outcomes are kept in. */
export function storePath(stateDir: string): string {
  return join(stateDir, "records.db");
}
