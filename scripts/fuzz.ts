import { once } from "node:events";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { keepInput } from "../test/fuzz/fuzz.ts";
import type { FuzzReport, FuzzTask } from "../test/fuzz/report.ts";
import { fuzzTargets } from "../test/fuzz/targets.ts";

const usage = `npm run fuzz [-- --target ${Object.keys(fuzzTargets).join("|")}] [--seconds N] [--seed N]`;
/** An input that takes longer hangs. */
const hangMs = 10_000;
const lookMs = 500;
const sharedBytes = 8 + 128 * 1024;

/** Fuzzes one target or all, one after the other. Keeps what breaks one, tells of it on stderr, and exits 1. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { target: { type: "string" }, seconds: { type: "string" }, seed: { type: "string" } },
  });
  const seconds = Number(values.seconds ?? 60);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const names = values.target === undefined ? Object.keys(fuzzTargets) : [values.target];
  if (!names.every((name) => Object.hasOwn(fuzzTargets, name)) || !(seconds > 0) || !Number.isInteger(seed)) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  let hasBroken = false;
  for (const name of names) {
    const broken = await fuzzOne(name, { seed, seconds });
    if (broken === undefined) continue;
    hasBroken = true;
    process.stderr.write(
      `${name} is broken by ${keepInput(name, broken.input)} (seed ${seed}):\n${broken.error}\n`,
    );
  }
  return hasBroken ? 1 : 0;
}

async function fuzzOne(
  name: string,
  { seed, seconds }: { readonly seed: number; readonly seconds: number },
): Promise<FuzzReport["broken"]> {
  const shared = new SharedArrayBuffer(sharedBytes);
  const task: FuzzTask = { name, seed, until: Date.now() + seconds * 1000, shared };
  const worker = new Worker(new URL("../test/fuzz/worker.ts", import.meta.url), { workerData: task });
  const hang = watch(shared);
  // The worker sends one message, its report.
  const report = await Promise.race([
    once(worker, "message").then(([said]) => said as FuzzReport),
    hang.seen,
  ]);
  hang.stop();
  await worker.terminate();
  process.stdout.write(`${name}: ${report.runs} inputs, ${report.labels} ways, seed ${seed}\n`);
  return report.broken;
}

/** Sees when one input is tried for too long. */
function watch(shared: SharedArrayBuffer): { readonly seen: Promise<FuzzReport>; stop(): void } {
  const counts = new Int32Array(shared, 0, 2);
  const { promise, resolve } = Promise.withResolvers<FuzzReport>();
  let last = 0;
  let since = Date.now();
  const timer = setInterval(() => {
    const runs = Atomics.load(counts, 0);
    if (runs !== last || runs === 0) {
      last = runs;
      since = Date.now();
    } else if (Date.now() - since > hangMs) {
      const input = new Uint8Array(shared, 8, Atomics.load(counts, 1)).slice();
      resolve({ runs, labels: 0, broken: { input, error: `it takes longer than ${hangMs / 1000} s` } });
    }
  }, lookMs);
  return { seen: promise, stop: () => clearInterval(timer) };
}

process.exitCode = await main(process.argv.slice(2));
