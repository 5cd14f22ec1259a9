/**
 * Half an hour of mixed traffic at half load, with faults, hang-ups, slow readers, reloads and kills:
 * `node bench/soak.ts [--minutes 30] [--per-second N] [--most-mb-per-minute 0.5]`. Prints what came of memory, loop and records. Exit
 * code 1 when a record was lost, a request refused, an error is explained by no fault, or memory surely grows faster than it may.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createRandom } from "../src/analysis/random.ts";
import { quantile } from "./arithmetic.ts";
import { freePort, type Started, start, waitForPort } from "./processes.ts";
import { readOptions } from "./read-options.ts";
import { type Slope, slopeOf } from "./slope.ts";
import { writeSoakConfig } from "./soak-config.ts";
import type { SoakReading } from "./soak-probe.ts";
import { Traffic } from "./soak-traffic.ts";

const bench = import.meta.dirname;
const options = soakOptions();
const folder = mkdtempSync(path.join(tmpdir(), "assay-soak-"));
const helpers: Started[] = [];
try {
  process.exitCode = await soak();
} finally {
  await Promise.all(helpers.map((helper) => helper.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function soak(): Promise<number> {
  const ports = { port: await freePort(), adminPort: await freePort(), upstreamPort: await freePort() };
  const sinkPort = await freePort();
  await help("soak-upstream", ports.upstreamPort);
  await help("otlp-sink", sinkPort);
  const { file, change } = writeSoakConfig(folder, ports);
  const assay = startAssay(file, sinkPort);
  try {
    await waitForPort(assay, ports.port);
    const traffic = new Traffic(ports.port, createRandom(1).uniform);
    const capacity = await traffic.capacity(16, Math.min(10_000, options.minutes * 6000));
    const perSecond = options.perSecond ?? capacity / 2;
    process.stderr.write(
      `${capacity.toFixed(0)} a second at most; ${perSecond.toFixed(0)} a second for ${options.minutes} min\n`,
    );
    const control = disturb(ports.adminPort, change);
    await traffic.flow(perSecond, options.minutes * 60_000);
    control.stop();
    const status = await adminStatus(ports.adminPort);
    await assay.stop();
    return report({ traffic, assay, status, readings: readings(), perSecond });
  } finally {
    await assay.stop();
  }
}

async function help(script: string, port: number): Promise<void> {
  const helper = start({
    name: script,
    argv: [process.execPath, path.join(bench, `${script}.ts`), String(port)],
  });
  helpers.push(helper);
  await waitForPort(helper, port);
}

interface Assay extends Started {
  readonly droppedSpans: () => number;
  /** Errors in its log. */
  readonly errors: () => readonly string[];
}

function startAssay(config: string, sinkPort: number): Assay {
  let dropped = 0;
  const errors: string[] = [];
  let rest = "";
  const hear = (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      dropped += Number(/[Dd]ropped (\d+) spans/.exec(line)?.[1] ?? 0);
      if (line.includes('"level":"error"') && errors.length < 10) errors.push(line);
    }
  };
  const [probe, main] = [path.join(bench, "soak-probe.ts"), path.join(bench, "../src/main.ts")];
  const started = start({
    name: "assay",
    argv: [process.execPath, "--import", probe, main, "serve", "--config", config],
    cwd: folder,
    env: {
      SOAK_PROBE: path.join(folder, "probe.jsonl"),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sinkPort}`,
    },
    hear,
  });
  return { ...started, droppedSpans: () => dropped, errors: () => errors };
}

/** Every twenty seconds another revision, and the experiment killed or revived. */
function disturb(adminPort: number, change: (round: number) => void): { stop(): void } {
  const post = (route: string, body: object) =>
    fetch(`http://127.0.0.1:${adminPort}/admin/${route}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }).then((answer) => answer.arrayBuffer());
  let round = 0;
  const timer = setInterval(async () => {
    round += 1;
    change(round);
    await post("reload", { by: "soak", reason: "round" });
    await post(round % 2 === 0 ? "revive" : "kill", { scope: "soak", by: "soak", reason: "round" });
  }, 20_000);
  return { stop: () => clearInterval(timer) };
}

async function adminStatus(
  adminPort: number,
): Promise<{ readonly store: { readonly dropped_rows: number } }> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/status`);
  // Parse boundary: http/status.ts.
  return (await answer.json()) as { store: { dropped_rows: number } };
}

function readings(): readonly SoakReading[] {
  const lines = readFileSync(path.join(folder, "probe.jsonl"), "utf8").trimEnd().split("\n");
  // Parse boundary: soak-probe.ts.
  return lines.map((line) => JSON.parse(line) as SoakReading);
}

function recordsKept(): number {
  const database = new DatabaseSync(path.join(folder, ".assay", "records.db"), { readOnly: true });
  try {
    return Number(database.prepare("SELECT count(*) AS n FROM records").get()?.n);
  } finally {
    database.close();
  }
}

interface Facts {
  readonly traffic: Traffic;
  readonly assay: Assay;
  readonly status: { readonly store: { readonly dropped_rows: number } };
  readonly readings: readonly SoakReading[];
  readonly perSecond: number;
}

function report({ traffic: { tally }, assay, status, readings: all, perSecond }: Facts): number {
  // What is warm is judged: the first fifth, at most five minutes, compiles code and fills caches.
  const warm = all.slice(Math.min(300, Math.floor(all.length / 5)));
  const rss = slopeOf(warm.map(({ atMs, rssMb }) => ({ x: atMs / 60_000, y: rssMb })));
  const heap = slopeOf(warm.map(({ atMs, heapMb }) => ({ x: atMs / 60_000, y: heapMb })));
  const kept = recordsKept();
  const lost = tally.answered - kept;
  const [first, last] = [warm[0], warm.at(-1)];
  const lines = [
    `${options.minutes} min at ${perSecond.toFixed(0)} a second: ${Object.entries(tally.byKind)
      .map(([kind, n]) => `${n} ${kind}`)
      .join(", ")}`,
    `RSS ${first?.rssMb.toFixed(0)} to ${last?.rssMb.toFixed(0)} MB, ${slopeText(rss)}; heap ${slopeText(heap)}`,
    `loop delay p50 ${median(warm.map((one) => one.delayP50Ms))} ms, p99 of a second ${median(warm.map((one) => one.delayP99Ms))} ms, max ${Math.max(...warm.map((one) => one.delayMaxMs)).toFixed(0)} ms`,
    `handles ${first?.handles} to ${last?.handles}`,
    `${tally.answered} chats answered, ${kept} recorded, ${lost} lost, ${tally.refused} refused, ${status.store.dropped_rows} rows dropped; ${tally.outcomes} outcomes; ${assay.droppedSpans()} spans dropped`,
    `${tally.unexplained} unexplained errors, ${assay.errors().length} errors in the log`,
    ...tally.surprises,
    ...assay.errors(),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  const grows = rss.low > options.mostMbPerMinute;
  return lost !== 0 || tally.unexplained > 0 || tally.refused > 0 || grows ? 1 : 0;
}

function slopeText({ slope, low, high }: Slope): string {
  return `${slope.toFixed(2)} MB/min (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function median(values: readonly number[]): string {
  return quantile(values, 0.5).toFixed(1);
}

function soakOptions() {
  const usage = `npm run soak -- [--minutes 30] [--per-second N] [--most-mb-per-minute 0.5]
Memory settles in the first minutes: a run of less than ten says little of its slope.`;
  const values = readOptions(usage, {
    minutes: { type: "string", default: "30" },
    "per-second": { type: "string" },
    "most-mb-per-minute": { type: "string", default: "0.5" },
  });
  const perSecond = values["per-second"];
  return {
    minutes: bounded("minutes", values.minutes, 1440),
    perSecond: perSecond === undefined ? undefined : bounded("per-second", perSecond, 10_000),
    mostMbPerMinute: bounded("most-mb-per-minute", values["most-mb-per-minute"], 1000),
  };
}

function bounded(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  process.stderr.write(`--${name} takes a number above 0, at most ${most}, not "${text}"\n`);
  return process.exit(2);
}
