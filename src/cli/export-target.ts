import { randomBytes } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import { constants, type FileHandle, open, realpath, rename, rm } from "node:fs/promises";
import { Failure } from "../domain/failure.ts";
import type { Io } from "./command.ts";
import type { Interrupt } from "./export-interrupt.ts";

/** Where an export goes. Each throws `invalid_value` with the system's reason, and `client_cancelled` when interrupted. */
export interface ExportTarget {
  write(bytes: string | Uint8Array): Promise<void>;
  /** Everything is written: a file takes its name. */
  finish(): Promise<void>;
  /** Nothing is left of it, except what a device or a pipe has taken. */
  abandon(): Promise<void>;
}

/**
 * A file is written under another name beside it and synced before it takes its own, so that nobody reads half of one; a device
 * or a pipe is written as it is, and stays what it is. Throws `invalid_value` where it would overwrite what is there without
 * being forced to.
 */
export async function openTarget(
  out: string,
  io: Io,
  { isForced, interrupt }: { readonly isForced: boolean; readonly interrupt: Interrupt },
): Promise<ExportTarget> {
  if (out === "-") {
    return {
      write: (bytes) => interrupt.race(told("The standard output", io.write(bytes))),
      finish: () => Promise.resolve(),
      abandon: () => Promise.resolve(),
    };
  }
  const there = found(out);
  checkFree(out, there, isForced);
  if (there !== undefined && !there.isFile()) return direct(out, interrupt);
  // A link stays a link: the file that it names is replaced.
  const path = there === undefined ? out : await told(out, realpath(out));
  return beside(path, { out, isForced, interrupt });
}

async function direct(out: string, interrupt: Interrupt): Promise<ExportTarget> {
  // Neither made nor cut: a pipe waits here for its reader.
  const opening = open(out, constants.O_WRONLY);
  const file = await interrupt.race(told(out, opening)).catch((error: unknown) => {
    opening.then(
      (late) => late.close(),
      () => undefined,
    );
    throw error;
  });
  return {
    write: (bytes) => interrupt.race(told(out, file.appendFile(bytes))),
    finish: () => told(out, file.close()),
    abandon: () => {
      // Not awaited: it waits for the write, and a stalled reader would hold both.
      file.close().catch(() => undefined);
      return Promise.resolve();
    },
  };
}

async function beside(
  path: string,
  {
    out,
    isForced,
    interrupt,
  }: { readonly out: string; readonly isForced: boolean; readonly interrupt: Interrupt },
): Promise<ExportTarget> {
  const partial = `${path}.${randomBytes(4).toString("hex")}.partial`;
  const file = await told(out, open(partial, "wx"));
  return {
    write: (bytes) => interrupt.race(told(out, file.appendFile(bytes))),
    finish: async () => {
      await interrupt.race(told(out, syncedAndClosed(file)));
      const there = found(path);
      checkFree(out, there, isForced);
      if (there !== undefined && !there.isFile()) {
        throw new Failure("invalid_value", `${out} was a file and no longer is; nothing is kept.`);
      }
      await told(out, rename(partial, path));
    },
    abandon: async () => {
      await file.close().catch(() => undefined);
      await rm(partial, { force: true });
    },
  };
}

async function syncedAndClosed(file: FileHandle): Promise<void> {
  await file.sync();
  await file.close();
}

function found(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** A pipe and a character device keep nothing that could be overwritten. */
function checkFree(out: string, there: Stats | undefined, isForced: boolean): void {
  if (isForced || there === undefined || there.isFIFO() || there.isCharacterDevice()) return;
  throw new Failure(
    "invalid_value",
    `${out} is there already; name another file, or overwrite it by --force.`,
  );
}

function told<T>(out: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw unwritable(out, cause);
  });
}

function unwritable(out: string, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Failure("invalid_value", `${out} cannot be written: ${why}`, { cause });
}
