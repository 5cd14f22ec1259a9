import { join } from "node:path";
import { parsePromptFile } from "../core/prompt-file.ts";
import type { PromptFile } from "../domain/prompt.ts";
import type { FileReader } from "./file-reader.ts";
import type { Problem } from "./problems.ts";

export interface LoadedPrompts {
  /** By `name@version`. */
  readonly prompts: ReadonlyMap<string, PromptFile>;
  /** `name@version` of every prompt that is there, those with problems too. */
  readonly names: readonly string[];
  readonly problems: readonly Problem[];
}

/** Every `<directory>/<name>/<version>.md`. Other files, and names that begin with a dot, are left alone. */
export function loadPrompts(directory: string, reader: FileReader): LoadedPrompts {
  const prompts = new Map<string, PromptFile>();
  const names: string[] = [];
  const problems: Problem[] = [];
  for (const { name, version, file } of promptFiles(directory, reader)) {
    const id = `${name}@${version}`;
    names.push(id);
    const parsed = readPrompt({ name, version, file }, reader);
    if ("prompt" in parsed) prompts.set(id, parsed.prompt);
    else problems.push(...parsed.problems.map((problem) => ({ file, ...problem })));
  }
  return { prompts, names, problems };
}

interface PromptPlace {
  readonly name: string;
  readonly version: string;
  readonly file: string;
}

function promptFiles(directory: string, reader: FileReader): readonly PromptPlace[] {
  const isShown = (name: string): boolean => !name.startsWith(".");
  return reader
    .list(directory)
    .filter((name) => isShown(name) && !name.endsWith(".md"))
    .flatMap((name) =>
      reader
        .list(join(directory, name))
        .filter((file) => isShown(file) && file.endsWith(".md"))
        .map((file) => ({ name, version: file.slice(0, -".md".length), file: join(directory, name, file) })),
    );
}

type ParsedPrompt = ReturnType<typeof parsePromptFile>;

function readPrompt(place: PromptPlace, reader: FileReader): ParsedPrompt {
  const misnamed = [place.name, place.version].find((part) => !namePattern.test(part));
  if (misnamed !== undefined) {
    const message = `"${misnamed}" cannot name a prompt or version; use 1 to 64 letters, digits, \`.\`, \`_\` and \`-\``;
    return { problems: [{ line: 1, column: 1, message }] };
  }
  const read = reader.read(place.file);
  if ("message" in read) return { problems: [{ line: 1, column: 1, message: read.message }] };
  return parsePromptFile(read.bytes, { name: place.name, version: place.version });
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
