/** The root of a worker: a data plane that the primary tells what is in force, and that hands it what is to be kept. */
import { createDataPlane, type DataPlane } from "./app-data-plane.ts";
import { createFoundation, wallNow } from "./app-foundation.ts";
import { type AppOptions, rebuildRevision } from "./app-options.ts";
import type { Boot } from "./cluster/messages.ts";
import { linkToPrimary } from "./cluster/parent-link.ts";
import { createRemoteSink, type RemoteSink } from "./cluster/remote-sink.ts";
import { createRemoteSpend, type RemoteSpend } from "./cluster/remote-spend.ts";
import { evenPlace } from "./cluster/share-of-limit.ts";
import { createShares } from "./cluster/shares.ts";
import { createKeyTable, type KeyTable } from "./core/client-key-table.ts";
import type { Revision, RevisionSource } from "./domain/config.ts";
import type { KillSwitch, Standing } from "./domain/control.ts";
import { Failure } from "./domain/failure.ts";
import type { Log } from "./domain/log.ts";
import type { DataPlaneStatus } from "./http/status.ts";
import { InstrumentProducer } from "./telemetry/instruments.ts";
import { startTelemetry, type Telemetry } from "./telemetry/sdk.ts";
import { type SeriesByName, seriesOf } from "./telemetry/summed-metrics.ts";
import { version } from "./version.ts";

/** What was fixed when the server started. */
export interface WorkerSettings {
  readonly options: Omit<AppOptions, "env" | "writeLog">;
  readonly unitHashKey: string;
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
  readonly serviceName: string;
  readonly environment: string | undefined;
  /** What may wait for the primary, in all workers together. */
  readonly queueRows: number;
  readonly queueBytes: number;
}

export interface WorkerState extends DataPlaneStatus {
  readonly series: SeriesByName;
}

interface Running {
  readonly settings: WorkerSettings;
  readonly data: DataPlane;
  readonly sink: RemoteSink;
  readonly spend: RemoteSpend;
  readonly telemetry: Telemetry;
}

const telemetryEndMs = 3000;

let switches: readonly KillSwitch[] = [];
let keys: KeyTable | undefined;
let inForce: Revision | undefined;
let next: { readonly revision: Revision; readonly commit: () => void } | undefined;
let running: Running | undefined;
let opened: Promise<unknown> = Promise.resolve();
const shares = createShares();

let turn: Promise<unknown> = Promise.resolve();
/** One after the other, in the order in which the primary has said it. */
function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const done = turn.then(act);
  turn = done.catch(() => {});
  return done;
}

const link = linkToPrimary<WorkerSettings, WorkerState>({
  boot: (boot) => inTurn(() => start(boot)),
  listen(now) {
    stand(now);
    const { data, telemetry } = served();
    const port = data.listen(telemetry.makers);
    opened = port.catch(() => {});
    return port;
  },
  prepare: (source) =>
    inTurn(async () => {
      const { data, settings } = served();
      next = await prepared(data, settings, source);
      return next.revision.id;
    }),
  commit: (revision) => inTurn(async () => putInForce(revision)),
  switch(now) {
    stand(now);
  },
  state() {
    const { data } = served();
    return { ...data.status(), series: seriesOf(data.metrics) };
  },
  use: async () => shares.use(await served().data.use()),
  place(place) {
    shares.move(place);
    running?.data.limit();
  },
  async drain(milliseconds) {
    const { data, sink, spend } = served();
    // A port that is just being opened could not be closed.
    await opened;
    await data.drain(milliseconds);
    await Promise.all([sink.flush(), spend.flush()]);
  },
  async close() {
    const { data, sink, spend, telemetry } = served();
    await Promise.allSettled([data.close(), telemetry.shutdown(telemetryEndMs)]);
    await Promise.all([sink.flush(), spend.flush()]);
  },
});

async function start(boot: Boot<WorkerSettings>) {
  const { settings, source } = boot;
  const foundation = createFoundation(settings.unitHashKey, (line) => process.stderr.write(line), {
    worker: boot.number,
  });
  guard(foundation.log);
  shares.move(evenPlace(boot.number - 1, boot.of));
  const sink = createRemoteSink(link, {
    rows: shares.of(settings.queueRows, "queue_rows", 0),
    bytes: shares.of(settings.queueBytes, "queue_bytes", 0),
  });
  const spend = createRemoteSpend(link, wallNow);
  spend.start();
  const data = createDataPlane(foundation, {
    server: settings,
    revision: current,
    switches: () => switches,
    keys: () => keys,
    spend,
    records: sink,
    scriptedUrl: () => link.call("scriptedUrl", undefined),
    shareOf: shares.of,
  });
  next = await prepared(data, settings, source);
  const { id } = next.revision;
  putInForce(id);
  const telemetry = await startTelemetry({
    serviceName: settings.serviceName,
    serviceVersion: version,
    environment: settings.environment,
    tail: () => current().config.telemetry,
    // Ours go by the primary, which adds those of all workers up.
    producer: new InstrumentProducer([], { name: "assay", version }, () => {}),
    servesTraffic: true,
    queues: data.metrics.queues,
    log: foundation.log,
  });
  running = { settings, data, sink, spend, telemetry };
  return id;
}

function stand(now: Standing): void {
  switches = now.switches;
  keys = createKeyTable(now.keys);
  running?.data.forget(keys.keys);
}

async function prepared(data: DataPlane, { options }: WorkerSettings, source: RevisionSource) {
  const made = rebuildRevision({ ...options, env: process.env, writeLog: () => {} }, source);
  if ("problems" in made) throw new Failure("config_invalid", made.problems.join("\n"));
  return { revision: made.revision, commit: await data.prepare(made.revision) };
}

function putInForce(id: string): void {
  if (inForce?.id === id) return;
  if (next?.revision.id !== id) throw new Failure("internal_error", `Revision ${id} was not prepared.`);
  next.commit();
  inForce = next.revision;
  next = undefined;
}

function current(): Revision {
  if (inForce === undefined) throw new Error("no revision is in force yet");
  return inForce;
}

function served(): Running {
  if (running === undefined) throw new Error("the worker has not started yet");
  return running;
}

/** One request's crash must not end the others. */
function guard(log: Log): void {
  process.on("uncaughtException", (error) => log.error("uncaught exception; serving on", { error }));
  process.on("unhandledRejection", (error) => log.error("unhandled rejection; serving on", { error }));
}
