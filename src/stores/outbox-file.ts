/** Notifications that wait or were given up, in a file of the state folder. */
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import type { Notification } from "../domain/ramp.ts";

export interface KeptNotifications {
  readonly waiting: readonly Notification[];
  readonly dead: readonly Notification[];
}

export interface OutboxFile {
  /** What it held; nothing where there is none, or where it cannot be read. */
  readonly kept: KeptNotifications;
  /** At every moment the path holds the old ones or the whole new ones. */
  save(notifications: KeptNotifications): Promise<void>;
}

export function openOutboxFile(path: string, onCorrupt: (message: string) => void): OutboxFile {
  return {
    kept: read(path, onCorrupt),
    async save(notifications) {
      await writeFile(`${path}.new`, JSON.stringify(notifications), { mode: 0o600, flush: true });
      await rename(`${path}.new`, path);
    },
  };
}

function read(path: string, onCorrupt: (message: string) => void): KeptNotifications {
  try {
    // Only this module writes the file.
    const { waiting, dead } = JSON.parse(readFileSync(path, "utf8")) as KeptNotifications;
    if (Array.isArray(waiting) && Array.isArray(dead)) return { waiting, dead };
    onCorrupt(`${path} holds no notifications: those that waited are lost`);
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) onCorrupt(`${path} cannot be read: notifications that waited are lost`);
  }
  return { waiting: [], dead: [] };
}
