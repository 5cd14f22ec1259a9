import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "./arithmetic.ts";
import type { Figures } from "./figures.ts";
import type { HoldResult } from "./hold.ts";
import { usageOf } from "./processes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Candidate } from "./stage.ts";

/**
 * What each of many open streams holds in memory: the process tree's resident memory after minus before, when garbage
 * has had time to go, through the number of streams. Meanwhile, how late the events come.
 */
export async function holdStreams(candidate: Candidate, scenario: Scenario): Promise<Figures> {
  const { place, target, started } = candidate;
  const { name, connections, mostMs } = scenario;
  const before = usageOf(started.pid);
  const args = [
    path.join(import.meta.dirname, "hold.ts"),
    place.port,
    name,
    connections,
    JSON.stringify(target),
  ];
  const holder = spawn(process.execPath, args.map(String), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== "open") throw new Error(`${first.value}\n${started.words()}`);
  const opened = usageOf(started.pid);
  await delay(mostMs);
  const after = usageOf(started.pid);
  holder.stdin.end();
  // Parse boundary: the other side of the pipe is hold.ts.
  const { errors, eventMs } = JSON.parse((await lines.next()).value ?? "") as HoldResult;
  if (errors.length > 0) throw new Error(`${errors.join("; ")}\n${started.words()}`);
  return {
    cpuUs: (after.cpuUs - opened.cpuUs) / eventMs.length,
    rssMb: after.rssBytes / 1_048_576,
    rssPerStreamKb: (after.rssBytes - before.rssBytes) / connections / 1_024,
    eventP50Ms: quantile(eventMs, 0.5),
    eventP99Ms: quantile(eventMs, 0.99),
  };
}
