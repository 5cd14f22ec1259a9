import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Failure } from "../domain/failure.ts";
import type { Io } from "./command.ts";

/** Where an export goes. */
export interface ExportTarget {
  write(bytes: string | Uint8Array): Promise<void>;
  /** Everything is written: a file takes its name. */
  finish(): Promise<void>;
  /** Nothing is left of it. */
  abandon(): Promise<void>;
}

/**
 * A file is written under another name beside it and synced before it takes its own, so that nobody reads half of one. Throws
 * `invalid_value` where it would overwrite another file without being forced to.
 */
export async function openTarget(
  out: string,
  io: Io,
  { isForced }: { readonly isForced: boolean },
): Promise<ExportTarget> {
  if (out === "-") {
    return { write: io.write, finish: () => Promise.resolve(), abandon: () => Promise.resolve() };
  }
  const checkFree = () => {
    if (isForced || !existsSync(out)) return;
    throw new Failure(
      "invalid_value",
      `${out} is there already; name another file, or overwrite it by --force.`,
    );
  };
  checkFree();
  const partial = `${out}.${randomBytes(4).toString("hex")}.partial`;
  const file = await open(partial, "wx").catch((cause: unknown) => {
    throw unwritable(out, cause);
  });
  return {
    write: async (bytes) => {
      await file.appendFile(bytes).catch((cause: unknown) => {
        throw unwritable(out, cause);
      });
    },
    finish: async () => {
      await file.sync();
      await file.close();
      checkFree();
      await rename(partial, out);
    },
    abandon: async () => {
      await file.close().catch(() => undefined);
      await rm(partial, { force: true });
    },
  };
}

function unwritable(out: string, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Failure("invalid_value", `${out} cannot be written: ${why}`, { cause });
}
