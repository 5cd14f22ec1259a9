/**
 * What becomes of requests at several times the capacity: `node bench/overload.ts [--seconds 8] [--loads 0.3,1,3] [--off]`. Open loop: the
 * generator sends on, whatever comes back. `--off` takes the limit of the loop's delay away, to see what it is for.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { writeBenchConfig } from "./bench-config.ts";
import type { LoadResult } from "./load.ts";
import { hasNginx, nginxUpstream } from "./nginx.ts";
import type { OverloadResult } from "./overload-load.ts";
import { type Command, freePort, type Started, start, usageOf, waitForPort } from "./processes.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    loads: { type: "string", default: "0.3,1,3" },
    off: { type: "boolean", default: false },
  },
});
const bench = import.meta.dirname;
const execute = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "assay-overload-"));
const processes: Started[] = [];
try {
  await measure();
} finally {
  await Promise.all(processes.toReversed().map((started) => started.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const port = await freePort();
  const assay = await startAssay(port);
  // Twice: the first warms up.
  await closedLoop(port);
  const capacity = await closedLoop(port);
  print(
    `capacity ${capacity.toFixed(0)} a second, by 32 clients without a pause; limit ${values.off ? "off" : "on"}`,
  );
  print("load   phase   answered/s  refused/s  p50 ms  p99 ms  healthz p50, max ms  CPU s/s");
  for (const load of values.loads.split(",").map(Number)) {
    await delay(2000);
    const cpuBefore = usageOf(assay.pid).cpuUs;
    const { onset, steady, errors } = await openLoop(port, load * capacity);
    const cpu = (usageOf(assay.pid).cpuUs - cpuBefore) / 1e6 / Number(values.seconds);
    for (const [name, phase] of Object.entries({ onset, steady })) print(line(`x ${load}`, name, phase, cpu));
    for (const error of errors) print(`wrong: ${error}`);
    if (errors.length > 0 && !values.off) process.exitCode = 1;
  }
}

async function startAssay(port: number): Promise<Started> {
  const [upstreamPort, sinkPort] = [await freePort(), await freePort()];
  const upstream = hasNginx()
    ? nginxUpstream(path.join(folder, "upstream"), upstreamPort)
    : script("upstream", upstreamPort, 10);
  await run(upstream, upstreamPort);
  await run(script("otlp-sink", sinkPort), sinkPort);
  const file = writeBenchConfig(path.join(folder, "assay"), {
    port,
    adminPort: await freePort(),
    upstreamPort,
  });
  const config = JSON.parse(readFileSync(file, "utf8"));
  // The upstream is not what is overloaded here.
  config.upstreams.bench.max_concurrent = 10_000;
  if (values.off) config.server.limits = { loop_delay_ms: 0 };
  writeFileSync(file, JSON.stringify(config));
  const argv = [process.execPath, path.join(bench, "../src/main.ts"), "serve", "--config", file] as const;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sinkPort}` };
  return await run({ name: "assay", argv, cwd: folder, env }, port);
}

async function run(command: Command, port: number): Promise<Started> {
  const started = start(command);
  processes.push(started);
  await waitForPort(started, port);
  return started;
}

function script(name: string, ...args: readonly number[]): Command {
  return { name, argv: [process.execPath, path.join(bench, `${name}.ts`), ...args.map(String)] };
}

/** Answers a second to 32 clients that ask again at once. */
async function closedLoop(port: number): Promise<number> {
  const count = 6000;
  const { wallMs, errors } = (await output("load", port, "plain", 32, count)) as LoadResult;
  if (errors.length > 0) throw new Error(errors.join("; "));
  return (count / wallMs) * 1000;
}

async function openLoop(port: number, perSecond: number): Promise<OverloadResult> {
  return (await output("overload-load", port, Math.round(perSecond), values.seconds)) as OverloadResult;
}

/** Parse boundary: the callers name what the script prints. */
async function output(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
  const argv = [path.join(bench, `${name}.ts`), ...args.map(String)];
  const { stdout } = await execute(process.execPath, argv, { maxBuffer: 256 * 1_048_576 });
  return JSON.parse(stdout);
}

function line(load: string, name: string, phase: OverloadResult["steady"], cpu: number): string {
  const { seconds, acceptedMs, refusedMs, healthMs } = phase;
  return [
    load.padEnd(6),
    name.padEnd(7),
    (acceptedMs.length / seconds).toFixed(0).padStart(10),
    (refusedMs.length / seconds).toFixed(0).padStart(10),
    quantile(acceptedMs, 0.5).padStart(7),
    quantile(acceptedMs, 0.99).padStart(7),
    `${quantile(healthMs, 0.5)}, ${quantile(healthMs, 1)}`.padStart(20),
    cpu.toFixed(2).padStart(8),
  ].join(" ");
}

function quantile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
