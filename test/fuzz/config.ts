import assert from "node:assert/strict";
import { createTextReader } from "../../src/config/file-reader.ts";
import { loadConfig } from "../../src/config/load.ts";
import { isForbidden, networkKind } from "../../src/core/network-address.ts";
import type { FuzzTarget } from "./target.ts";

const path = "/config/assay.yaml";

/** Loading never throws; it gives a configuration, or problems that stand inside the text. */
export function createConfigTarget(): FuzzTarget {
  return {
    words: [
      "upstreams:\n",
      "  main: {}\n",
      "base_url: http://",
      "169.254.169.254",
      "0xA9FEA9FE",
      "[::ffff:a9fe:a9fe]",
      "experiments:\n",
      "variants:",
      "&a ",
      "*a",
      "<<: *a",
      "!!binary",
      "$" + "{A:-b}",
      "$" + "{",
      "- ",
      ": ",
      "__proto__",
      "constructor",
      "null",
      "|\n",
      "? ",
      "---\n",
      "output: { schema: ",
    ],
    check(input) {
      const files = new Map([[path, { bytes: input, text: input.toString("utf8") }]]);
      const loaded = loadConfig(path, { A: "b" }, createTextReader({ files, directories: new Map() }));
      if ("problems" in loaded) return `problems ${checkProblems(loaded.problems, input.toString("utf8"))}`;
      for (const { baseUrl } of Object.values(loaded.config.upstreams)) {
        const kind = networkKind(new URL(baseUrl).hostname);
        assert.ok(kind === undefined || !isForbidden(kind), `${baseUrl} was let through`);
      }
      return `config of ${Object.keys(loaded.config.experiments).length}`;
    },
  };
}

/** What kind of problem the first is, so that a new kind is worth going after. */
function checkProblems(problems: readonly Problem[], text: string): string {
  assert.ok(problems.length > 0);
  const lines = text.split("\n");
  for (const { file, line, column, message } of problems) {
    assert.ok(message.length > 0 && !message.includes("undefined"), message);
    if (file !== path) continue;
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${message}`);
    assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column}: ${message}`);
  }
  return problems[0]?.message.replace(/[`"].*?[`"]|\d+/g, "").slice(0, 30) ?? "";
}

interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
