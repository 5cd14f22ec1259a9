import { asFailure, Failure } from "../domain/failure.ts";
import type { Verdict } from "../domain/report.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, type ExitCode, type Io, jsonOption } from "./command.ts";
import { onlyExperiment } from "./only-experiment.ts";
import { readReport, resultsPath } from "./read-report.ts";
import { resultsText } from "./results-text.ts";
import { screenOf } from "./screen.ts";

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
    const seconds = secondsOf(args.text("watch"));
    const experimentId = args.positionals[0] ?? (await onlyExperiment("results", args, io));
    const read = () => look(experimentId, args, io);
    if (seconds === undefined) {
      const { verdict, text } = await read();
      io.out(text);
      return exitCodes[verdict];
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

interface Look {
  readonly verdict: Verdict;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly isJson: boolean;
  readonly text: string;
}

async function look(experimentId: string, args: Arguments, io: Io): Promise<Look> {
  const answer = await callAdmin(args, io, {
    method: "GET",
    path: resultsPath(experimentId, args.flag("all") ? "all" : "used"),
  });
  const report = readReport(answer);
  const { verdict } = report.decision;
  const seen = { verdict, at: Date.now(), isJson: args.flag("json") };
  if (seen.isJson) return { ...seen, text: `${JSON.stringify(answer)}\n` };
  const screen = screenOf(io.env, io.isOutTerminal);
  return { ...seen, text: resultsText(report, { screen, isAll: args.flag("all") }) };
}

/** The first look must succeed; after it a server that is away for a while is waited for. */
async function watch(read: () => Promise<Look>, everyMs: number, io: Io): Promise<ExitCode> {
  const show = (shown: Look) => io.out(`${io.isOutTerminal ? clearScreen : headOf(shown)}${shown.text}`);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  let last = await read();
  show(last);
  process.once("SIGINT", onSignal);
  try {
    while (await isWaited(everyMs, stop.signal)) {
      const next = await read().catch((thrown: unknown) => unanswered(thrown));
      if (typeof next === "object") last = next;
      // Errors would push the report off the screen, one after the other: it stands above the newest of them.
      if (typeof next === "object" || io.isOutTerminal) show(last);
      if (typeof next === "string") io.err(next);
    }
  } finally {
    process.removeListener("SIGINT", onSignal);
  }
  return exitCodes[last.verdict];
}

/** Resolves true after the time, and false at once when the signal comes first. */
function isWaited(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** What separates one report from the next in a file or a pipe; JSON has a line of its own for each already. */
function headOf({ at, isJson }: Look): string {
  return isJson ? "" : `=== ${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC\n`;
}

const clearScreen = "\x1b[H\x1b[2J\x1b[3J";

function unanswered(thrown: unknown): string {
  const failure = asFailure(thrown);
  if (failure.code === "internal_error") throw thrown;
  return `${failure.message}\n`;
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = text === "" ? 5 : Number(text);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new Failure("invalid_value", `--watch must be 1 to 86400 seconds; it was "${text}".`);
}
