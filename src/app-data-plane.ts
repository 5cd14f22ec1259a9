/** The data plane of one process: the listener for /v1 and everything that a request meets behind it. */
import { openClientSchemas } from "./app-client-schemas.ts";
import { type Foundation, now, wallNow } from "./app-foundation.ts";
import { listenerOf } from "./app-listener.ts";
import { createPipeline } from "./app-pipeline.ts";
import type { KeyTable } from "./core/client-key-table.ts";
import { contentText } from "./core/content-record.ts";
import { createIds } from "./core/ids.ts";
import { KeyLimiter } from "./core/key-limiter.ts";
import { createPricing } from "./core/pricing.ts";
import { redactedRecord } from "./core/redacted-record.ts";
import type { Redacted } from "./core/redaction.ts";
import { spendOf } from "./core/spend-ledger.ts";
import { unitHasher } from "./core/unit-hash.ts";
import { within } from "./core/within.ts";
import type { Operation } from "./domain/chat.ts";
import type { ClientKey, SpendMeter } from "./domain/client-key.ts";
import type { Revision, ServerConfig } from "./domain/config.ts";
import type { KillSwitch } from "./domain/control.ts";
import type { RequestRecord } from "./domain/record.ts";
import type { RecordSink } from "./domain/store.ts";
import { GuardrailSet } from "./guardrails/guardrail-set.ts";
import { Admission } from "./http/admission.ts";
import { callerOf } from "./http/auth.ts";
import { chatRoute } from "./http/chat-completions.ts";
import { door } from "./http/door.ts";
import { Gate } from "./http/gate.ts";
import { predictRoute } from "./http/predict.ts";
import { publicListener } from "./http/public.ts";
import { createScopes, type EndFacts } from "./http/request-scope.ts";
import { createHttpServer, drainServer, listenOn } from "./http/server.ts";
import type { DataPlaneStatus } from "./http/status.ts";
import { createAsk } from "./policies/ask-upstream.ts";
import { BreakerBoard } from "./policies/breaker.ts";
import { Permits } from "./policies/concurrency.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { createOutgoing } from "./telemetry/outgoing.ts";
import { createTracing, type TracingParts } from "./telemetry/tracing.ts";
import { UpstreamSet } from "./upstreams/upstream-set.ts";

/** What it asks of the control plane while it serves; each answers at once but for the records' promises. */
export interface DataPlanePorts {
  /** Where it listens. */
  readonly server: Pick<ServerConfig, "host" | "port" | "maxConnections">;
  readonly revision: () => Revision;
  readonly switches: () => readonly KillSwitch[];
  /** Undefined as long as they are not known. */
  readonly keys: () => KeyTable | undefined;
  readonly spend: SpendMeter;
  readonly records: RecordSink;
  /** Starts the scripted upstream when it is first asked for. */
  readonly scriptedUrl: () => Promise<string>;
  /** What this process may take of a limit that holds for the whole server, now that it wants so much of it; all of it unless told. */
  readonly shareOf?: (limit: number, name: string, wanted: number) => number;
}

export interface DataPlane {
  readonly metrics: Metrics;
  /** Makes ready what a revision needs, and gives the step that puts it in force. */
  prepare(revision: Revision): Promise<() => void>;
  /** Opens the port, and gives it. Without makers requests are not traced. Throws `config_invalid` for one that is taken. */
  listen(makers: TracingParts["makers"]): Promise<number>;
  status(): DataPlaneStatus;
  /** The share of what is taken for long has changed. */
  limit(): void;
  /** Only these keys stand: what others have taken is forgotten. */
  forget(standing: readonly ClientKey[]): void;
  /** By the name of a limit of which there are shares. */
  use(): Promise<Readonly<Record<string, number>>>;
  /** Lets nobody in, and waits for those inside, `milliseconds` at most. */
  drain(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

const upstreamsEndMs = 3000;

export function createDataPlane(
  { log, redactor, redactBy, unitHashKey }: Foundation,
  ports: DataPlanePorts,
): DataPlane {
  const { server, revision, records, shareOf = (limit) => limit } = ports;
  const upstreams = new UpstreamSet(ports.scriptedUrl);
  const metrics = createMetrics((name) => upstreams.providerOf(name));
  const gate = new Gate();
  const breakers = new BreakerBoard(now, (upstream, model, state) =>
    log.warn(`breaker ${state}`, { upstream, model }),
  );
  const admission = new Admission({
    limits: () => {
      const { maxRequests, maxLoopDelayMs } = revision().config.server;
      return { maxRequests: shareOf(maxRequests, "requests", gate.active + 1), maxLoopDelayMs };
    },
    active: () => gate.active,
    now,
    onShedding: (isShedding) =>
      log.warn(isShedding ? "overloaded: some new requests are refused" : "no request is refused any more"),
  });
  const permits = new Permits((name, wanted) =>
    shareOf(upstreams.configOf(name).maxConcurrent, `upstream ${name}`, wanted),
  );
  // Clients name the models on the other board, and could open a guardrail's circuit there.
  const guardrailBreakers = new BreakerBoard(now, (upstream, model, state) =>
    log.warn(`breaker ${state}`, { upstream, model }),
  );
  const guardrails = new GuardrailSet({
    askFor: (guardrail) =>
      createAsk({
        config: () => revision().config,
        upstreamOf: (name) => upstreams.of(name),
        configOf: (name) => upstreams.configOf(name),
        breakers: guardrailBreakers,
        permits,
        onUsage: ({ usage }) => metrics.guardrailTokens(guardrail, usage),
      }),
    prompt: (name) => revision().prompts.get(name),
    now,
  });
  const limiter = new KeyLimiter({ spent: ports.spend, shareOf });
  const clean = new Map<string, Redacted>();
  const outgoing = createOutgoing(redactor, metrics.redactions, clean);
  // For records and the admin API: the trace of the same request has counted what is found.
  const kept = createOutgoing(redactor, () => {}, clean);
  const redact = (text: string) => kept.written(text) ?? "";
  const unitHash = unitHasher(unitHashKey);
  const pricing = createPricing(wallNow);
  const schemas = openClientSchemas({ log, now, budgetMs: () => revision().config.server.schemaMs });
  const { judge } = schemas;
  const path = { guardrails, upstreams, breakers, permits, pricing, unitHash, redact, judge };
  const chat = createPipeline({ ...ports, ...path });
  const ids = createIds(wallNow);
  const keepContent: RecorderParts["keepContent"] = (record, { served, choices }) => {
    if (served === undefined || revision().config.store.content === "off") return;
    const text = contentText(record, { request: served, choices }, redactor);
    if (text !== undefined) records.keepContent(text);
  };
  const onEnd = recorder({ metrics, records, redact, keepContent, spend: ports.spend });

  const listenerWith = (makers: TracingParts["makers"]) => {
    const content = () => revision().config.telemetry;
    const tracing = createTracing({ makers, ids, outgoing, content });
    const scopes = { gate, ids, log, revision, now, wallNow, beginTrace: tracing.begin, unitHash, onEnd };
    return publicListener({
      server: () => revision().config.server,
      revision,
      unready: () => (gate.isDraining ? "draining" : undefined),
      chat,
      gate,
      callerOf: callerOf({
        mode: () => revision().config.auth.mode,
        keys: ports.keys,
        limiter,
        server: () => revision().config.server,
        requestId: ids.requestId,
        now,
        wallNow,
        log,
        onRefused: metrics.refused,
      }),
      isRefused: door({
        admission,
        server: () => revision().config.server,
        requestId: ids.requestId,
        random: Math.random,
        onRefused: metrics.refused,
      }),
      openScope: createScopes(scopes),
      now,
      upstream: () => upstreams.of(revision().config.defaultUpstream),
      takePermit: (upstream) => permits.take(upstream),
      requestId: ids.requestId,
      outcomeId: ids.requestId,
      unitHash,
      redact,
      addOutcomes: async (outcomes) => {
        const receipts = await records.addOutcomes(outcomes);
        metrics.outcomes(receipts);
        return receipts;
      },
      listenerOf,
    });
  };
  let drainListener = async (_milliseconds: number) => {};
  let listener: HttpServer | undefined;
  const maxConnections = () => shareOf(server.maxConnections, "connections", 0);

  return {
    metrics,
    async prepare(next) {
      const guard = guardrails.prepare(next);
      const call = await upstreams.prepare(next.config);
      return () => {
        redactBy(next.config.redaction);
        // Known to be clean by the rules of before.
        clean.clear();
        guard();
        call();
      };
    },
    async listen(makers) {
      const opened = createHttpServer(listenerWith(makers), maxConnections());
      listener = opened;
      drainListener = (milliseconds) => drainServer(gate, opened, milliseconds);
      return listenOn({ server: opened, port: server.port, host: server.host });
    },
    status: () => ({
      active: gate.active,
      upstreams: upstreams.list(revision().config),
      breakers: [...breakers.list(), ...guardrailBreakers.list()].map((circuit) => ({
        ...circuit,
        model: redact(circuit.model),
      })),
    }),
    limit() {
      if (listener !== undefined) listener.maxConnections = maxConnections();
    },
    forget: (standing) => limiter.keep(new Set(standing.map(({ id }) => id))),
    async use() {
      const inFlight = [...permits.inFlight].map(([name, count]) => [`upstream ${name}`, count]);
      const connections = listener === undefined ? 0 : await connectionsOf(listener);
      return { ...Object.fromEntries(inFlight), ...limiter.inUse(), requests: gate.active, connections };
    },
    drain: (milliseconds) => drainListener(milliseconds),
    async close() {
      await within(upstreams.close(), upstreamsEndMs);
      await schemas.close();
      breakers.shutdown();
      guardrailBreakers.shutdown();
    },
  };
}

type HttpServer = ReturnType<typeof createHttpServer>;

function connectionsOf(listener: HttpServer): Promise<number> {
  return new Promise((resolve) => listener.getConnections((_error, count) => resolve(count ?? 0)));
}

/** Routes whose requests are recorded, and measured as what. */
const operations: Readonly<Record<string, Operation>> = { [chatRoute]: "chat", [predictRoute]: "predict" };

function recorder({ metrics, records, redact, keepContent, spend }: RecorderParts) {
  return (record: RequestRecord, facts: EndFacts) => {
    const { route, method } = facts;
    const { clientKeyId, attempts } = record;
    if (clientKeyId !== undefined && attempts.length > 0) spend.add(clientKeyId, spendOf(attempts));
    const operation = operations[route];
    if (operation === undefined) {
      metrics.http({ route, method, status: record.status, latencyMs: record.latencyMs });
      return;
    }
    metrics.request(record, { route, method, operation });
    records.append(redactedRecord(record, redact));
    keepContent(record, facts);
  };
}

interface RecorderParts {
  readonly metrics: Metrics;
  readonly records: RecordSink;
  readonly redact: (text: string) => string;
  readonly spend: DataPlanePorts["spend"];
  readonly keepContent: (record: RequestRecord, said: Pick<EndFacts, "served" | "choices">) => void;
}
