/** Several workers as one data plane: what they are told, and what their words add up to. */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Serving, ServingPorts } from "./app-control-plane.ts";
import { type Foundation, wallNow } from "./app-foundation.ts";
import type { AppOptions } from "./app-options.ts";
import type { WorkerSettings, WorkerState } from "./app-worker.ts";
import { createFleet, type Fleet, type WorkerView } from "./cluster/fleet.ts";
import { freePort } from "./cluster/free-port.ts";
import type { Answers } from "./cluster/link.ts";
import type { ToPrimary } from "./cluster/messages.ts";
import { startWorker } from "./cluster/worker-process.ts";
import type { Config } from "./domain/config.ts";
import type { DataPlaneStatus } from "./http/status.ts";
import { createSummedMetrics } from "./telemetry/summed-metrics.ts";

export interface FleetFacts {
  readonly size: number;
  readonly options: AppOptions;
  /** As it was when the server started. */
  readonly config: Config;
}

const workerFile = fileURLToPath(new URL("./app-worker.ts", import.meta.url));

/** How many processes are to serve. */
export function fleetSize(workers: number | "auto"): number {
  return workers === "auto" ? availableParallelism() : workers;
}

export function createFleetPlane(
  { log, redactBy, unitHashKey }: Foundation,
  { server, records, switches, keys, spend, scriptedUrl }: ServingPorts,
  { size, options, config }: FleetFacts,
): Serving {
  const answers: Answers<ToPrimary> = {
    records(batch) {
      for (const phase of batch.phases) records.addPhase(phase);
      records.appendTexts(batch.texts);
      for (const text of batch.contents) records.keepContent(text);
      if (batch.dropped > 0) records.drop(batch.dropped);
    },
    expose: (record) => records.expose(record),
    outcomes: (outcomes) => records.addOutcomes(outcomes),
    spent(spends) {
      for (const [keyId, spent] of Object.entries(spends)) spend.add(keyId, spent);
      return spend.totals();
    },
    scriptedUrl,
  };
  const metrics = createSummedMetrics(() => fleet.workers.flatMap(({ state }) => state?.series ?? []));
  const fleet: Fleet<WorkerState> = createFleet<WorkerSettings, WorkerState>({
    size,
    settings: async () => ({
      ...settingsOf(options, config),
      unitHashKey,
      host: server.host,
      port: server.port === 0 ? await freePort(server.host) : server.port,
      maxConnections: server.maxConnections,
    }),
    standing: { switches: switches(), keys: keys().keys },
    start: () => startWorker({ file: workerFile, env: options.env, answers }),
    log,
    now: wallNow,
    onEnded(state, isCrash) {
      if (state !== undefined) metrics.keep(state.series);
      if (isCrash) records.addCrash();
    },
  });
  return {
    metrics,
    servesHere: false,
    async prepare({ id, config: { redaction } }, source) {
      const commit = await fleet.prepare(id, source);
      return () => {
        redactBy(redaction);
        return commit();
      };
    },
    tell: (now) => fleet.tell(now),
    listen: () => fleet.start(),
    isReady: () => fleet.workers.some(({ revision }) => revision !== undefined),
    async status() {
      await fleet.refresh();
      return together(fleet.workers);
    },
    drain: (milliseconds) => fleet.drain(milliseconds),
    close: () => fleet.close(),
  };
}

function settingsOf(
  { env: _env, writeLog: _writeLog, ...options }: AppOptions,
  { telemetry, store }: Config,
): Omit<WorkerSettings, "unitHashKey" | "host" | "port" | "maxConnections"> {
  const { serviceName, environment } = telemetry;
  return { options, serviceName, environment, queueRows: store.queueRows, queueBytes: store.queueBytes };
}

function together(workers: readonly WorkerView<WorkerState>[]): DataPlaneStatus {
  const states = workers.flatMap(({ state }) => state ?? []);
  return {
    active: states.reduce((sum, { active }) => sum + active, 0),
    upstreams: states[0]?.upstreams ?? [],
    breakers: worstBreakers(workers),
    workers: workers.map(({ state, ...worker }) => ({ ...worker, active: state?.active ?? 0 })),
  };
}

type Breaker = DataPlaneStatus["breakers"][number];

const rank = { closed: 0, half_open: 1, open: 2 };

/** Each circuit once, as it is in the worker that has it worst. */
function worstBreakers(workers: readonly WorkerView<WorkerState>[]): readonly Breaker[] {
  const worst = new Map<string, Breaker>();
  for (const { number, state } of workers) {
    for (const breaker of state?.breakers ?? []) {
      const key = `${breaker.upstream}\0${breaker.model}`;
      const known = worst.get(key);
      if (known === undefined || rank[breaker.state] > rank[known.state])
        worst.set(key, { ...breaker, worker: number });
    }
  }
  return [...worst.values()];
}
