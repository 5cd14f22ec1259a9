import type { Verdict } from "../domain/report.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, type ExitCode, type Io, jsonOption } from "./command.ts";
import { onlyExperiment } from "./only-experiment.ts";
import { readReport, resultsPath } from "./read-report.ts";
import { resultsText } from "./results-text.ts";
import { screenOf } from "./screen.ts";
import { type Look, watch, watchSeconds } from "./watch.ts";

export const results: Command = {
  summary: "say which variant is better: verdict, effects with their intervals, soundness",
  usage: "[EXPERIMENT] [options]",
  options: {
    watch: {
      type: "string",
      value: "SECONDS",
      isValueOptional: true,
      description: "show it anew until Ctrl-C: --watch every 5 seconds, --watch=60 every 60",
    },
    all: { type: "boolean", description: "what is only watched too, and every other look at an effect" },
    ...adminOptions,
    ...jsonOption,
  },
  maxPositionals: 1,
  async run(args, io) {
    const seconds = watchSeconds(args.text("watch"));
    const experimentId = args.positionals[0] ?? (await onlyExperiment("results", args, io));
    const read = () => look(experimentId, args, io);
    if (seconds === undefined) {
      const { exitCode, text } = await read();
      io.out(text);
      return exitCode;
    }
    return watch(read, seconds * 1000, io);
  },
};

/** Ctrl-C's exit code is the last verdict's, so that a script may wait for one. */
const exitCodes: Readonly<Record<Verdict, ExitCode>> = {
  ship: 0,
  roll_back: 1,
  keep_running: 3,
  inconclusive: 3,
};

async function look(experimentId: string, args: Arguments, io: Io): Promise<Look> {
  const answer = await callAdmin(args, io, {
    method: "GET",
    path: resultsPath(experimentId, args.flag("all") ? "all" : "used"),
  });
  const report = readReport(answer);
  const { verdict } = report.decision;
  const seen = { exitCode: exitCodes[verdict], at: Date.now(), isJson: args.flag("json") };
  if (seen.isJson) return { ...seen, text: `${JSON.stringify(answer)}\n` };
  const screen = screenOf(io.env, io.isOutTerminal);
  return { ...seen, text: resultsText(report, { screen, isAll: args.flag("all") }) };
}
