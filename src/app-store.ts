/** The store and its statistics, as the configuration chooses them: a leaf of the composition root. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { FactAnalyst } from "./analysis/analyst.ts";
import type { StoreConfig } from "./domain/config.ts";
import type { Log } from "./domain/log.ts";
import type { Analyst } from "./domain/report.ts";
import type { EventStore, FactSource } from "./domain/store.ts";
import { createAnalysisThread } from "./jobs/analysis-thread.ts";
import { keptKey } from "./stores/kept-key.ts";
import { createMemoryStore } from "./stores/memory-store.ts";
import { openSqliteStore } from "./stores/sqlite/store.ts";
import { storeBytes, storePath } from "./stores/store-path.ts";

export interface AppStore {
  readonly events: EventStore;
  readonly analyst: Analyst;
}

/**
 * A smaller file, of some 100,000 records, is read within 0.2 s of the first question; until one comes the statistics need no
 * thread, which takes 25 MB.
 */
const warmedBytes = 32 * 1024 * 1024;

export function openAppStore(facts: {
  readonly config: StoreConfig;
  readonly stateDir: string;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
}): AppStore {
  const { config, stateDir, log, now } = facts;
  const boot = randomBytes(8).toString("hex");
  if (config.engine === "memory") {
    const { store, source } = createMemoryStore({ config, instance: "memory", boot, now });
    return { events: store, analyst: analystInPlace(source, now) };
  }
  const path = storePath(stateDir);
  const instance = keptKey(join(stateDir, "instance.id")).slice(0, 16);
  const events = openSqliteStore({ path, instance, boot, config, log, now });
  const analyst = createAnalysisThread({
    log,
    start: () =>
      new Worker(new URL("./analysis-worker.ts", import.meta.url), { workerData: { path }, execArgv: [] }),
  });
  const warm = (experimentIds: readonly string[]) => {
    if (storeBytes(path) >= warmedBytes) analyst.warm(experimentIds);
  };
  return { events, analyst: { ...afterFlush(events, analyst), warm } };
}

/** What was served before the question is in the answer, unless the disk refuses. */
function afterFlush(events: EventStore, analyst: Analyst): Analyst {
  // While the disk refuses, a flush would only wait.
  const flushed = async () => {
    if (events.health().state === "ok") await events.flush().catch(() => {});
  };
  return {
    ...analyst,
    results: (plan) => flushed().then(() => analyst.results(plan)),
    stats: (plan) => flushed().then(() => analyst.stats(plan)),
    ramp: (question) => flushed().then(() => analyst.ramp(question)),
  };
}

/** What is in memory is small, and no other thread could read it. */
function analystInPlace(source: FactSource, now: () => number): Analyst {
  const analyst = new FactAnalyst(source, now);
  return {
    results: async (plan) => JSON.stringify(analyst.results(plan)),
    stats: async (plan) => JSON.stringify(analyst.stats(plan)),
    ramp: async (question) => JSON.stringify(analyst.ramp(question)),
    warm: (experimentIds) => analyst.warm(experimentIds),
    close: async () => source.close(),
  };
}
