/** The control plane's facts in one file: a line of JSON each, appended and synced. */
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
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
  const { size } = await file.stat();
  return new ControlJournal(file, events, size);
}

/** The facts of a journal that another process may be writing: what is whole so far, nothing changed. */
export function readControlEvents(path: string): ControlEvent[] {
  const lines = readIfThere(path).split("\n").slice(0, -1);
  return lines.flatMap((line) => parseEvent(line) ?? []);
}

class ControlJournal implements ControlStore {
  readonly #file: FileHandle;
  readonly #events: ControlEvent[];
  /** Bytes that have been acknowledged; what an append that failed left behind them is cut off before the next. */
  #length: number;
  #isTorn = false;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle, events: ControlEvent[], length: number) {
    this.#file = file;
    this.#events = events;
    this.#length = length;
  }

  read(): readonly ControlEvent[] {
    return this.#events;
  }

  append(event: ControlEvent): Promise<void> {
    const written = this.#writing.then(() => this.#write(event));
    this.#writing = written.catch(() => {});
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #write(event: ControlEvent): Promise<void> {
    if (this.#isTorn) await this.#file.truncate(this.#length);
    const line = Buffer.from(lineOf(event));
    this.#isTorn = true;
    await this.#file.appendFile(line);
    await this.#file.sync();
    this.#isTorn = false;
    this.#length += line.length;
    this.#events.push(event);
  }
}

/**
 * What can be read stays in force, before and behind a damaged line: forgetting a kill switch would be the worst repair.
 * At every moment of it the path holds the old journal or the whole new one, so a crash or a full disk loses nothing.
 */
function recover({ path, onCorrupt }: JournalOptions): ControlEvent[] {
  const text = readIfThere(path);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const parsed = whole.split("\n").slice(0, -1).map(parseEvent);
  const events = parsed.filter((event) => event !== undefined);
  const damaged = parsed.indexOf(undefined);
  if (damaged >= 0) {
    const aside = `${path}.corrupt-${Date.now()}`;
    copyFileSync(path, aside);
    writeFileSync(`${path}.new`, events.map(lineOf).join(""), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    const lost = parsed.length - events.length;
    onCorrupt(
      `${path}:${damaged + 1} is damaged: ${lost} lines lost, ${events.length} kept; a copy is ${aside}`,
    );
  } else if (whole.length < text.length) {
    truncateSync(path, Buffer.byteLength(whole));
  }
  return events;
}

function lineOf(event: ControlEvent): string {
  return `${JSON.stringify(event)}\n`;
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
