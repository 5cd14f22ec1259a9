import path from "node:path";
import { writeBenchConfig } from "./bench-config.ts";
import type { Scenario } from "./messages.ts";
import { hasNginx, nginxProxy, nginxUpstream } from "./nginx.ts";
import { type Command, freePort, type Started, start, waitForPort } from "./processes.ts";

export const candidateNames = ["assay", "assay-untraced", "relay", "nginx"] as const;
export type CandidateName = (typeof candidateNames)[number];

export interface Candidate {
  readonly name: CandidateName;
  readonly port: number;
  readonly started: Started;
}

export interface Stage {
  readonly upstream: string;
  readonly candidates: readonly Candidate[];
  readonly skipped: readonly CandidateName[];
  /** Bytes that the OTLP sink has taken, by path. */
  readonly telemetry: () => Promise<Readonly<Record<string, number>>>;
}

interface StageOptions {
  readonly scenario: Scenario;
  readonly names: readonly CandidateName[];
  readonly chunkIntervalMs: number;
  /** A folder that the caller removes. */
  readonly folder: string;
  /** Takes every process as soon as it runs, so that the caller can stop it whatever happens next. */
  readonly own: (started: Started) => void;
}

const bench = import.meta.dirname;

/** Starts the upstream, the sink and one process for each candidate; all of them listen when this resolves. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const [upstreamPort, sinkPort] = [await freePort(), await freePort()];
  const run = (command: Command, port: number) => listen(command, port, options.own);
  const upstream = upstreamCommand(options, upstreamPort);
  await run(upstream, upstreamPort);
  await run(script("otlp-sink", [sinkPort]), sinkPort);

  const skipped = options.names.filter((name) => name === "nginx" && !hasNginx());
  const candidates: Candidate[] = [];
  for (const name of options.names.filter((one) => !skipped.includes(one))) {
    const port = await freePort();
    const command = await candidateCommand(name, { folder: options.folder, port, upstreamPort, sinkPort });
    candidates.push({ name, port, started: await run(command, port) });
  }
  return { upstream: upstream.name, candidates, skipped, telemetry: () => received(sinkPort) };
}

async function listen(command: Command, port: number, own: StageOptions["own"]): Promise<Started> {
  const started = start(command);
  own(started);
  await waitForPort(started, port);
  return started;
}

function upstreamCommand({ scenario, folder, chunkIntervalMs }: StageOptions, port: number): Command {
  if (scenario === "plain" && hasNginx()) return nginxUpstream(path.join(folder, "upstream"), port);
  return script("upstream", [port, chunkIntervalMs]);
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
  readonly sinkPort: number;
}

async function candidateCommand(name: CandidateName, place: Place): Promise<Command> {
  const { port, upstreamPort, sinkPort } = place;
  const folder = path.join(place.folder, name);
  if (name === "relay") return script("relay", [port, `http://127.0.0.1:${upstreamPort}`]);
  if (name === "nginx") return nginxProxy(folder, port, upstreamPort);
  const config = writeBenchConfig(folder, { port, adminPort: await freePort(), upstreamPort });
  const argv = [process.execPath, path.join(bench, "../src/main.ts"), "serve", "--config", config] as const;
  const tracing: Record<string, string> =
    name === "assay-untraced"
      ? { OTEL_SDK_DISABLED: "true" }
      : { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sinkPort}`, OTEL_METRIC_EXPORT_INTERVAL: "1000" };
  return { name, argv, cwd: folder, env: tracing };
}

function script(name: string, args: readonly (string | number)[]): Command {
  return { name, argv: [process.execPath, path.join(bench, `${name}.ts`), ...args.map(String)] };
}

async function received(port: number): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  // Parse boundary: the sink is ours and says nothing else.
  return (await answer.json()) as Record<string, number>;
}
