/**
 * Assay in a process whose heap is asked from outside: `node --expose-gc bench/allocation-subject.ts CONFIG BURDEN`. A message
 * is answered with the bytes that the main thread's heap holds, after a collection where it is `collect`.
 */
import diagnostics from "node:diagnostics_channel";
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { startApp } from "../src/app.ts";
import { requestBodies } from "./messages.ts";
import { scenarioOf } from "./scenarios.ts";

export interface HeapReading {
  readonly heapBytes: number;
  /** Of garbage, since the start. One between two readings makes them worthless. */
  readonly collections: number;
}

const [configPath = "", burden = "0"] = process.argv.slice(2);
const app = await startApp({ configPath, env: process.env, writeLog: (line) => process.stderr.write(line) });

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

const body = requestBodies(scenarioOf("plain").request, "bench")[0]?.toString() ?? "";
if (burden !== "0") {
  diagnostics.subscribe("http.server.request.start", () => {
    for (let time = 0; time < Number(burden); time++) JSON.stringify(JSON.parse(body));
  });
}

process.on("message", async (message) => {
  if (message === "collect") globalThis.gc?.();
  // Collections are told in a later turn.
  await setImmediate();
  await setImmediate();
  const reading: HeapReading = { heapBytes: getHeapStatistics().used_heap_size, collections };
  process.send?.(reading);
});
process.on("SIGTERM", () => void app.close().then(() => process.exit()));
