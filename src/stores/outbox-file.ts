/** Notifications that wait or were given up, in a file of the state folder. */
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { isObject } from "../core/chat-completion.ts";
import type { Notification } from "../domain/ramp-news.ts";

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

const texts = ["id", "experimentId", "hook", "event", "contentType", "body"];
const numbers = ["at", "attempts"];

function isNotification(entry: unknown): entry is Notification {
  return (
    isObject(entry) &&
    texts.every((name) => typeof entry[name] === "string") &&
    numbers.every((name) => Number.isFinite(entry[name]))
  );
}

function read(path: string, onCorrupt: (message: string) => void): KeptNotifications {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    const kept = isObject(parsed) ? parsed : {};
    const [waiting, dead] = [kept.waiting, kept.dead].map((all) => (Array.isArray(all) ? all : [undefined]));
    const all = { waiting: waiting?.filter(isNotification) ?? [], dead: dead?.filter(isNotification) ?? [] };
    const lost = (waiting?.length ?? 0) + (dead?.length ?? 0) - all.waiting.length - all.dead.length;
    if (lost > 0) onCorrupt(`${path} holds ${lost} entries that are no notifications: they are lost`);
    return all;
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) onCorrupt(`${path} cannot be read: notifications that waited are lost`);
  }
  return { waiting: [], dead: [] };
}
