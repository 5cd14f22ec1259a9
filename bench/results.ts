/**
 * How long the results over a full store take, and what they cost the chats meanwhile:
 * `node bench/results.ts [--records 1000000] [--units 100000] [--rounds 5] [--json]`. It fills a store of its own, starts an
 * Assay on it, and sends chats one by one, in turn with and without somebody asking for results all the time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createIds } from "../src/core/ids.ts";
import type { RequestRecord } from "../src/domain/record.ts";
import { openSqliteStore } from "../src/stores/sqlite/store.ts";
import { writeBenchConfig } from "./bench-config.ts";
import { freePort, type Started, start, waitForPort } from "./processes.ts";
import { readOptions } from "./read-options.ts";

const options = readOptions(
  "npm run bench:results -- [--records N] [--units N] [--rounds N] [--chats N] [--json]",
  {
    records: { type: "string", default: "1000000" },
    units: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    chats: { type: "string", default: "300" },
    json: { type: "boolean", default: false },
  },
);
const records = Number(options.records);
const units = Number(options.units);
const folder = mkdtempSync(path.join(tmpdir(), "assay-results-"));
const processes: Started[] = [];
try {
  const [port, adminPort, upstreamPort] = [await freePort(), await freePort(), await freePort()];
  const config = writeBenchConfig(folder, { port, adminPort, upstreamPort });
  const filling = await fill(path.join(folder, ".assay", "records.db"));
  const upstream = start({
    name: "upstream",
    argv: [process.execPath, "bench/upstream.ts", String(upstreamPort), "10"],
  });
  processes.push(upstream);
  await waitForPort(upstream, upstreamPort);
  const startedAt = performance.now();
  const assay = start({
    name: "assay",
    argv: [process.execPath, "src/main.ts", "serve", "--quiet", "--config", config],
    env: { OTEL_SDK_DISABLED: "true" },
  });
  processes.push(assay);
  await waitForPort(assay, port);
  const startMs = performance.now() - startedAt;
  const cold = await timed(() => results(adminPort, "used"));
  const warm: number[] = [];
  const all: number[] = [];
  const quiet: number[] = [];
  const asked: number[] = [];
  await chats(port, 200);
  for (let round = 0; round < Number(options.rounds); round++) {
    warm.push(await timed(() => results(adminPort, "used")));
    all.push(await timed(() => results(adminPort, "all")));
    quiet.push(...(await chats(port, Number(options.chats))));
    asked.push(...(await whileAsking(adminPort, () => chats(port, Number(options.chats)))));
  }
  const report = {
    records,
    units,
    filling,
    startMs,
    resultsMs: { cold, warm: quantiles(warm), all: quantiles(all) },
    chatMs: { quiet: quantiles(quiet), whileAsking: quantiles(asked) },
    node: process.versions.node,
  };
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : table(report));
} finally {
  await Promise.all(processes.map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
}

/** Appends as the proxy does, no faster than the disk takes it; the cost for a record is that of both threads. */
async function fill(file: string) {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const config = {
    engine: "sqlite",
    durability: "batched",
    retentionMs: 90 * 86_400_000,
    content: "off",
    contentRetentionMs: 7 * 86_400_000,
    commitMs: 200,
    queueRows: 100_000,
    queueBytes: 256 * 1024 * 1024,
  } as const;
  const store = openSqliteStore({ path: file, instance: "bench", boot: "fill", config, log, now: Date.now });
  const ids = createIds(Date.now);
  const began = performance.now();
  const cpu = process.cpuUsage();
  for (let i = 0; i < records; i++) {
    store.append(recordOf(i, ids.requestId()));
    if (i % 2000 === 0) while (store.health().queuedRows > 20_000) await delay(5);
  }
  await store.flush();
  const used = process.cpuUsage(cpu);
  const wallMs = performance.now() - began;
  const { droppedRows, writtenRows } = store.health();
  await store.close();
  if (droppedRows > 0 || writtenRows !== records)
    throw new Error(`${writtenRows} of ${records} were written`);
  return {
    rowsPerSecond: Math.round((1000 * records) / wallMs),
    cpuMicrosPerRow: (used.user + used.system) / records,
  };
}

function recordOf(i: number, requestId: string): RequestRecord {
  const unit = i % units;
  const variant = unit % 2 === 0 ? "control" : "candidate";
  const latencyMs = 300 + ((i * 7919) % 1000);
  const usage = {
    inputTokens: 800,
    outputTokens: 100 + (i % 97),
    cachedInputTokens: 512,
    reasoningTokens: undefined,
    source: "provider",
  } as const;
  return {
    requestId,
    traceId: "0".repeat(31) + (i % 10),
    receivedAt: Date.now(),
    revision: "bench",
    clientKeyId: undefined,
    experimentId: "bench",
    assignedVariantId: variant,
    servedVariantId: variant,
    reason: "split",
    isExposed: true,
    phase: "bench-phase",
    unitHash: unit.toString(16).padStart(32, "0"),
    sessionHash: undefined,
    unitSource: "user",
    isStream: false,
    attempts: [
      {
        number: 1,
        reason: "initial",
        upstream: "bench",
        model: "gpt-4.1-mini",
        cause: i % 50 === 0 ? "upstream_error" : undefined,
        durationMs: latencyMs,
        backoffMs: 0,
        maybeDuplicate: false,
        malformedChunks: 0,
        usage,
        costUsd: 0.0005,
        priceTable: "bench",
      },
    ],
    guardrails: [],
    validations: [
      { name: "schema", phase: "first", result: i % 20 === 0 ? "fail" : "pass", errorPath: undefined },
    ],
    prompt: { name: "bench", version: "v1", hash: "0a1b2c3d4e5f" },
    ragIndexVersion: undefined,
    requestModel: "bench",
    responseModel: "gpt-4.1-mini",
    responseId: "chatcmpl-bench",
    usage,
    costUsd: 0.0005 + (i % 13) / 1e5,
    priceTable: "bench",
    latencyMs,
    overheadMs: 1,
    firstChunkMs: undefined,
    chunks: 0,
    outcome: i % 50 === 0 ? "upstream_error" : "success",
    errorType: i % 50 === 0 ? "upstream_error" : undefined,
    status: i % 50 === 0 ? 502 : 200,
    safety: "pass",
    isRefusal: false,
    finishReasons: ["stop"],
    fallback: undefined,
    isClientRetry: false,
    prediction: undefined,
  };
}

async function results(adminPort: number, metrics: string): Promise<void> {
  const response = await fetch(
    `http://127.0.0.1:${adminPort}/admin/experiments/bench/results?metrics=${metrics}`,
  );
  const text = await response.text();
  const report: unknown = JSON.parse(text);
  // Only what proves that the answer is of all records is looked at.
  const { variants } = report as { readonly variants?: readonly { readonly requests: number }[] };
  const seen = (variants ?? []).reduce((sum, { requests }) => sum + requests, 0);
  if (response.status !== 200 || seen < records)
    throw new Error(`results of ${seen} requests: ${text.slice(0, 200)}`);
}

async function timed(act: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

/** One after the other on one connection, as one user sees them. Units of their own. */
async function chats(port: number, count: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let i = 0; i < count; i++) {
    const body = JSON.stringify({
      model: "gpt-4.1-mini",
      messages: [{ role: "user", content: "Where is my order?" }],
    });
    latencies.push(
      await timed(async () => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
          method: "POST",
          headers,
          body,
        });
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`a chat was answered ${response.status}`);
      }),
    );
  }
  return latencies;
}

async function whileAsking(adminPort: number, act: () => Promise<number[]>): Promise<number[]> {
  let isOver = false;
  const asking = (async () => {
    while (!isOver) await results(adminPort, "used");
  })();
  try {
    return await act();
  } finally {
    isOver = true;
    await asking;
  }
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function table(report: {
  readonly filling: { readonly rowsPerSecond: number; readonly cpuMicrosPerRow: number };
  readonly startMs: number;
  readonly resultsMs: { readonly cold: number; readonly warm: Quantiles; readonly all: Quantiles };
  readonly chatMs: { readonly quiet: Quantiles; readonly whileAsking: Quantiles };
}): string {
  const { filling, startMs, resultsMs, chatMs } = report;
  const line = (name: string, { p50, p99, max }: Quantiles) =>
    `${name.padEnd(34)} p50 ${p50.toFixed(1)}  p99 ${p99.toFixed(1)}  max ${max.toFixed(1)} ms\n`;
  return (
    `${records} records of ${units} units, node ${process.versions.node}\n` +
    `filled at ${filling.rowsPerSecond} rows/s, ${filling.cpuMicrosPerRow.toFixed(1)} µs CPU a row (all threads)\n` +
    `start to the first connection      ${startMs.toFixed(0)} ms\n` +
    `results right after the start      ${resultsMs.cold.toFixed(0)} ms\n` +
    line("results, goals and guardrails", resultsMs.warm) +
    line("results, all metrics", resultsMs.all) +
    line("a chat, nobody asks", chatMs.quiet) +
    line("a chat while results are asked for", chatMs.whileAsking)
  );
}
