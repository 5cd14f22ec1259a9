import { readdirSync, readFileSync, statSync } from "node:fs";

/** Reads what a configuration is made of, and remembers what it looked at. */
export interface FileReader {
  /** The text of a UTF-8 file, or why there is none. */
  read(path: string): { readonly bytes: Buffer; readonly text: string } | { readonly message: string };
  /** Names in a directory, sorted; empty where there is no directory. */
  list(directory: string): readonly string[];
  /** Files that were asked for, found or not. */
  readonly files: ReadonlySet<string>;
  /** Directories that were listed, found or not. */
  readonly directories: ReadonlySet<string>;
}

const maxBytes = 1024 * 1024;

export function createFileReader(): FileReader {
  const files = new Set<string>();
  const directories = new Set<string>();
  return {
    files,
    directories,
    read: (path) => {
      files.add(path);
      return readText(path);
    },
    list: (directory) => {
      directories.add(directory);
      return namesIn(directory);
    },
  };
}

function readText(path: string): ReturnType<FileReader["read"]> {
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
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file; create it, or correct the path";
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
