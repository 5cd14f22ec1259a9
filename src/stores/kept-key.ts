import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../domain/failure.ts";

/**
 * A random key that is made once and kept in a file of the owner's alone: pseudonyms stay the same over restarts.
 * Throws `config_invalid` for a file that holds no such key; a pseudonym under a known key would be none.
 */
export function keptKey(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  // Linked when it is whole, so that neither a crash nor a second process can leave or see half a key.
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, randomBytes(32).toString("hex"), { mode: 0o600 });
  try {
    linkSync(fresh, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(fresh);
  }
  const key = readFileSync(path, "utf8").trim();
  if (/^[0-9a-f]{64}$/.test(key)) return key;
  throw new Failure(
    "config_invalid",
    `${path} holds no key of 64 hex digits; remove it, and a new one is made.`,
  );
}
