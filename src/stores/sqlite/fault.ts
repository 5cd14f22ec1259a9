/** What SQLite says when it cannot: https://www.sqlite.org/rescode.html */

/** `storage`: the disk or a lock, worth another try. `corrupt`: the file is no sound database. `bug`: neither. */
export type FaultKind = "storage" | "corrupt" | "bug";

export interface Fault {
  readonly kind: FaultKind;
  readonly reason: string;
  /** The connection is not to be used again. */
  readonly spoilsConnection: boolean;
}

/** Primary result codes, and what an operator should know of them. */
const storageFaults: Readonly<Record<number, string>> = {
  5: "another process holds the lock of the store's file",
  6: "the store's file is locked",
  7: "out of memory",
  8: "the store's file is read-only",
  10: "the disk failed to read or write",
  13: "the disk is full",
  14: "the store's file cannot be opened",
};
const corruptFaults: Readonly<Record<number, string>> = {
  11: "the store's file is damaged",
  26: "the store's file is no database",
};
const sparesConnection = new Set([5, 6, 13]);

export function faultOf(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  const code = sqliteCodeOf(error);
  if (code === undefined) {
    const isSystem = error instanceof Error && "syscall" in error;
    return { kind: isSystem ? "storage" : "bug", reason: message, spoilsConnection: true };
  }
  const corrupt = corruptFaults[code];
  const known = corrupt ?? storageFaults[code];
  return {
    kind: corrupt !== undefined ? "corrupt" : known !== undefined ? "storage" : "bug",
    reason: known === undefined ? message : `${known} (${message})`,
    spoilsConnection: known !== undefined && !sparesConnection.has(code),
  };
}

/** The primary code: the low byte of the extended one. */
function sqliteCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error && "errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}
