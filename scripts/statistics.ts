/**
 * Simulates experiments whose truth is known and writes what the statistics made of them into docs/statistics.md:
 * `node scripts/statistics.ts [--runs N] [--seed S] [--workers N] [--only TABLE]`. With `--only` one table goes to stdout and the page stays
 * as it is. The same runs and seed give the same figures on every machine and with any number of workers.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { tableOf, withSection } from "./statistics/page.ts";
import type { Row } from "./statistics/score.ts";
import { studies } from "./statistics/studies.ts";
import type { Study } from "./statistics/study.ts";
import type { Task } from "./statistics/worker.ts";

interface Plan {
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  readonly only: string | undefined;
}

const page = new URL("../docs/statistics.md", import.meta.url);

const plan = readPlan(process.argv.slice(2));
const startedAt = performance.now();
const wanted = studies.filter(({ table }) => plan.only === undefined || table === plan.only);
const rows = await makeAll(wanted, plan);
const tables = Map.groupBy(wanted, ({ table }) => table);
const texts = [...tables].map(
  ([table, some]) => [table, tableOf(some.flatMap(({ id }) => rows.get(id) ?? []))] as const,
);
if (plan.only === undefined) writePage(texts);
else process.stdout.write(`${texts.map(([, text]) => text).join("\n\n")}\n`);

function readPlan(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
      only: { type: "string" },
    },
  });
  const number = (name: "runs" | "seed" | "workers", least: number) => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new RangeError(`--${name} ${values[name]} is not a whole number from ${least} up`);
  };
  const { only } = values;
  if (only !== undefined && !studies.some(({ table }) => table === only)) {
    throw new RangeError(
      `--only ${only}: tables are ${[...new Set(studies.map(({ table }) => table))].join(", ")}`,
    );
  }
  return { runs: number("runs", 1), seed: number("seed", 0), workers: number("workers", 1), only };
}

/** Each worker takes the next study as soon as it is free. */
async function makeAll(
  some: readonly Study[],
  { runs, seed, workers }: Plan,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const found = new Map<string, readonly Row[]>();
  const waiting = [...some];
  const work = async () => {
    const worker = new Worker(new URL("./statistics/worker.ts", import.meta.url));
    for (let study = waiting.shift(); study !== undefined; study = waiting.shift()) {
      found.set(study.id, await make(worker, { id: study.id, runs, seed }));
      process.stderr.write(`${found.size}/${some.length} ${study.id}\n`);
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return found;
}

function make(worker: Worker, task: Task): Promise<readonly Row[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>();
  worker.once("error", reject);
  worker.once("message", (made: readonly Row[]) => {
    worker.off("error", reject);
    resolve(made);
  });
  worker.postMessage(task);
  return promise;
}

function writePage(made: readonly (readonly [string, string])[]): void {
  const { runs, seed } = plan;
  const minutes = Math.max(1, Math.round((performance.now() - startedAt) / 60_000));
  const date = new Date().toISOString().slice(0, 10);
  const how = `Figures made by \`npm run statistics -- --runs ${runs} --seed ${seed}\` on ${date}, in ${minutes} minutes on ${plan.workers} cores that were shared with other work.`;
  const text = [["how", how] as const, ...made].reduce(
    (whole, [name, section]) => withSection(whole, name, section),
    readFileSync(page, "utf8"),
  );
  writeFileSync(page, text);
}
