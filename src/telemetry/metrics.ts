/** Turns finished requests and the state of the process into metric points. Never sampled. */
import type { Operation } from "../domain/chat.ts";
import type { OutcomeReceipt } from "../domain/outcome.ts";
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
  readonly breakers: readonly {
    readonly upstream: string;
    readonly state: "closed" | "half_open" | "open";
  }[];
}

export interface Metrics {
  outcomes(receipts: readonly OutcomeReceipt[]): void;
  readonly instruments: readonly Instrument[];
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
  configReload(result: "applied" | "unchanged" | "refused"): void;
  refresh(state: ProcessState): void;
}

type Name = keyof typeof metric;

export function createMetrics(providerOf: (upstream: string) => string): Metrics {
  const all = new Map<Name, Instrument>();
  const of = (name: Name): Instrument => {
    const known = all.get(name);
    if (known !== undefined) return known;
    const instrument = new Instrument(metric[name]);
    all.set(name, instrument);
    return instrument;
  };
  // Made once, in the table's order, so that a look-up is all that a request pays.
  for (const name of Object.keys(metric)) of(name as Name);

  const http: Metrics["http"] = ({ route, method, status, latencyMs }) =>
    of("httpServerDuration").record(latencyMs / 1000, knownMethod(method), route, String(status));

  return {
    instruments: [...all.values()],
    http,
    request(record, facts) {
      http({ ...facts, status: record.status, latencyMs: record.latencyMs });
      recordRequest(of, record);
      recordAttempts(of, record);
      // GenAI's instruments count generative operations.
      if (facts.operation === "chat") recordGenAi(of, record, providerOf);
    },
    refused: (reason) => of("requestsRefused").add(1, reason),
    redactions: (rules) => {
      for (const rule of rules) of("redactions").add(1, rule);
    },
    outcomes: (receipts) => {
      for (const { status } of receipts) of("outcomes").add(1, status);
    },
    configReload: (result) => of("configReloads").add(1, result),
    refresh: (state) => refreshGauges(of, state),
  };
}

function recordRequest(of: (name: Name) => Instrument, record: RequestRecord): void {
  const experiment = record.experimentId ?? "";
  // Only a unit that was split has a variant in the sense of the analysis; the others would blur it.
  const variant =
    record.reason === "split" || (record.reason === "killed" && record.unitHash !== undefined)
      ? (record.assignedVariantId ?? "")
      : "";
  const { outcome, safety } = record;
  of("requests").add(1, experiment, variant, outcome, safety, String(record.fallback !== undefined));
  of("requestDuration").record(record.latencyMs / 1000, experiment, variant, outcome);
  if (record.isExposed) of("exposures").add(1, experiment, variant);
  if (record.fallback !== undefined) {
    // Which variant, or that it was another model; a model's own name is not bounded.
    of("fallbacks").add(1, experiment, variant, fallbackKind(record), record.fallback.cause);
  }
  for (const { result, phase } of record.validations)
    of("validations").add(1, experiment, variant, result, phase);
  recordSpend(of, record, [experiment, variant]);
}

function recordSpend(
  of: (name: Name) => Instrument,
  record: RequestRecord,
  labels: readonly [string, string],
): void {
  for (const { usage } of record.attempts) {
    if (usage === undefined) continue;
    of("tokens").add(usage.inputTokens, ...labels, "input");
    of("tokens").add(usage.outputTokens, ...labels, "output");
    if (usage.cachedInputTokens) of("tokens").add(usage.cachedInputTokens, ...labels, "cached_input");
    if (usage.reasoningTokens) of("tokens").add(usage.reasoningTokens, ...labels, "reasoning");
  }
  if (record.costUsd !== undefined) of("cost").add(record.costUsd, ...labels);
  else if (record.attempts.some(({ usage }) => usage !== undefined)) of("costUnknown").add(1, ...labels);
}

function recordAttempts(of: (name: Name) => Instrument, record: RequestRecord): void {
  for (const attempt of record.attempts) {
    of("attempts").add(1, attempt.upstream, attempt.reason, attempt.cause ?? "success");
    if (attempt.malformedChunks > 0) of("malformedChunks").add(attempt.malformedChunks, attempt.upstream);
  }
}

function recordGenAi(
  of: (name: Name) => Instrument,
  record: RequestRecord,
  providerOf: (upstream: string) => string,
): void {
  for (const attempt of record.attempts) {
    const provider = providerOf(attempt.upstream);
    of("operationDuration").record(attempt.durationMs / 1000, "chat", provider, attempt.cause ?? "");
    if (attempt.usage?.source !== "provider") continue;
    of("tokenUsage").record(attempt.usage.inputTokens, "chat", provider, "input");
    of("tokenUsage").record(attempt.usage.outputTokens, "chat", provider, "output");
  }
  const last = record.attempts.at(-1);
  if (last === undefined || record.firstChunkMs === undefined) return;
  const provider = providerOf(last.upstream);
  of("timeToFirstChunk").record(record.firstChunkMs / 1000, "chat", provider);
  if (record.chunks > 1) {
    const perChunkMs = (last.durationMs - record.firstChunkMs) / (record.chunks - 1);
    of("timePerOutputChunk").record(Math.max(0, perChunkMs) / 1000, "chat", provider);
  }
}

function refreshGauges(of: (name: Name) => Instrument, state: ProcessState): void {
  of("active").set(state.active);
  of("configValid").set(state.isConfigValid ? 1 : 0);
  of("recordsQueued").set(state.store.queuedRows);
  of("recordsWritten").set(state.store.writtenRows);
  of("recordsDropped").set(state.store.droppedRows);
  of("storeDegraded").set(state.store.state === "ok" ? 0 : 1);
  of("killSwitch").clear();
  for (const scope of state.killScopes) of("killSwitch").set(1, scope);
  of("breakerState").clear();
  const worst = new Map<string, number>();
  const rank = { closed: 0, half_open: 1, open: 2 };
  for (const { upstream, state: circuit } of state.breakers) {
    worst.set(upstream, Math.max(worst.get(upstream) ?? 0, rank[circuit]));
  }
  for (const [upstream, value] of worst) of("breakerState").set(value, upstream);
}

function fallbackKind(record: RequestRecord): string {
  if (record.fallback?.to === "canned") return "canned";
  return record.servedVariantId === undefined ? "model" : `variant:${record.servedVariantId}`;
}

/** The conventions' own set; a client's invention must not become a series. */
function knownMethod(method: string): string {
  return ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"].includes(method) ? method : "_OTHER";
}
