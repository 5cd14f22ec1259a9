/** The control plane: switches and revisions over one durable journal, the store, the admin API. One for each state folder. */
import { join } from "node:path";
import { adminServer } from "./app-admin.ts";
import type { DataPlanePorts } from "./app-data-plane.ts";
import { type Foundation, wallNow } from "./app-foundation.ts";
import { type AppKeys, openAppKeys } from "./app-keys.ts";
import { type AppOptions, loadRevision, overruledBy, ownListeners } from "./app-options.ts";
import { type AppRamps, openAppRamps } from "./app-ramps.ts";
import { type AppStore, openAppStore } from "./app-store.ts";
import { type ReloadResult, Revisions } from "./control/revisions.ts";
import { Switchboard } from "./control/switchboard.ts";
import type { KeyTable } from "./core/client-key-table.ts";
import { unknownScopes } from "./core/kill-switch.ts";
import type { SpendLedger } from "./core/spend-ledger.ts";
import { within } from "./core/within.ts";
import type { Config, Revision, RevisionSource } from "./domain/config.ts";
import type { ControlStore, Standing } from "./domain/control.ts";
import type { EventStore } from "./domain/store.ts";
import { endServer, listenOn } from "./http/server.ts";
import type { DataPlaneStatus } from "./http/status.ts";
import { watchFiles } from "./jobs/watch-files.ts";
import { openControlJournal } from "./stores/control-journal.ts";
import { InstrumentProducer } from "./telemetry/instruments.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { createOutgoing } from "./telemetry/outgoing.ts";
import { startTelemetry, type Telemetry } from "./telemetry/sdk.ts";
import type { TracingParts } from "./telemetry/tracing.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "./upstreams/scripted/server.ts";
import { version } from "./version.ts";

export interface ControlPlane {
  readonly port: number;
  readonly adminPort: number;
  readonly revision: () => Revision;
  readonly killed: () => readonly string[];
  /** How many clients' keys stand. */
  readonly clientKeys: () => number;
  /** Where the scripted upstream listens, when it plays the API. */
  readonly scripted: ScriptedUpstream | undefined;
  readonly records: EventStore;
  reload(by: string, reason: string): Promise<ReloadResult>;
  /** Drains, flushes, and ends. */
  close(): Promise<void>;
}

export interface ServingPorts extends DataPlanePorts {
  readonly records: EventStore;
  readonly keys: () => KeyTable;
  readonly spend: SpendLedger;
}

/** What serves the traffic: a data plane in this process, or several in others. */
export interface Serving {
  readonly metrics: Pick<Metrics, "instruments" | "queues" | "redactions" | "configReload" | "refresh">;
  /** Whether requests are served in this process. */
  readonly servesHere: boolean;
  /** Makes ready what a revision needs, and gives the step that puts it in force; it is done when it is so everywhere. */
  prepare(revision: Revision, source: RevisionSource): Promise<() => void | Promise<void>>;
  /** Resolves when it holds everywhere. */
  tell(standing: Standing): void | Promise<void>;
  /** Opens the port, and gives it; makers are for requests that are served in this process. Throws `config_invalid` for one that is taken. */
  listen(makers: TracingParts["makers"]): Promise<number>;
  /** Whether somebody serves, once it listens. */
  isReady(): boolean;
  status(): DataPlaneStatus | Promise<DataPlaneStatus>;
  /** Lets nobody in, and waits for those inside, `milliseconds` at most. */
  drain(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface ControlPlaneParts extends Foundation {
  readonly options: AppOptions;
  /** As it was when the process started. */
  readonly config: Config;
  /** Makes what serves the traffic; it is told its first revision before it is to listen. */
  readonly serve: (ports: ServingPorts) => Serving;
}

const watchEveryMs = 1000;
const telemetryEndMs = 3000;
const scriptedEndMs = 3000;
const rampEndMs = 1000;

/** Everything that ends with the process, from the last to be started to the first. */
interface Opened {
  readonly journal: ControlStore;
  readonly keys: AppKeys;
  readonly store: AppStore;
  readonly data: Serving;
  scripted: ScriptedUpstream | undefined;
  telemetry: Telemetry | undefined;
}

export async function startControlPlane(parts: ControlPlaneParts): Promise<ControlPlane> {
  const { options, config, log, serve } = parts;
  const journal = await openControlJournal({
    path: join(config.stateDir, "control.jsonl"),
    onCorrupt: (message) => log.error(message),
  });
  const tell = () => data.tell({ switches: switches.switches, keys: keys.ring.table.keys });
  const switches = new Switchboard(journal, options.env.ASSAY_KILL_SWITCH, wallNow, tell);
  const keys = openAppKeys({ journal, stateDir: config.stateDir, log, changed: tell });
  // Records and outcomes are written behind the requests' backs, and reckoned with in another thread.
  const store = openAppStore({
    config: { ...config.store, engine: options.storeEngine ?? config.store.engine },
    stateDir: config.stateDir,
    log,
    now: wallNow,
  });
  const server = ownListeners(config.server, options);
  const data = serve({
    server,
    revision: () => revisions.current,
    switches: () => switches.switches,
    keys: () => keys.ring.table,
    spend: keys.spend,
    records: store.events,
    scriptedUrl: async () => {
      opened.scripted ??= await startScriptedUpstream();
      return opened.scripted.url;
    },
  });
  const opened: Opened = { journal, keys, store, data, scripted: undefined, telemetry: undefined };
  let revisions: Revisions;
  try {
    revisions = await openRevisions(parts, opened);
    const unknown = unknownScopes(switches.switches, revisions.current);
    if (unknown.length > 0)
      log.error("kill switches that name nothing of this configuration kill nothing", { unknown });
    store.analyst.warm(Object.keys(config.experiments));
    const ramps = openAppRamps({
      journal,
      revisions,
      switches,
      store,
      log,
      stateDir: config.stateDir,
      evaluateMs: options.rampEvaluateMs,
      // Telemetry asks for ramps, too: it starts when they are there, and before any of them is looked at.
      events: () => opened.telemetry?.events,
      outgoing: createOutgoing(parts.redactor, data.metrics.redactions),
    });
    return await serveAll({ ...parts, switches, revisions, ramps, opened });
  } catch (error) {
    await end(opened);
    throw error;
  }
}

function openRevisions({ options, log }: ControlPlaneParts, { journal, data }: Opened): Promise<Revisions> {
  return Revisions.open({
    load: (events) => loadRevision(options, wallNow(), events),
    prepare: (revision, source) => data.prepare(revision, source),
    store: journal,
    log,
    now: wallNow,
    onReload: data.metrics.configReload,
    overruled: overruledBy(options),
  });
}

export interface Running extends ControlPlaneParts {
  readonly switches: Switchboard;
  readonly revisions: Revisions;
  readonly ramps: AppRamps;
  readonly opened: Opened;
}

/** The admin API answers before the traffic comes, and for its health until the last request has ended. */
async function serveAll(running: Running): Promise<ControlPlane> {
  const { options, config, log, switches, revisions, opened } = running;
  const { data, store } = opened;
  const telemetry = await telemetryOf(running);
  opened.telemetry = telemetry;
  let phase: Phase = "starting";
  const { adminHost, adminPort, maxConnections } = ownListeners(config.server, options);
  const admin = adminServer(running, { telemetry, phase: () => phase, maxConnections });
  const openedAdminPort = await listenOn({ server: admin, port: adminPort, host: adminHost });
  const port = await data.listen(telemetry.makers).catch(async (error: unknown) => {
    // Half a server would look like a whole one.
    await endServer(admin);
    throw error;
  });
  phase = "serving";
  running.ramps.start();
  const watch = watchFiles({
    files: () => revisions.files,
    everyMs: watchEveryMs,
    changed: async () => {
      await revisions.reload({ by: "file watch", reason: "a file of the configuration changed" });
    },
    failed: (error) => log.error("reload failed", { error }),
  });
  return {
    port,
    adminPort: openedAdminPort,
    revision: () => revisions.current,
    killed: () => switches.names,
    clientKeys: () => opened.keys.ring.table.keys.filter(({ role }) => role === "client").length,
    get scripted() {
      return opened.scripted;
    },
    records: store.events,
    reload: (by, reason) => revisions.reload({ by, reason }),
    async close() {
      watch.stop();
      phase = "draining";
      // A look that the statistics keep waiting ends with them.
      const stopped = within(running.ramps.stop(), rampEndMs);
      await Promise.all([stopped, data.drain(revisions.current.config.server.drainMs)]);
      await endServer(admin);
      await end(opened);
    },
  };
}

export type Phase = "starting" | "serving" | "draining";

function telemetryOf({ config, log, switches, revisions, ramps, opened }: Running): Promise<Telemetry> {
  const { data } = opened;
  const { metrics } = data;
  const producer = new InstrumentProducer(metrics.instruments, { name: "assay", version }, async () => {
    const { active, breakers } = await data.status();
    metrics.refresh({
      active,
      breakers,
      isConfigValid: revisions.problems.length === 0,
      killScopes: switches.names,
      ramps: ramps.ramps.all.map(({ state }) => state),
      store: opened.store.events.health(),
    });
  });
  return startTelemetry({
    serviceName: config.telemetry.serviceName,
    serviceVersion: version,
    environment: config.telemetry.environment,
    tail: () => revisions.current.config.telemetry,
    producer,
    // Several processes that serve send their traces themselves.
    servesTraffic: data.servesHere,
    queues: metrics.queues,
    log,
  });
}

async function end({ data, scripted, telemetry, store, keys, journal }: Opened): Promise<void> {
  await Promise.allSettled([
    data.close(),
    within(Promise.resolve(scripted?.close()), scriptedEndMs),
    telemetry?.shutdown(telemetryEndMs),
  ]);
  await Promise.allSettled([store.events.close(), store.analyst.close(), keys.close()]);
  await journal.close();
}
