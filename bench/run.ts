/**
 * What Assay costs beside the least that a proxy can cost and beside its peers, in turn on the same machine:
 * `node bench/run.ts [--quick] [--scenarios plain,stream] [--only assay,nginx] [--rounds N] [--json] [--out FILE]`.
 * The tables, or with `--json` the report, go to stdout, progress to stderr. Exit code 1 when any answer was wrong.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { type CandidateSpec, candidateSpecs } from "./candidates.ts";
import type { Started } from "./processes.ts";
import { readOptions } from "./read-options.ts";
import { type Report, type ScenarioReport, scenarioReport } from "./report.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { type Absent, type Stage, setStage, stopAll } from "./stage.ts";
import { table } from "./table.ts";
import { takeTurns, warmUp } from "./turns.ts";

interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly specs: readonly CandidateSpec[];
  readonly isJson: boolean;
  readonly outFile: string | undefined;
}

const quickNames = ["assay", "relay", "nginx"];
const folder = mkdtempSync(path.join(tmpdir(), "assay-bench-"));
const processes: Started[] = [];
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  const plan = readPlan();
  const report = await measure(plan);
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (plan.outFile !== undefined) writeFileSync(plan.outFile, text);
  process.stdout.write(plan.isJson ? text : table(report));
  const hasFailed = report.scenarios.some(({ measured }) =>
    measured.some((one) => one.failure !== undefined),
  );
  process.exitCode = hasFailed ? 1 : 0;
} catch (error) {
  process.stderr.write(`bench failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}

async function cleanUp(): Promise<void> {
  await stopAll(processes);
  rmSync(folder, { recursive: true, force: true });
}

async function measure(plan: Plan): Promise<Report> {
  const reports: ScenarioReport[] = [];
  const absent = new Map<string, Absent>();
  const versions: Record<string, string> = {};
  for (const upstream of ["fast", "paced"] as const) {
    const wanted = plan.scenarios.filter((scenario) => scenario.upstream === upstream);
    if (wanted.length === 0) continue;
    const specs = plan.specs.filter((spec) => wanted.some((scenario) => isIn(spec, scenario)));
    const own = (started: Started) => void processes.push(started);
    const stage = await setStage({ upstream, specs, folder: path.join(folder, upstream), own });
    for (const one of stage.absent) absent.set(one.name, one);
    for (const { spec, version } of stage.candidates)
      if (version !== undefined) versions[spec.name] = version;
    reports.push(...(await play(stage, wanted)));
    await assertTelemetry(stage);
    await stage.stop();
  }
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores, ${cpu?.model.trim()}`,
    node: process.versions.node,
    versions,
    scenarios: reports,
    absent: [...absent.values()],
  };
}

async function play(stage: Stage, wanted: readonly Scenario[]): Promise<readonly ScenarioReport[]> {
  await warmUp(stage.candidates, wanted);
  const reports: ScenarioReport[] = [];
  for (const scenario of wanted) {
    const taking = stage.candidates.filter(({ spec }) => isIn(spec, scenario));
    reports.push(scenarioReport(scenario, stage.upstream, await takeTurns(taking, scenario)));
  }
  return reports;
}

function isIn({ name, group }: CandidateSpec, { candidates }: Scenario): boolean {
  if (candidates === "all") return group !== "conditions";
  return group === "conditions" || name === "assay" || name === "nginx";
}

/** A proxy that sent no traces was not measured with its tracing on. */
async function assertTelemetry({ candidates, telemetry }: Stage): Promise<void> {
  if (!candidates.some(({ spec }) => spec.name === "assay")) return;
  const received = await telemetry();
  if (!received["/v1/traces"])
    throw new Error(`Assay sent no traces; the sink got ${JSON.stringify(received)}`);
}

function readPlan(): Plan {
  const values = readOptions(
    `npm run bench -- [--quick] [--scenarios NAMES] [--only NAMES] [--rounds N] [--json] [--out FILE]
scenarios: ${scenarios.map(({ name }) => name).join(", ")}
candidates: ${candidateSpecs.map(({ name }) => name).join(", ")}`,
    {
      quick: { type: "boolean", default: false },
      scenarios: { type: "string" },
      only: { type: "string" },
      rounds: { type: "string" },
      json: { type: "boolean", default: false },
      out: { type: "string" },
    },
  );
  // One upstream for all of a quick run: two would double its warm-up.
  const usual = values.quick
    ? scenarios
        .filter(({ quickRounds }) => quickRounds > 0)
        .map((one) => ({ ...one, rounds: one.quickRounds, upstream: "paced" as const }))
    : scenarios;
  const quickSpecs = candidateSpecs.filter(({ name }) => quickNames.includes(name));
  return {
    scenarios: chosen(usual, values.scenarios).map((one) =>
      values.rounds === undefined ? one : { ...one, rounds: roundsOf(values.rounds) },
    ),
    specs: values.only === undefined && values.quick ? quickSpecs : chosen(candidateSpecs, values.only),
    isJson: values.json,
    outFile: values.out,
  };
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  list: string | undefined,
): readonly T[] {
  const names = list?.split(",");
  const unknown = names?.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined)
    throw new Error(`"${unknown}" is none of ${all.map(({ name }) => name).join(", ")}`);
  return names === undefined ? all : all.filter(({ name }) => names.includes(name));
}

function roundsOf(text: string | undefined): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 100) return rounds;
  throw new Error(`--rounds takes an integer from 1 to 100, not "${text}"`);
}
