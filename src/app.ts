/** The composition root: the only file that knows every part. Read it from top to bottom. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { type AppOptions, loadRevision, ownListeners } from "./app-options.ts";
import { openAppStore } from "./app-store.ts";
import { isLoopback } from "./config/check-server.ts";
import { Revisions } from "./control/revisions.ts";
import { Switchboard } from "./control/switchboard.ts";
import { createIds } from "./core/ids.ts";
import { isKilled, unknownScopes } from "./core/kill-switch.ts";
import { describePhase, type PhaseFacts } from "./core/phase.ts";
import { createPricing } from "./core/pricing.ts";
import { redactedRecord } from "./core/redacted-record.ts";
import { createRedactor, type Redacted } from "./core/redaction.ts";
import { renderRequest } from "./core/render-request.ts";
import { createToolChecks } from "./core/tool-check.ts";
import { unitHasher } from "./core/unit-hash.ts";
import { within } from "./core/within.ts";
import type { ChatRequest, Operation } from "./domain/chat.ts";
import type { Config, Revision } from "./domain/config.ts";
import { Failure } from "./domain/failure.ts";
import type { Log } from "./domain/log.ts";
import type { RequestRecord } from "./domain/record.ts";
import type { EventStore } from "./domain/store.ts";
import { adminApp } from "./http/admin.ts";
import { Admission } from "./http/admission.ts";
import { chatRoute } from "./http/chat-completions.ts";
import { door } from "./http/door.ts";
import { Gate } from "./http/gate.ts";
import { predictRoute } from "./http/predict.ts";
import { publicListener } from "./http/public.ts";
import { createScopes } from "./http/request-scope.ts";
import { createHttpServer, drainServers, listenOrEnd } from "./http/server.ts";
import { statusView } from "./http/status.ts";
import { watchFiles } from "./jobs/watch-files.ts";
import { type Service, stack } from "./pipeline/service.ts";
import { assign } from "./policies/assign.ts";
import { BreakerBoard, breaker } from "./policies/breaker.ts";
import { callUpstream } from "./policies/call-upstream.ts";
import { concurrency, Permits } from "./policies/concurrency.ts";
import { deadline } from "./policies/deadline.ts";
import { expose } from "./policies/expose.ts";
import { fallback } from "./policies/fallback.ts";
import { holdStream } from "./policies/hold-stream.ts";
import { observeAttempt } from "./policies/observe-attempt.ts";
import { renderPrompt } from "./policies/render-prompt.ts";
import { retry } from "./policies/retry.ts";
import { validateOutput } from "./policies/validate-output.ts";
import { openControlJournal } from "./stores/control-journal.ts";
import { keptKey } from "./stores/kept-key.ts";
import { lockState, type StateLock } from "./stores/state-lock.ts";
import { InstrumentProducer } from "./telemetry/instruments.ts";
import { createLog } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createOutgoing } from "./telemetry/outgoing.ts";
import { startTelemetry } from "./telemetry/sdk.ts";
import { createTracing } from "./telemetry/tracing.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "./upstreams/scripted/server.ts";
import { UpstreamSet } from "./upstreams/upstream-set.ts";
import { version } from "./version.ts";

export interface App {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly revision: () => Revision;
  readonly killed: () => readonly string[];
  /** Where the scripted upstream listens, when it plays the API. */
  readonly scripted: ScriptedUpstream | undefined;
  readonly records: EventStore;
  readonly log: Log;
  reload(
    by: string,
    reason: string,
  ): Promise<{ readonly result: string; readonly problems: readonly string[] }>;
  /** Drains, flushes, and ends. */
  close(): Promise<void>;
}

/** A budget for requests that belong to no experiment. */
const plainTotalMs = 120_000;
const watchEveryMs = 1000;
const telemetryEndMs = 3000;
const upstreamsEndMs = 3000;

const now = () => performance.now();
const wallNow = () => Date.now();

/** Starts everything, or throws a Failure that says what is wrong with the configuration. */
export async function startApp(options: AppOptions): Promise<App> {
  const first = loadRevision(options, wallNow());
  if ("problems" in first) throw new Failure("config_invalid", first.problems.join("\n"));
  const { config } = first.revision;
  const lock = lockState(config.stateDir);
  try {
    return await startLocked(options, config, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: AppOptions, config: Config, lock: StateLock): Promise<App> {
  const server = ownListeners(config.server, options);

  // Telemetry: redaction first, for everything that leaves goes through it.
  const hashKey = config.telemetry.unitHashKey?.reveal() ?? keptKey(join(config.stateDir, "unit-hash.key"));
  const redactor = createRedactor({ pseudonymKey: hashKey });
  const log = createLog({ redactor, write: options.writeLog, now: wallNow });
  const ids = createIds(wallNow);
  let scripted: ScriptedUpstream | undefined;
  const upstreams = new UpstreamSet(async () => {
    scripted ??= await startScriptedUpstream();
    return scripted.url;
  });
  const metrics = createMetrics((name) => upstreams.providerOf(name));

  // Control plane: kill switches and revisions, over one durable journal.
  const store = await openControlJournal({
    path: join(config.stateDir, "control.jsonl"),
    onCorrupt: (message) => log.error(message),
  });
  const switches = new Switchboard(store, options.env.ASSAY_KILL_SWITCH, wallNow);
  const revisions = await Revisions.open({
    load: (events) => loadRevision(options, wallNow(), events),
    prepare: (revision) => upstreams.prepare(revision.config),
    store,
    log,
    now: wallNow,
    onReload: metrics.configReload,
  });

  const unknown = unknownScopes(switches.switches, revisions.current);
  if (unknown.length > 0)
    log.error("kill switches that name nothing of this configuration kill nothing", { unknown });

  const gate = new Gate();
  const admission = new Admission({
    limits: () => revisions.current.config.server,
    active: () => gate.active,
    now,
    onShedding: (isShedding) =>
      log.warn(isShedding ? "overloaded: some new requests are refused" : "no request is refused any more"),
  });
  const breakers = new BreakerBoard(now, (upstream, model, state) =>
    log.warn(`breaker ${state}`, { upstream, model }),
  );
  // Records and outcomes are written behind the requests' backs, and reckoned with in another thread.
  const { events: records, analyst } = openAppStore({
    config: { ...config.store, engine: options.storeEngine ?? config.store.engine },
    stateDir: config.stateDir,
    log,
    now: wallNow,
  });
  /** A phase is told with its first request: the results ask what its shares were. */
  const told = new Set<string>();
  const met = (phase: string, facts: PhaseFacts) => {
    const key = `${facts.experiment.id} ${phase}`;
    if (told.has(key)) return;
    told.add(key);
    records.addPhase(describePhase(phase, facts, wallNow()));
  };
  analyst.warm(Object.keys(config.experiments));
  const scope = { name: "assay", version };
  const producer = new InstrumentProducer(metrics.instruments, scope, () =>
    metrics.refresh({
      active: gate.active,
      isConfigValid: revisions.problems.length === 0,
      killScopes: switches.names,
      breakers: breakers.list(),
      store: records.health(),
    }),
  );
  const telemetry = await startTelemetry({
    serviceName: config.telemetry.serviceName,
    serviceVersion: version,
    environment: config.telemetry.environment,
    tail: () => revisions.current.config.telemetry,
    producer,
    log,
  });
  const clean = new Map<string, Redacted>();
  const outgoing = createOutgoing(redactor, metrics.redactions, clean);
  // For records and the admin API: the trace of the same request has counted what is found.
  const kept = createOutgoing(redactor, () => {}, clean);
  const tracing = createTracing({
    makers: telemetry.makers,
    ids,
    outgoing,
    capturesContent: () => revisions.current.config.telemetry.content === "redacted",
  });

  // Data plane: a server is a function, and what happens to a request is a list of decorators around it.
  const upstreamOf = (name: string) => upstreams.of(name);
  const pricing = createPricing(wallNow);
  const permits = new Permits((name) => upstreams.configOf(name).maxConcurrent);
  const attempt = observeAttempt({ upstreamOf, pricing, now })(
    stack(
      [breaker(breakers, (name) => upstreams.configOf(name).breaker), concurrency(permits)],
      callUpstream(upstreamOf),
    ),
  );
  const answered = stack(
    [
      deadline(plainTotalMs, now),
      fallback({
        now,
        isKilled: (target) => isKilled(switches.switches, target),
        render: (request, plan, { revision }) =>
          renderRequest(request, plan, { revision, reason: "fallback" }),
      }),
      validateOutput({ toolChecks: createToolChecks(), now }),
      retry({ configOf: (name) => upstreams.configOf(name).retry, now, random: Math.random }),
      holdStream,
    ],
    attempt,
  );
  const unitHash = unitHasher(hashKey);
  const redact = (text: string) => kept.written(text) ?? "";
  const exposed = expose({
    isStrict: ({ revision }) => revision.config.store.durability === "strict",
    expose: (record) => records.expose(record),
    unitHash,
    redact,
  })(renderPrompt(now)(answered));
  const chat: Service<ChatRequest> = assign({ switches: () => switches.switches, now, met })(exposed);

  const openScope = createScopes({
    gate,
    ids,
    log,
    revision: () => revisions.current,
    now,
    wallNow,
    beginTrace: tracing.begin,
    unitHash,
    onEnd: recorder(metrics, records, redact),
  });
  const shared = {
    server: () => revisions.current.config.server,
    revision: () => revisions.current,
    isReady: () => !gate.isDraining,
  };
  const data = createHttpServer(
    publicListener({
      ...shared,
      chat,
      gate,
      openScope,
      now,
      upstream: () => upstreams.of(revisions.current.config.defaultUpstream),
      takePermit: (upstream) => permits.take(upstream),
      isRefused: door({
        admission,
        server: shared.server,
        requestId: ids.requestId,
        random: Math.random,
        onRefused: metrics.refused,
      }),
      requestId: ids.requestId,
      outcomeId: ids.requestId,
      unitHash,
      redact,
      addOutcomes: async (outcomes) => {
        const receipts = await records.addOutcomes(outcomes);
        metrics.outcomes(receipts);
        return receipts;
      },
      listenerOf: (app) => listenerOf(app),
    }),
    server.maxConnections,
  );
  const startedAt = wallNow();
  const end = async () => {
    const closing = Promise.allSettled([upstreams.close(), scripted?.close()]);
    await Promise.allSettled([within(closing, upstreamsEndMs), telemetry.shutdown(telemetryEndMs)]);
    breakers.shutdown();
    await Promise.allSettled([records.close(), analyst.close()]);
    await store.close();
    lock.release();
  };
  const admin = createHttpServer(
    listenerOf(
      adminApp({
        ...shared,
        log,
        switches: () => switches.switches,
        kill: async (order) => {
          await switches.kill(order);
          log.warn("kill switch on", { ...order });
        },
        revive: async (order) => {
          await switches.revive(order);
          log.warn("kill switch off", { ...order });
        },
        reload: (by, reason) => revisions.reload(by, reason),
        allocate: (order) => revisions.allocate(order),
        analyst,
        unitHash,
        events: () => store.read(),
        records: (filter) => records.recent(filter),
        metrics: () => telemetry.prometheus(),
        status: () =>
          statusView({
            version,
            startedAt,
            now: wallNow(),
            gate,
            revisions,
            switches: switches.switches,
            upstreams: upstreams.list(revisions.current.config),
            breakers: breakers
              .list()
              .map((circuit) => ({ ...circuit, model: kept.written(circuit.model) ?? "" })),
            exportsTraces: telemetry.makers !== undefined,
            store: records.health(),
          }),
      }),
    ),
    server.maxConnections,
  );
  const portOf = await listenOrEnd(
    [
      { server: admin, port: server.adminPort, host: server.adminHost },
      { server: data, port: server.port, host: server.host },
    ],
    end,
  );
  const watch = watchFiles({
    files: () => revisions.files,
    everyMs: watchEveryMs,
    changed: async () => {
      await revisions.reload("file watch", "a file of the configuration changed");
    },
    failed: (error) => log.error("reload failed", { error }),
  });
  if (!isLoopback(server.host)) {
    log.warn(
      "the data plane has no client keys and listens beyond this machine: whoever reaches it spends your tokens",
    );
  }

  return {
    host: server.host,
    port: portOf(data),
    adminHost: server.adminHost,
    adminPort: portOf(admin),
    revision: () => revisions.current,
    killed: () => switches.names,
    get scripted() {
      return scripted;
    },
    records,
    log,
    reload: (by, reason) => revisions.reload(by, reason),
    async close() {
      watch.stop();
      await drainServers(gate, [data, admin], revisions.current.config.server.drainMs);
      await end();
    },
  };
}

function listenerOf(app: { readonly fetch: unknown }) {
  // Hono's fetch, whatever its bindings: the adapter gives it node's request and response.
  const listener = getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0]);
  return (request: IncomingMessage, response: ServerResponse) => {
    listener(request, response);
  };
}

/** Routes whose requests are recorded, and measured as what. */
const operations: Readonly<Record<string, Operation>> = { [chatRoute]: "chat", [predictRoute]: "predict" };

function recorder(
  metrics: ReturnType<typeof createMetrics>,
  records: EventStore,
  redact: (text: string) => string,
) {
  return (record: RequestRecord, facts: { readonly route: string; readonly method: string }) => {
    const operation = operations[facts.route];
    if (operation === undefined) {
      metrics.http({ ...facts, status: record.status, latencyMs: record.latencyMs });
      return;
    }
    metrics.request(record, { ...facts, operation });
    records.append(redactedRecord(record, redact));
  };
}
