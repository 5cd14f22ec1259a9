/** Loaded into a process with `--import`: writes once a second, as a line of JSON, how its memory and its event loop are. */
import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface SoakReading {
  /** Of the process, in milliseconds since it started. */
  readonly atMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** What keeps the process going: sockets, timers, workers. */
  readonly handles: number;
  /** Of the loop, over this second. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

const file = process.env.SOAK_PROBE ?? "";
const resolutionMs = 10;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();

const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs);

setInterval(() => {
  const { rss, heapUsed } = process.memoryUsage();
  const reading: SoakReading = {
    atMs: performance.now(),
    rssMb: rss / 1_048_576,
    heapMb: heapUsed / 1_048_576,
    handles: process.getActiveResourcesInfo().length,
    delayP50Ms: ms(delay.percentile(50)),
    delayP99Ms: ms(delay.percentile(99)),
    delayMaxMs: ms(delay.max),
  };
  delay.reset();
  appendFileSync(file, `${JSON.stringify(reading)}\n`);
}, 1000).unref();
