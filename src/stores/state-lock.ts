/** One process for a state folder: two would write one journal over each other. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Failure } from "../domain/failure.ts";

export interface StateLock {
  /** May be called more than once. */
  release(): unknown;
}

/**
 * Takes the folder, and makes it where it is not there. The lock is SQLite's on a file of its own: the system lets go of it when
 * the process ends, however it ends, so that none is left behind; keep the answer, for a database that is collected lets go too. Throws `config_invalid`.
 */
export function lockState(stateDir: string): StateLock {
  try {
    mkdirSync(stateDir, { recursive: true });
    const lock = new DatabaseSync(join(stateDir, "lock"), { timeout: 0 });
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      lock.close();
      throw error;
    }
    return { release: () => lock.isOpen && lock.close() };
  } catch (cause) {
    throw new Failure("config_invalid", problemOf(stateDir, cause), { cause });
  }
}

function problemOf(stateDir: string, cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/locked|busy/i.test(text)) {
    return `Another Assay serves from the state folder ${stateDir}; stop it, or give this one a folder of its own by --state-dir or server.state_dir.`;
  }
  return `The state folder ${stateDir} cannot be written (${text}); set server.state_dir, or --state-dir, to one that can.`;
}
