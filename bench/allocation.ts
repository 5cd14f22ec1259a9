/** How many bytes the main thread's heap takes for a request: a figure that neither clock nor neighbours can move. */
import path from "node:path";
import type { HeapReading } from "./allocation-subject.ts";
import { writeBenchConfig } from "./bench-config.ts";
import { runBurst } from "./burst.ts";
import type { CandidateSpec } from "./candidates.ts";
import type { Started } from "./processes.ts";
import { type Scenario, scenarioOf } from "./scenarios.ts";
import { type Candidate, onStage } from "./stage.ts";

export interface AllocationPlan {
  /** The scenario whose requests are sent. */
  readonly name: string;
  readonly connections: number;
  /** Before them code is compiled and its types are learned, which allocates too. */
  readonly warm: number;
  readonly count: number;
  readonly isTraced?: boolean;
  /** How often each request copies its body through JSON besides, to see that a guard notices. */
  readonly burden?: number;
}

/** Bytes for a request, the least of three bursts. Throws when an answer is wrong or a burst's heap was collected. */
export function bytesPerRequest(plan: AllocationPlan): Promise<number> {
  const { name, connections, warm, count } = plan;
  const requests: Scenario = { ...scenarioOf(name), kind: "burst", connections, mostMs: 60_000 };
  return onStage({ upstream: "paced", specs: [subject(plan)] }, async ([candidate]) => {
    if (candidate === undefined) throw new Error("the subject is not on its stage");
    await runBurst(candidate, { ...requests, count: warm });
    const bursts: number[] = [];
    for (let burst = 0; burst < 3; burst++) bursts.push(await growth(candidate, { ...requests, count }));
    return Math.min(...bursts);
  });
}

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

function subject({ isTraced = false, burden = 0 }: AllocationPlan): CandidateSpec {
  const script = path.join(import.meta.dirname, "allocation-subject.ts");
  return {
    name: "subject",
    group: "assay",
    settleMs: 0,
    command: ({ folder, sinkPort, ...ports }) => ({
      name: "subject",
      argv: [process.execPath, ...flags, script, writeBenchConfig(folder, ports), String(burden)],
      hasChannel: true,
      env: isTraced ? traced(sinkPort) : { OTEL_SDK_DISABLED: "true" },
    }),
  };
}

/** A batch leaves when it is full and at no other time, so that as many fall into every burst. */
function traced(sinkPort: number): Record<string, string> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sinkPort}`,
    OTEL_BSP_SCHEDULE_DELAY: "3600000",
    OTEL_BLRP_SCHEDULE_DELAY: "3600000",
    OTEL_METRIC_EXPORT_INTERVAL: "3600000",
  };
}

async function growth(candidate: Candidate, requests: Scenario): Promise<number> {
  const before = await heapOf(candidate.started, "collect");
  await runBurst(candidate, requests);
  const after = await heapOf(candidate.started, "read");
  if (after.collections > before.collections)
    throw new Error("the heap was collected within a burst; make it shorter");
  return (after.heapBytes - before.heapBytes) / requests.count;
}

async function heapOf(started: Started, what: "collect" | "read"): Promise<HeapReading> {
  // Parse boundary: the other side of the channel is allocation-subject.ts.
  return (await started.ask(what)) as HeapReading;
}
