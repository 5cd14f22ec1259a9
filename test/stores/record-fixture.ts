/** Records and outcomes as the proxy makes them, with what a test does not care for filled in. */
import { hash } from "node:crypto";
import { createIds } from "../../src/core/ids.ts";
import type { StoreConfig } from "../../src/domain/config.ts";
import type { Log } from "../../src/domain/log.ts";
import type { OutcomeRecord } from "../../src/domain/outcome.ts";
import type { AttemptRecord, RequestRecord } from "../../src/domain/record.ts";
import type { Phase } from "../../src/domain/store.ts";

const ids = createIds(Date.now);
let latest = 0;

/** Later than every one before it. */
export function nextTime(): number {
  latest = Math.max(latest + 1, Date.now());
  return latest;
}

export function attempt(change: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    number: 1,
    reason: "initial",
    upstream: "openai",
    model: "gpt-4.1-mini",
    cause: undefined,
    durationMs: 431.25,
    backoffMs: 0,
    maybeDuplicate: false,
    malformedChunks: 0,
    usage: {
      inputTokens: 812,
      outputTokens: 164,
      cachedInputTokens: 512,
      reasoningTokens: undefined,
      source: "provider",
    },
    costUsd: 0.00058,
    priceTable: "genai-prices 0.1.8",
    ...change,
  };
}

export function record(change: Partial<RequestRecord> = {}): RequestRecord {
  const attempts = change.attempts ?? [attempt()];
  return {
    requestId: ids.requestId(),
    traceId: ids.traceId(),
    receivedAt: nextTime(),
    clientKeyId: undefined,
    revision: "9b1d5e0c7a31",
    experimentId: "tone",
    assignedVariantId: "control",
    servedVariantId: "control",
    reason: "split",
    isExposed: true,
    phase: "4f0c2a7be811",
    unitHash: pseudonym("ada"),
    sessionHash: pseudonym("session-1"),
    unitSource: "header:x-assay-user",
    isStream: true,
    attempts,
    guardrails: [],
    validations: [{ name: "reply", phase: "first", result: "pass", errorPath: undefined }],
    prompt: { name: "support-reply", version: "3", hash: "0a1b2c3d4e5f" },
    ragIndexVersion: "2026-11-01",
    requestModel: "support",
    responseModel: "gpt-4.1-mini-2025-04-14",
    responseId: "chatcmpl-BqF2yWmVYVNgYYzvD3bV1q2v",
    usage: attempts.at(-1)?.usage,
    costUsd: 0.00058,
    priceTable: "genai-prices 0.1.8",
    latencyMs: 438.5,
    overheadMs: 3.25,
    firstChunkMs: 121.75,
    chunks: 37,
    outcome: "success",
    errorType: undefined,
    status: 200,
    safety: "pass",
    isRefusal: false,
    finishReasons: ["stop"],
    fallback: undefined,
    isClientRetry: false,
    prediction: undefined,
    ...change,
  };
}

export function outcome(change: Partial<OutcomeRecord> = {}): OutcomeRecord {
  const outcomeId = change.outcomeId ?? ids.requestId();
  return {
    outcomeId,
    metric: "resolved",
    subject: { kind: "unit", unitHash: pseudonym("ada") },
    value: 1,
    category: undefined,
    label: undefined,
    comment: undefined,
    at: nextTime(),
    receivedAt: nextTime(),
    // Under a key of its own: no two are the same by chance.
    isKeyed: true,
    idempotencyHash: hash("sha256", outcomeId),
    ...change,
  };
}

/** Without a key: two that say the same of the same metric and subject have the same hash. */
export function keyless(change: Partial<OutcomeRecord> = {}): OutcomeRecord {
  const one = outcome(change);
  const { metric, subject, value, category, label } = one;
  const idempotencyHash = hash("sha256", JSON.stringify([metric, subject, value, category, label]));
  return { ...one, isKeyed: false, idempotencyHash };
}

/** What was said in the request of a record, as its text. */
export function said(one: RequestRecord, content = "hello"): string {
  const { requestId, receivedAt, unitHash, sessionHash } = one;
  const input = [{ role: "user", parts: [{ type: "text", content }] }];
  return JSON.stringify({ requestId, receivedAt, unitHash, sessionHash, input, output: [] });
}

export function phase(change: Partial<Phase> = {}): Phase {
  return {
    id: "4f0c2a7be811",
    experimentId: "tone",
    startedAt: nextTime(),
    revision: "9b1d5e0c7a31",
    shares: { control: 0.5, warm: 0.5 },
    killed: [],
    ...change,
  };
}

export function pseudonym(name: string): string {
  return hash("sha256", name).slice(0, 32);
}

/** What a record is after a store has kept it: fields without a value may be missing. */
export function asKept<T>(value: T): unknown {
  return JSON.parse(JSON.stringify(value));
}

export const storeConfig: StoreConfig = {
  engine: "sqlite",
  durability: "batched",
  retentionMs: 90 * 86_400_000,
  content: "off",
  contentRetentionMs: 7 * 86_400_000,
  commitMs: 200,
  queueRows: 100_000,
  queueBytes: 67_108_864,
};

export interface RecordingLog extends Log {
  readonly lines: readonly string[];
  /** Resolves once a line matches, one that is there already too. */
  said(pattern: RegExp): Promise<string>;
}

export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  const at = (level: string) => (message: string) => {
    lines.push(`${level}: ${message}`);
    for (const hear of listeners) hear();
  };
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      const hear = () => {
        const line = lines.find((one) => pattern.test(one));
        if (line === undefined) return;
        listeners.delete(hear);
        resolve(line);
      };
      listeners.add(hear);
      hear();
    });
  return { lines, said, info: at("info"), warn: at("warn"), error: at("error") };
}
