/** The control plane's facts in one file: a line of JSON each, appended and synced. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { ControlEvent, ControlStore } from "../domain/control.ts";

export interface JournalOptions {
  readonly path: string;
  /** Hears of a file that had to be set aside. */
  readonly onCorrupt: (message: string) => void;
}

/** Opens or makes the journal. A torn last line, left by a crash in mid-write, was never acknowledged and is cut off. */
export async function openControlJournal(options: JournalOptions): Promise<ControlStore> {
  mkdirSync(dirname(options.path), { recursive: true });
  const events = recover(options);
  const file = await open(options.path, "a", 0o600);
  syncDirectory(dirname(options.path));
  return new ControlJournal(file, events);
}

/** The facts of a journal that another process may be writing: what is whole so far, nothing changed. */
export function readControlEvents(path: string): ControlEvent[] {
  const lines = readIfThere(path).split("\n").slice(0, -1);
  return lines.flatMap((line) => parseEvent(line) ?? []);
}

class ControlJournal implements ControlStore {
  readonly #file: FileHandle;
  readonly #events: ControlEvent[];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle, events: ControlEvent[]) {
    this.#file = file;
    this.#events = events;
  }

  read(): readonly ControlEvent[] {
    return this.#events;
  }

  append(event: ControlEvent): Promise<void> {
    const written = this.#writing.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(event)}\n`);
      await this.#file.sync();
      this.#events.push(event);
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }
}

function recover({ path, onCorrupt }: JournalOptions): ControlEvent[] {
  const text = readIfThere(path);
  const lines = text.split("\n");
  const torn = lines.pop() ?? "";
  const events: ControlEvent[] = [];
  for (const [index, line] of lines.entries()) {
    const event = parseEvent(line);
    if (event !== undefined) {
      events.push(event);
      continue;
    }
    const aside = `${path}.corrupt-${Date.now()}`;
    renameSync(path, aside);
    // What was read before the damage stays in force: forgetting a kill switch would be the worst repair.
    writeFileSync(path, events.map((kept) => `${JSON.stringify(kept)}\n`).join(""), { mode: 0o600 });
    onCorrupt(
      `${path}:${index + 1} is damaged; kept ${events.length} facts before it, the file is now ${aside}`,
    );
    return events;
  }
  if (torn !== "") writeFileSync(path, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  return events;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

function parseEvent(line: string): ControlEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // Only this module writes the file; its own lines are what it finds.
    return typeof value === "object" && value !== null && "kind" in value
      ? (value as ControlEvent)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A new file survives a crash only when its directory has been synced too. */
function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  fsyncSync(directory);
  closeSync(directory);
}
