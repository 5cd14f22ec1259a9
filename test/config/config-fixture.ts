import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Environment } from "../../src/config/interpolate.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problems.ts";
import type { Config } from "../../src/domain/config.ts";

export interface Given {
  readonly env?: Environment;
  /** Further files, by their path beside the configuration. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Loads the text as `assay.yaml` of a directory of its own. */
export function loadText(text: string, given: Given = {}): ReturnType<typeof loadConfig> {
  const directory = mkdtempSync(join(tmpdir(), "assay-config-"));
  try {
    for (const [name, content] of Object.entries({ ...given.files, "assay.yaml": text })) {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return loadConfig(join(directory, "assay.yaml"), given.env ?? {});
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Problems as they print, with paths relative to the directory of the configuration. */
export function problemsOf(text: string, given: Given = {}): readonly string[] {
  const loaded = loadText(text, given);
  if (!("problems" in loaded)) return [];
  return loaded.problems.map((problem) =>
    formatProblem({ ...problem, file: problem.file.replace(/^.*assay-config-[^/]*\//, "") }),
  );
}

export function configOf(text: string, given: Given = {}): Config {
  const loaded = loadText(text, given);
  if ("problems" in loaded) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.config;
}

/** The least that a configuration needs, with one experiment. */
export const smallest = `upstreams:
  main: {}
experiments:
  tone:
    variants:
      control: { model: small }
      warm: { model: large }
`;

/** Takes the marks `⟦` and `⟧` out, and says where the text between them begins. */
export function marked(text: string): { readonly text: string; readonly position: string } {
  const before = text.slice(0, text.indexOf("⟦")).split("\n");
  const position = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  return { text: text.replace("⟦", "").replace("⟧", ""), position };
}
