import { execFile } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Candidate } from "./candidates.ts";
import type { LoadResult } from "./load.ts";
import { type Scenario, streamChunks } from "./messages.ts";
import { usageOf } from "./processes.ts";

export interface Load {
  readonly scenario: Scenario;
  readonly connections: number;
  readonly count: number;
  /** How long telemetry may take to leave; what that costs belongs to the burst. */
  readonly settleMs: number;
}

/** What one burst came to. CPU is of the proxy alone. */
export interface Sample {
  /** For each request, or for each chunk of a stream. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** To the first byte of the body. */
  readonly firstByteP50Ms: number;
  readonly perSecond: number;
  readonly rssMb: number;
}

const execute = promisify(execFile);

/** Throws when one answer fails or has a wrong byte: a wrong answer must not count as a fast one. */
export async function runBurst({ name, port, started }: Candidate, load: Load): Promise<Sample> {
  const before = usageOf(started.pid);
  const result = await generateLoad(port, load);
  if (result.errors.length > 0) throw new Error(`${name}: ${result.errors.join("; ")}\n${started.words()}`);
  if (result.answers !== load.count)
    throw new Error(`${name}: ${result.answers} answers to ${load.count} requests`);
  const { rssBytes } = usageOf(started.pid);
  await delay(load.settleMs);
  const after = usageOf(started.pid);
  const pieces = load.scenario === "stream" ? load.count * streamChunks.length : load.count;
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / pieces,
    p50Ms: quantile(result.latenciesMs, 0.5),
    p99Ms: quantile(result.latenciesMs, 0.99),
    firstByteP50Ms: quantile(result.firstByteMs, 0.5),
    perSecond: (load.count / result.wallMs) * 1_000,
    rssMb: rssBytes / 1_048_576,
  };
}

async function generateLoad(port: number, { scenario, connections, count }: Load): Promise<LoadResult> {
  const file = path.join(import.meta.dirname, "load.ts");
  const args = [file, port, scenario, connections, count].map(String);
  const { stdout } = await execute(process.execPath, args, { timeout: 180_000, maxBuffer: 64 * 1_048_576 });
  // Parse boundary: the other side of the pipe is load.ts.
  return JSON.parse(stdout) as LoadResult;
}

/** The smallest value that at least this share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
