import { readdirSync, readFileSync, statSync } from "node:fs";
import type { ConfigTexts, FileText } from "../domain/config.ts";

/** Reads what a configuration is made of, each file once, and remembers what it found. */
export interface FileReader extends ConfigTexts {
  /** The text of a UTF-8 file, or why there is none. */
  read(path: string): FileText;
  /** Names in a directory, sorted; empty where there is no directory. */
  list(directory: string): readonly string[];
}

const maxBytes = 1024 * 1024;

const absent = "there is no such file; create it, or correct the path";

export function createFileReader(): FileReader {
  return reader({ file: readText, directory: namesIn });
}

/** Reads what another reader has read, wherever that was. */
export function createTextReader({ files, directories }: ConfigTexts): FileReader {
  return reader({
    file: (path) => files.get(path) ?? { message: absent },
    directory: (path) => directories.get(path) ?? [],
  });
}

function reader(from: {
  readonly file: (path: string) => FileText;
  readonly directory: (path: string) => readonly string[];
}): FileReader {
  const files = new Map<string, FileText>();
  const directories = new Map<string, readonly string[]>();
  return {
    files,
    directories,
    read: (path) => once(files, path, from.file),
    list: (path) => once(directories, path, from.directory),
  };
}

function once<T>(known: Map<string, T>, path: string, read: (path: string) => T): T {
  const found = known.get(path) ?? read(path);
  known.set(path, found);
  return found;
}

function readText(path: string): FileText {
  try {
    const found = statSync(path);
    // Reading a pipe or a device might never end.
    if (!found.isFile()) return { message: "this is not a file; give the path of one" };
    if (found.size > maxBytes) return { message: "the file is over 1 MiB; make it smaller" };
    const bytes = readFileSync(path);
    return { bytes, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (thrown) {
    return { message: readMessage(thrown) };
  }
}

function readMessage(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return absent;
  if (code === "EACCES" || code === "EPERM")
    return "the file may not be read; grant read access to this process";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "the file is not UTF-8; save it as UTF-8";
  return `the file cannot be read (${String(code ?? thrown)})`;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
