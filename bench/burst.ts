import { execFile } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { quantile } from "./arithmetic.ts";
import type { Figures } from "./figures.ts";
import type { LoadResult } from "./load.ts";
import { streamChunks } from "./messages.ts";
import { usageOf } from "./processes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Candidate } from "./stage.ts";

/** One burst, or a row of pairs. Throws when one answer fails or has a wrong byte: a wrong answer must not count as a fast one. */
export async function runBurst(candidate: Candidate, scenario: Scenario): Promise<Figures> {
  const { spec, place, started } = candidate;
  const over = new AbortController();
  const meanwhile = spec.meanwhile?.(place, over.signal);
  const before = usageOf(started.pid);
  const result = await generateLoad(candidate, scenario);
  over.abort();
  await meanwhile;
  if (result.errors.length > 0) throw new Error(`${result.errors.join("; ")}\n${started.words()}`);
  const { rssBytes } = usageOf(started.pid);
  await delay(spec.settleMs ?? 300);
  const after = usageOf(started.pid);
  const pieces = result.answers * (scenario.request.isStream ? streamChunks.length : 1);
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / pieces,
    rssMb: rssBytes / 1_048_576,
    ...(scenario.kind === "pairs" ? added(result, scenario) : saturated(result, scenario)),
  };
}

async function generateLoad(
  { place, target }: Candidate,
  { name, kind, connections, count, mostMs }: Scenario,
): Promise<LoadResult> {
  const beside = kind === "pairs" ? { directPort: place.upstreamPort } : {};
  const args = [place.port, name, connections, count, JSON.stringify({ ...target, ...beside, mostMs })];
  const file = path.join(import.meta.dirname, "load.ts");
  const { stdout } = await execute(process.execPath, [file, ...args.map(String)], {
    timeout: 180_000,
    maxBuffer: 64 * 1_048_576,
  });
  // Parse boundary: the other side of the pipe is load.ts.
  return JSON.parse(stdout) as LoadResult;
}

const execute = promisify(execFile);

function saturated({ latenciesMs, eventMs, answers, wallMs }: LoadResult, { request }: Scenario): Figures {
  return {
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    perSecond: (answers / wallMs) * 1_000,
    ...(request.isStream ? { eventP50Ms: quantile(eventMs, 0.5), eventP99Ms: quantile(eventMs, 0.99) } : {}),
  };
}

function added({ direct, ...proxied }: LoadResult, { request }: Scenario): Figures {
  const more = (name: "latenciesMs" | "firstByteMs" | "eventMs", share: number) =>
    quantile(proxied[name], share) - quantile(direct[name], share);
  return {
    directP50Ms: quantile(direct.latenciesMs, 0.5),
    directP99Ms: quantile(direct.latenciesMs, 0.99),
    addedP50Ms: more("latenciesMs", 0.5),
    addedP99Ms: more("latenciesMs", 0.99),
    addedFirstByteP50Ms: more("firstByteMs", 0.5),
    addedFirstByteP99Ms: more("firstByteMs", 0.99),
    ...(request.isStream
      ? { addedEventP50Ms: more("eventMs", 0.5), addedEventP99Ms: more("eventMs", 0.99) }
      : {}),
  };
}
