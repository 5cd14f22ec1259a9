import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problems.ts";
import { continuityProblems } from "../core/continuity.ts";
import { guardrailUses } from "../core/guardrail-use.ts";
import { revisionOf } from "../core/revision.ts";
import { readControlEvents } from "../stores/control-journal.ts";
import { type Command, configOption, configPath, jsonOption } from "./command.ts";

export const check: Command = {
  summary: "list every problem of a configuration, with file:line:column",
  usage: "[FILE] [options]",
  options: { ...configOption, ...jsonOption },
  maxPositionals: 1,
  async run(args, io) {
    const path = args.positionals[0] ?? configPath(args, io);
    const loaded = loadConfig(path, io.env);
    const problems = "problems" in loaded ? loaded.problems : continuity(path, loaded);
    if (args.flag("json")) io.out(`${JSON.stringify({ problems })}\n`);
    else if (problems.length > 0 || "problems" in loaded)
      io.out(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
    else {
      const { experiments, prompts, upstreams, guardrails } = loaded.config;
      const counts = [
        counted(experiments, "experiment"),
        counted(prompts, "prompt version"),
        counted(upstreams, "upstream"),
        ...(Object.keys(guardrails).length === 0 ? [] : [counted(guardrails, "guardrail")]),
      ];
      io.out(`${path}: ok, revision ${loaded.digest.slice(0, 12)}: ${counts.join(", ")}\n`);
      for (const { name, guards } of guardrailUses(loaded.config)) {
        if (guards.length > 0) continue;
        io.err(
          `warning: guardrail "${name}" guards nothing; name it in an experiment or a variant, or set \`everywhere: true\`\n`,
        );
      }
    }
    if (problems.length === 0) return 0;
    io.err(problems.length === 1 ? "1 problem\n" : `${problems.length} problems\n`);
    return 2;
  },
};

/** What this state folder's instance has served must go on: the server would refuse the file for it, also at its next start. */
function continuity(path: string, loaded: LoadedConfig): Problem[] {
  const events = readControlEvents(join(loaded.config.stateDir, "control.jsonl"));
  const made = revisionOf(loaded, events, Date.now());
  const messages = "problems" in made ? made.problems : continuityProblems(made.revision, events);
  return messages.map((message) => ({ file: path, line: 1, column: 1, message }));
}

function counted(all: object, what: string): string {
  const count = Object.keys(all).length;
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
