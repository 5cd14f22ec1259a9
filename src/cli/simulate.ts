import { Failure } from "../domain/failure.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, configOption, type ExitCode, type Io, jsonOption } from "./command.ts";
import { counted } from "./quantity.ts";
import { readReport } from "./read-report.ts";
import { resultsText } from "./results-text.ts";
import { screenOf } from "./screen.ts";
import { proxyAddress, type ServerAddress } from "./server-address.ts";
import { causeOf } from "./simulate-client.ts";
import { faultPlan } from "./simulate-faults.ts";
import { findingsOf } from "./simulate-findings.ts";
import { speakerOf } from "./simulate-input.ts";
import { readSimulationOptions, type SimulationOptions, simulationOptions } from "./simulate-options.ts";
import { sessionsOf } from "./simulate-population.ts";
import { createPoster } from "./simulate-poster.ts";
import { showProgress } from "./simulate-progress.ts";
import { runTraffic, type Simulation } from "./simulate-run.ts";
import { createTally } from "./simulate-tally.ts";
import { checkSpending, countSeen, readTarget, type Target, untilWritten } from "./simulate-target.ts";
import { trafficText, trafficView, truthText } from "./simulate-text.ts";
import { treatmentsOf, truthOf } from "./simulate-truth.ts";

export const simulate: Command = {
  summary: "rehearse an experiment: users, outcomes and faults at a running proxy, with true effects",
  usage: "[EXPERIMENT] [options]",
  options: {
    ...simulationOptions,
    url: {
      type: "string",
      value: "URL",
      description: "the proxy (default: ASSAY_URL, else server.port of the configuration)",
    },
    ...adminOptions,
    ...configOption,
    "yes-spend-money": { type: "boolean", description: "also where an upstream is not scripted" },
    ...jsonOption,
    quiet: { type: "boolean", description: "no progress" },
  },
  maxPositionals: 1,
  async run(args, io) {
    const options = readSimulationOptions(args);
    const target = await readTarget(args.positionals[0], args, io);
    const simulation = simulationOf(target, options, { args, io });
    await checkSpending(target.experiment, args, io);
    await checkReachable(simulation.base, proxyAddress(args, io));
    const earlier = await countSeen(target.experiment.id, args, io);
    if (earlier.units > 0) io.err(earlierText(target.experiment.unit, earlier.units));
    const earlierRequests = earlier.requests;
    await withStops(simulation, io, async () => {
      const { tally, poster, now } = simulation;
      const total = plannedRequests(simulation);
      const isQuiet = args.flag("quiet");
      const endProgress = showProgress({ io, isQuiet, total, tally, posted: poster.counts, now });
      await runTraffic(simulation).finally(endProgress);
    });
    return tell(simulation, { target, earlierRequests }, { args, io });
  },
};

function earlierText(unit: string, units: number): string {
  const [are, these] = units === 1 ? ["is", "it"] : ["are", "these"];
  return `${counted(units, unit)} ${are} in its records already; the results will mix them with ${these}. For a rehearsal of its own start the server with --state-dir on an empty folder.\n`;
}

interface Called {
  readonly args: Arguments;
  readonly io: Io;
}

/** Throws what is wrong with the options before the first request is sent. */
function simulationOf(target: Target, options: SimulationOptions, { args, io }: Called): Simulation {
  const { experiment } = target;
  const base = baseOf(proxyAddress(args, io));
  const credentials = credentialsOf(io);
  const truth = truthOf(target, options);
  const faults = faultPlan(options.faults, truth, experiment.variants);
  const { stream, abandon } = options;
  const stop = new AbortController();
  if (experiment.kill_switches.length > 0) {
    io.err("A kill switch is on: units are served by the control, and no effect shows.\n");
  }
  return {
    options,
    truth,
    base,
    credentials,
    stop,
    rules: { experiment, speak: speakerOf(experiment, args.text("input")), faults, stream, abandon },
    sessions: sessionsOf(options),
    poster: createPoster({ base, credentials, pause: paused }),
    tally: createTally(),
    now: () => performance.now(),
    wallNow: () => Date.now(),
    pause: (ms) => paused(ms, stop.signal),
  };
}

/** ASSAY_KEY is the client's key of a proxy that asks for one. */
function credentialsOf({ env }: Io): Readonly<Record<string, string>> {
  const key = env.ASSAY_KEY ?? "";
  return key === "" ? {} : { authorization: `Bearer ${key}` };
}

/** An address as people have it: with the path that SDKs want, or without. */
function baseOf({ url, origin }: ServerAddress): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url.replace(/\/+$/, "").replace(/\/v1$/, "");
  throw new Failure(
    "invalid_value",
    `${origin} must be an address such as http://127.0.0.1:8484; it was "${url}".`,
  );
}

async function checkReachable(
  base: string,
  { origin, startCommand }: Pick<ServerAddress, "origin" | "startCommand">,
): Promise<void> {
  try {
    await (await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(10_000) })).text();
  } catch (cause) {
    throw new Failure(
      "invalid_value",
      `No proxy answers at ${base} (${origin}, ${causeOf(cause)}); start one by "${startCommand}", or name another by --url.`,
      { cause },
    );
  }
}

/** Ctrl-C and the end of the time let nothing new begin; a second Ctrl-C ends at once, as it would anyway. */
async function withStops({ stop, options }: Simulation, io: Io, run: () => Promise<void>): Promise<void> {
  const { durationMs } = options;
  const timer = durationMs === undefined ? undefined : setTimeout(() => stop.abort(), durationMs);
  const onSignal = () => {
    io.err("\nstopping: what has begun is waited for; Ctrl-C again ends at once\n");
    stop.abort();
  };
  process.once("SIGINT", onSignal);
  try {
    await run();
  } finally {
    clearTimeout(timer);
    process.removeListener("SIGINT", onSignal);
  }
}

interface Before {
  readonly target: Target;
  readonly earlierRequests: number;
}

async function tell(
  simulation: Simulation,
  { target, earlierRequests }: Before,
  called: Called,
): Promise<ExitCode> {
  const { args, io } = called;
  const { tally, poster, truth, options } = simulation;
  const traffic = { tally, posted: poster.counts, planned: plannedRequests(simulation) };
  const screen = screenOf(io.env, io.isOutTerminal);
  const { id } = target.experiment;
  const { answer, report } = await writtenResults(id, called).catch((thrown: unknown) => {
    // A proxy that went away has seen traffic all the same.
    if (!args.flag("json")) io.out(trafficText(traffic, screen));
    throw thrown;
  });
  const findings = findingsOf(report, { truth, treatments: treatmentsOf(target), earlierRequests });
  if (args.flag("json")) {
    const seen = { traffic: trafficView(traffic), earlierRequests, findings };
    const all = { experiment: id, options, ...seen, report: answer };
    io.out(`${JSON.stringify(all)}\n`);
  } else {
    const parts = [
      resultsText(report, { screen, isAll: false }),
      trafficText(traffic, screen),
      truthText(report, findings, { icc: options.icc, earlierRequests, unitsSent: tally.units }, screen),
    ];
    io.out(parts.join("\n"));
  }
  return tally.byResult.answered > 0 ? 0 : 1;
}

async function writtenResults(experimentId: string, { args, io }: Called) {
  await untilWritten(args, io, paused);
  const path = `/admin/experiments/${encodeURIComponent(experimentId)}/results`;
  const answer = await callAdmin(args, io, { method: "GET", path });
  return { answer, report: readReport(answer) };
}

function plannedRequests({ sessions }: Simulation): number {
  return sessions.reduce((sum, { requests }) => sum + requests, 0);
}

/** Resolves after the time, and at once when the signal comes first. */
function paused(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
