/** How many bytes the main thread's heap takes for a request: a figure that neither clock nor neighbours can move. */
import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { HeapReading } from "./allocation-subject.ts";
import { writeBenchConfig } from "./bench-config.ts";
import type { LoadResult } from "./load.ts";
import type { Scenario } from "./messages.ts";
import { freePort, type Started, start, waitForPort } from "./processes.ts";

export interface AllocationPlan {
  readonly scenario: Scenario;
  /** Before them code is compiled and its types are learned, which allocates too. */
  readonly warm: number;
  readonly count: number;
  /** How often each request copies its body through JSON besides, to see that a guard notices. */
  readonly burden?: number;
}

const execute = promisify(execFile);
const bench = import.meta.dirname;

/**
 * Nothing is collected between two readings, so what the heap has grown by is what was allocated. Optimising compilers are
 * off: what they make unnecessary depends on when they are done.
 */
const flags = [
  "--expose-gc",
  "--min-semi-space-size=128",
  "--max-semi-space-size=128",
  "--no-sparkplug",
  "--no-maglev",
  "--no-opt",
];

/** Bytes for a request, the least of three bursts. Throws when an answer is wrong or a burst's heap was collected. */
export async function bytesPerRequest(plan: AllocationPlan): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "assay-allocation-"));
  const started: Started[] = [];
  let subject: ChildProcess | undefined;
  try {
    const [port, adminPort, upstreamPort] = [await freePort(), await freePort(), await freePort()];
    const upstream = start({
      name: "upstream",
      argv: [process.execPath, path.join(bench, "upstream.ts"), String(upstreamPort), "1"],
    });
    started.push(upstream);
    await waitForPort(upstream, upstreamPort);
    const config = writeBenchConfig(folder, { port, adminPort, upstreamPort });
    subject = fork(path.join(bench, "allocation-subject.ts"), [config, String(plan.burden ?? 0)], {
      execArgv: flags,
      // Spans leave in batches whenever they are full, and would fall into one burst or another.
      env: { ...process.env, OTEL_SDK_DISABLED: "true" },
    });
    await once(subject, "message");
    await load(port, plan.scenario, plan.warm);
    const bursts: number[] = [];
    for (let burst = 0; burst < 3; burst++) bursts.push(await growth(subject, port, plan));
    return Math.min(...bursts);
  } finally {
    await stop(subject);
    await Promise.all(started.map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function growth(
  subject: ChildProcess,
  port: number,
  { scenario, count }: AllocationPlan,
): Promise<number> {
  const before = await ask(subject, "collect");
  await load(port, scenario, count);
  const after = await ask(subject, "read");
  if (after.collections > before.collections)
    throw new Error("the heap was collected within a burst; make it shorter");
  return (after.heapBytes - before.heapBytes) / count;
}

async function ask(subject: ChildProcess, what: "collect" | "read"): Promise<HeapReading> {
  const answer = once(subject, "message");
  subject.send(what);
  // Parse boundary: the other side of the channel is allocation-subject.ts.
  return (await answer)[0] as HeapReading;
}

async function load(port: number, scenario: Scenario, count: number): Promise<void> {
  const args = [path.join(bench, "load.ts"), port, scenario, 4, count].map(String);
  const { stdout } = await execute(process.execPath, args, { maxBuffer: 64 * 1_048_576 });
  // Parse boundary: the other side of the pipe is load.ts.
  const { errors } = JSON.parse(stdout) as LoadResult;
  if (errors.length > 0) throw new Error(errors.join("; "));
}

async function stop(subject: ChildProcess | undefined): Promise<void> {
  if (subject === undefined || subject.exitCode !== null) return;
  const ended = once(subject, "exit");
  subject.kill("SIGTERM");
  await ended;
}
