import { loadConfig } from "../config/load.ts";
import { formatProblem } from "../config/problems.ts";
import { type Command, configOption, configPath, jsonOption } from "./command.ts";

export const check: Command = {
  summary: "list every problem of a configuration, with file:line:column",
  usage: "[FILE] [options]",
  options: { ...configOption, ...jsonOption },
  maxPositionals: 1,
  async run(args, io) {
    const path = args.positionals[0] ?? configPath(args, io);
    const loaded = loadConfig(path, io.env);
    const problems = "problems" in loaded ? loaded.problems : [];
    if (args.flag("json")) io.out(`${JSON.stringify({ problems })}\n`);
    else if ("problems" in loaded) io.out(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
    else {
      const { experiments, prompts, upstreams } = loaded.config;
      const counts = [
        `${Object.keys(experiments).length} experiment(s)`,
        `${Object.keys(prompts).length} prompt version(s)`,
        `${Object.keys(upstreams).length} upstream(s)`,
      ];
      io.out(`${path}: ok, revision ${loaded.digest.slice(0, 12)}: ${counts.join(", ")}\n`);
    }
    if (problems.length === 0) return 0;
    io.err(`${problems.length} problem(s)\n`);
    return 2;
  },
};
