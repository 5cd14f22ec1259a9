/**
 * What becomes of requests at several times the capacity: `npm run bench:overload -- [--seconds 8] [--loads 0.3,1,3] [--off]`. Open loop: the
 * generator sends on, whatever comes back. `--off` takes the limit of the loop's delay away, to see what it is for.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { quantile } from "./arithmetic.ts";
import { runBurst } from "./burst.ts";
import { type CandidateSpec, candidateSpecs, type Place } from "./candidates.ts";
import type { OverloadResult } from "./overload-load.ts";
import { usageOf } from "./processes.ts";
import { readOptions } from "./read-options.ts";
import { type Scenario, scenarioOf } from "./scenarios.ts";
import { type Candidate, onStage } from "./stage.ts";

const values = readOptions("npm run bench:overload -- [--seconds 8] [--loads 0.3,1,3] [--off]", {
  seconds: { type: "string", default: "8" },
  loads: { type: "string", default: "0.3,1,3" },
  off: { type: "boolean", default: false },
});
const assay = candidateSpecs.filter(({ name }) => name === "assay").map(unlimited);
await onStage({ upstream: "fast", specs: assay }, measure);

/** The upstream is not what is overloaded here. */
function unlimited(spec: CandidateSpec): CandidateSpec {
  const command = async (place: Place) => {
    const ready = await spec.command(place);
    const file = path.join(place.folder, "assay.yaml");
    const config = JSON.parse(readFileSync(file, "utf8"));
    config.upstreams.bench.max_concurrent = 10_000;
    if (values.off) config.server.limits = { loop_delay_ms: 0 };
    writeFileSync(file, JSON.stringify(config));
    return ready;
  };
  return { ...spec, command };
}

async function measure([candidate]: readonly Candidate[]): Promise<void> {
  if (candidate === undefined) throw new Error("Assay is not on its stage");
  const { pid } = candidate.started;
  const clients: Scenario = { ...scenarioOf("plain"), count: 6_000, mostMs: 60_000 };
  // Twice: the first warms up.
  await runBurst(candidate, clients);
  const { perSecond: capacity = Number.NaN } = await runBurst(candidate, clients);
  print(
    `capacity ${capacity.toFixed(0)} a second, by ${clients.connections} clients without a pause; limit ${values.off ? "off" : "on"}`,
  );
  print("load   phase   answered/s  refused/s  p50 ms  p99 ms  healthz p50, max ms  CPU s/s");
  for (const load of values.loads.split(",").map(Number)) {
    await delay(2000);
    const cpuBefore = usageOf(pid).cpuUs;
    const { onset, steady, errors } = await openLoop(candidate.place.port, load * capacity);
    const cpu = (usageOf(pid).cpuUs - cpuBefore) / 1e6 / Number(values.seconds);
    for (const [name, phase] of Object.entries({ onset, steady })) print(line(`x ${load}`, name, phase, cpu));
    for (const error of errors) print(`wrong: ${error}`);
    if (errors.length > 0 && !values.off) process.exitCode = 1;
  }
}

async function openLoop(port: number, perSecond: number): Promise<OverloadResult> {
  const file = path.join(import.meta.dirname, "overload-load.ts");
  const argv = [file, port, Math.round(perSecond), values.seconds].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 256 * 1_048_576 });
  // Parse boundary: the other side of the pipe is overload-load.ts.
  return JSON.parse(stdout) as OverloadResult;
}

function line(load: string, name: string, phase: OverloadResult["steady"], cpu: number): string {
  const { seconds, acceptedMs, refusedMs, healthMs } = phase;
  return [
    load.padEnd(6),
    name.padEnd(7),
    (acceptedMs.length / seconds).toFixed(0).padStart(10),
    (refusedMs.length / seconds).toFixed(0).padStart(10),
    atMost(acceptedMs, 0.5).padStart(7),
    atMost(acceptedMs, 0.99).padStart(7),
    `${atMost(healthMs, 0.5)}, ${atMost(healthMs, 1)}`.padStart(20),
    cpu.toFixed(2).padStart(8),
  ].join(" ");
}

function atMost(values: readonly number[], share: number): string {
  return quantile(values, share).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
