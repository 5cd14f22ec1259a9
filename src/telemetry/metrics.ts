/** Turns finished requests and the state of the process into metric points. Never sampled. */
import type { Operation, TokenUsage } from "../domain/chat.ts";
import type { OutcomeReceipt } from "../domain/outcome.ts";
import type { RampState } from "../domain/ramp.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { StoreHealth } from "../domain/store.ts";
import { Instrument } from "./instruments.ts";
import { metric } from "./semconv-metrics.ts";

/** What gauges show, asked for at each collection. */
export interface ProcessState {
  readonly active: number;
  readonly isConfigValid: boolean;
  readonly killScopes: readonly string[];
  readonly store: StoreHealth;
  readonly ramps: readonly Pick<RampState, "experimentId" | "status" | "step">[];
  readonly breakers: readonly {
    readonly upstream: string;
    readonly state: "closed" | "half_open" | "open";
  }[];
}

/** What becomes of the items of a queue in front of a collector. */
export interface QueueInstruments {
  readonly processed: Instrument;
  readonly size: Instrument;
  readonly capacity: Instrument;
}

export interface Metrics {
  outcomes(receipts: readonly OutcomeReceipt[]): void;
  readonly instruments: readonly Instrument[];
  readonly queues: Readonly<Record<"span" | "log", QueueInstruments>>;
  request(
    record: RequestRecord,
    facts: { readonly route: string; readonly method: string; readonly operation: Operation },
  ): void;
  /** A route without an experiment: only HTTP's own metric. */
  http(facts: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly latencyMs: number;
  }): void;
  refused(reason: string): void;
  redactions(rules: readonly string[]): void;
  guardrailTokens(guardrail: string, usage: TokenUsage): void;
  configReload(result: "applied" | "unchanged" | "refused"): void;
  refresh(state: ProcessState): void;
}

type Instruments = Readonly<Record<keyof typeof metric, Instrument>>;

export function createMetrics(providerOf: (upstream: string) => string): Metrics {
  // One for each entry of the table; fromEntries forgets the names.
  const metrics = Object.fromEntries(
    Object.entries(metric).map(([name, definition]) => [name, new Instrument(definition)]),
  ) as unknown as Instruments;

  const http: Metrics["http"] = ({ route, method, status, latencyMs }) =>
    metrics.httpServerDuration.record(latencyMs / 1000, knownMethod(method), route, String(status));

  return {
    instruments: Object.values(metrics),
    queues: {
      span: {
        processed: metrics.spansProcessed,
        size: metrics.spanQueueSize,
        capacity: metrics.spanQueueCapacity,
      },
      log: {
        processed: metrics.logsProcessed,
        size: metrics.logQueueSize,
        capacity: metrics.logQueueCapacity,
      },
    },
    http,
    request(record, facts) {
      http({ ...facts, status: record.status, latencyMs: record.latencyMs });
      recordRequest(metrics, record);
      recordAttempts(metrics, record);
      // GenAI's instruments count generative operations.
      if (facts.operation === "chat") recordGenAi(metrics, record, providerOf);
    },
    refused: (reason) => metrics.requestsRefused.add(1, reason),
    redactions: (rules) => {
      for (const rule of rules) metrics.redactions.add(1, rule);
    },
    outcomes: (receipts) => {
      for (const { status } of receipts) metrics.outcomes.add(1, status);
    },
    guardrailTokens: (guardrail, { inputTokens, outputTokens }) => {
      metrics.guardrailTokens.add(inputTokens, guardrail, "input");
      metrics.guardrailTokens.add(outputTokens, guardrail, "output");
    },
    configReload: (result) => metrics.configReloads.add(1, result),
    refresh: (state) => refreshGauges(metrics, state),
  };
}

function recordRequest(metrics: Instruments, record: RequestRecord): void {
  const experiment = record.experimentId ?? "";
  // Only a unit that was split has a variant in the sense of the analysis; the others would blur it.
  const variant =
    record.reason === "split" || (record.reason === "killed" && record.unitHash !== undefined)
      ? (record.assignedVariantId ?? "")
      : "";
  const { outcome, safety } = record;
  metrics.requests.add(1, experiment, variant, outcome, safety, String(record.fallback !== undefined));
  metrics.requestDuration.record(record.latencyMs / 1000, experiment, variant, outcome);
  if (record.isExposed) metrics.exposures.add(1, experiment, variant);
  if (record.fallback !== undefined) {
    // Which variant, or that it was another model; a model's own name is not bounded.
    metrics.fallbacks.add(1, experiment, variant, fallbackKind(record), record.fallback.cause);
  }
  for (const { result, phase } of record.validations)
    metrics.validations.add(1, experiment, variant, result, phase);
  for (const { name, stage, verdict, isShadow, durationMs } of record.guardrails) {
    metrics.guardrails.add(1, experiment, variant, name, stage, verdict, String(isShadow));
    metrics.guardrailDuration.record(durationMs / 1000, name, stage);
  }
  recordSpend(metrics, record, [experiment, variant]);
}

function recordSpend(metrics: Instruments, record: RequestRecord, labels: readonly [string, string]): void {
  for (const { usage } of record.attempts) {
    if (usage === undefined) continue;
    metrics.tokens.add(usage.inputTokens, ...labels, "input");
    metrics.tokens.add(usage.outputTokens, ...labels, "output");
    if (usage.cachedInputTokens) metrics.tokens.add(usage.cachedInputTokens, ...labels, "cached_input");
    if (usage.reasoningTokens) metrics.tokens.add(usage.reasoningTokens, ...labels, "reasoning");
  }
  if (record.costUsd !== undefined) metrics.cost.add(record.costUsd, ...labels);
  else if (record.attempts.some(({ usage }) => usage !== undefined)) metrics.costUnknown.add(1, ...labels);
}

function recordAttempts(metrics: Instruments, record: RequestRecord): void {
  for (const attempt of record.attempts) {
    metrics.attempts.add(1, attempt.upstream, attempt.reason, attempt.cause ?? "success");
    if (attempt.malformedChunks > 0) metrics.malformedChunks.add(attempt.malformedChunks, attempt.upstream);
  }
}

function recordGenAi(
  metrics: Instruments,
  record: RequestRecord,
  providerOf: (upstream: string) => string,
): void {
  for (const attempt of record.attempts) {
    const provider = providerOf(attempt.upstream);
    metrics.operationDuration.record(attempt.durationMs / 1000, "chat", provider, attempt.cause ?? "");
    if (attempt.usage?.source !== "provider") continue;
    metrics.tokenUsage.record(attempt.usage.inputTokens, "chat", provider, "input");
    metrics.tokenUsage.record(attempt.usage.outputTokens, "chat", provider, "output");
  }
  const last = record.attempts.at(-1);
  if (last === undefined || record.firstChunkMs === undefined) return;
  const provider = providerOf(last.upstream);
  metrics.timeToFirstChunk.record(record.firstChunkMs / 1000, "chat", provider);
  if (record.chunks > 1) {
    const perChunkMs = (last.durationMs - record.firstChunkMs) / (record.chunks - 1);
    metrics.timePerOutputChunk.record(Math.max(0, perChunkMs) / 1000, "chat", provider);
  }
}

function refreshGauges(metrics: Instruments, state: ProcessState): void {
  metrics.active.set(state.active);
  metrics.configValid.set(state.isConfigValid ? 1 : 0);
  metrics.recordsQueued.set(state.store.queuedRows);
  metrics.recordsWritten.set(state.store.writtenRows);
  metrics.recordsDropped.set(state.store.droppedRows);
  metrics.storeDegraded.set(state.store.state === "ok" ? 0 : 1);
  metrics.killSwitch.clear();
  for (const scope of state.killScopes) metrics.killSwitch.set(1, scope);
  metrics.rampStep.clear();
  metrics.rampStatus.clear();
  for (const { experimentId, status, step } of state.ramps) {
    metrics.rampStep.set(step + 1, experimentId);
    metrics.rampStatus.set(1, experimentId, status);
  }
  metrics.breakerState.clear();
  const worst = new Map<string, number>();
  const rank = { closed: 0, half_open: 1, open: 2 };
  for (const { upstream, state: circuit } of state.breakers) {
    worst.set(upstream, Math.max(worst.get(upstream) ?? 0, rank[circuit]));
  }
  for (const [upstream, value] of worst) metrics.breakerState.set(value, upstream);
}

function fallbackKind(record: RequestRecord): string {
  if (record.fallback?.to === "canned") return "canned";
  return record.servedVariantId === undefined ? "model" : `variant:${record.servedVariantId}`;
}

/** The conventions' own set; a client's invention must not become a series. */
function knownMethod(method: string): string {
  return methods.has(method) ? method : "_OTHER";
}

const methods = new Set(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]);
