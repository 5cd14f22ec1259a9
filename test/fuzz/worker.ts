/** One target in a thread of its own: it tells each input before it tries it, so that one which hangs is known. */
import { inspect } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import { fuzz, readCorpus } from "./fuzz.ts";
import type { FuzzReport, FuzzTask } from "./report.ts";
import { fuzzTargets } from "./targets.ts";

// The thread is started with a task, and with nothing else.
const { name, seed, until, shared } = workerData as FuzzTask;
const make = fuzzTargets[name];
if (make === undefined) throw new Error(`no target ${name}`);
const target = await make();
const present = new Uint8Array(shared, 8);
const counts = new Int32Array(shared, 0, 2);

const { runs, labels, broken } = await fuzz({
  target,
  corpus: readCorpus(name),
  seed,
  goesOn: () => Date.now() < until,
  onInput: (input) => {
    present.set(input);
    Atomics.store(counts, 1, input.length);
    Atomics.add(counts, 0, 1);
  },
});
await target.close?.();
const report: FuzzReport = {
  runs,
  labels: labels.size,
  broken: broken && { input: broken.input, error: inspect(broken.error) },
};
parentPort?.postMessage(report);
