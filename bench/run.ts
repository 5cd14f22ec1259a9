/**
 * What Assay costs, against the least that a proxy can cost, in turn on the same machine:
 * `node bench/run.ts [--quick] [--stream] [--json] [--out FILE] [--only assay,relay] [--rounds N] [--count N] [--connections N]`.
 * The table, or with `--json` the report, goes to stdout, progress to stderr. Exit code 1 when any answer was wrong.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Load, runBurst, type Sample } from "./burst.ts";
import { type Candidate, type CandidateName, candidateNames, type Stage, setStage } from "./candidates.ts";
import type { Scenario } from "./messages.ts";
import type { Started } from "./processes.ts";
import { type Report, type Rounds, summarize, table } from "./report.ts";

interface Plan {
  readonly load: Load;
  readonly rounds: number;
  readonly names: readonly CandidateName[];
  readonly isJson: boolean;
  readonly outFile: string | undefined;
}

const plan = readPlan();
try {
  const report = await measure(plan);
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (plan.outFile !== undefined) writeFileSync(plan.outFile, text);
  process.stdout.write(plan.isJson ? text : table(report));
} catch (error) {
  process.stderr.write(`bench failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function measure({ load, rounds, names }: Plan): Promise<Report> {
  const folder = mkdtempSync(path.join(tmpdir(), "assay-bench-"));
  const processes: Started[] = [];
  const interrupt = () => void stopAll(processes).then(() => process.exit(130));
  process.once("SIGINT", interrupt);
  try {
    const own = (started: Started) => void processes.push(started);
    const stage = await setStage({ scenario: load.scenario, names, chunkIntervalMs: 10, folder, own });
    const samples = await takeTurns(stage.candidates, load, rounds);
    await assertTelemetry(stage);
    return {
      scenario: load.scenario,
      upstream: stage.upstream,
      node: process.versions.node,
      cores: availableParallelism(),
      connections: load.connections,
      requestsPerBurst: load.count,
      rounds,
      skipped: stage.skipped,
      candidates: summarize(samples),
    };
  } finally {
    process.off("SIGINT", interrupt);
    await stopAll(processes);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A B C A B C …: whatever the machine does in between falls on all alike. The first round warms up and is not kept. */
async function takeTurns(candidates: readonly Candidate[], load: Load, rounds: number): Promise<Rounds> {
  const samples = new Map<CandidateName, Sample[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const candidate of candidates) {
      process.stderr.write(`${round === 0 ? "warm-up" : `round ${round}/${rounds}`} ${candidate.name}\n`);
      const sample = await runBurst(candidate, load);
      if (round > 0) samples.get(candidate.name)?.push(sample);
    }
  }
  return samples;
}

/** A proxy that sent no traces was not measured with its tracing on. */
async function assertTelemetry({ candidates, telemetry }: Stage): Promise<void> {
  if (!candidates.some(({ name }) => name === "assay")) return;
  const received = await telemetry();
  if (!received["/v1/traces"])
    throw new Error(`Assay sent no traces; the sink got ${JSON.stringify(received)}`);
}

async function stopAll(processes: readonly Started[]): Promise<void> {
  await Promise.all(processes.toReversed().map((started) => started.stop()));
}

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      stream: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      out: { type: "string" },
      only: { type: "string", default: candidateNames.join(",") },
      rounds: { type: "string" },
      count: { type: "string" },
      connections: { type: "string", default: "32" },
    },
  });
  const scenario: Scenario = values.stream ? "stream" : "plain";
  const connections = bounded("connections", values.connections, 512);
  // A stream lasts a second by its upstream's pace, so a burst of them is counted in turns of all connections.
  const usual = { plain: values.quick ? 3_000 : 10_000, stream: connections * (values.quick ? 1 : 4) }[
    scenario
  ];
  return {
    load: {
      scenario,
      connections,
      count: bounded("count", values.count ?? String(usual), 1_000_000),
      settleMs: 1_500,
    },
    rounds: bounded("rounds", values.rounds ?? (values.quick ? "3" : "7"), 100),
    names: values.only.split(",").map(candidateName),
    isJson: values.json,
    outFile: values.out,
  };
}

function candidateName(text: string): CandidateName {
  return (
    candidateNames.find((name) => name === text) ??
    refuse(`--only takes ${candidateNames.join(",")}, not "${text}"`)
  );
}

function bounded(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  return refuse(`--${name} takes an integer from 1 to ${most}, not "${text}"`);
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  return process.exit(2);
}
