import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CandidateSpec, Place } from "./candidates.ts";
import { hasNginx, nginxUpstream } from "./nginx.ts";
import { type Command, freePort, type Started, start, waitForPort } from "./processes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Target } from "./target.ts";

export interface Candidate {
  readonly spec: CandidateSpec;
  readonly place: Place;
  readonly target: Target;
  readonly version: string | undefined;
  readonly started: Started;
}

export interface Absent {
  readonly name: string;
  readonly reason: string;
}

export interface Stage {
  readonly upstream: string;
  readonly candidates: readonly Candidate[];
  readonly absent: readonly Absent[];
  /** Bytes that the OTLP sink has taken, by path. */
  readonly telemetry: () => Promise<Readonly<Record<string, number>>>;
  readonly stop: () => Promise<void>;
}

interface StageOptions {
  readonly upstream: Scenario["upstream"];
  readonly specs: readonly CandidateSpec[];
  /** A folder that the caller removes. */
  readonly folder: string;
  /** Takes every process as soon as it runs, so that the caller can stop it whatever happens next. */
  readonly own: (started: Started) => void;
}

/** Starts the upstream, the sink and one process for each candidate that is here; all of them listen when this resolves. */
export async function setStage({ upstream, specs, folder, own }: StageOptions): Promise<Stage> {
  const processes: Started[] = [];
  const run = async (command: Command, port: number) => {
    const started = start(command);
    processes.push(started);
    own(started);
    await waitForPort(started, port);
    return started;
  };
  const [upstreamPort, sinkPort] = [await freePort(), await freePort()];
  const model = upstreamCommand(upstream, folder, upstreamPort);
  await Promise.all([run(model, upstreamPort), run(script("otlp-sink", sinkPort), sinkPort)]);
  const absent: Absent[] = [];
  const candidates: Candidate[] = [];
  for (const spec of specs) {
    try {
      const reason = spec.absence?.();
      if (reason !== undefined) absent.push({ name: spec.name, reason });
      else candidates.push(await begin(spec, { folder, upstreamPort, sinkPort, run }));
    } catch (error) {
      // Another's program that does not start is no fault of this run.
      if (spec.group !== "peer") throw error;
      absent.push({ name: spec.name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return {
    upstream: model.name,
    candidates,
    absent,
    telemetry: () => received(sinkPort),
    stop: () => stopAll(processes),
  };
}

/** Plays on a stage in a folder of its own; both are gone when it ends, whatever the end. */
export async function onStage<T>(
  options: Pick<StageOptions, "upstream" | "specs">,
  play: (candidates: readonly Candidate[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "assay-stage-"));
  const processes: Started[] = [];
  try {
    const stage = await setStage({ ...options, folder, own: (started) => void processes.push(started) });
    return await play(stage.candidates);
  } finally {
    await stopAll(processes);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The last comes first: a proxy that stops may still want its upstream and its sink. */
export async function stopAll(processes: readonly Started[]): Promise<void> {
  for (const started of processes.toReversed()) await started.stop();
}

function upstreamCommand(kind: Scenario["upstream"], folder: string, port: number): Command {
  if (kind === "fast" && hasNginx()) return nginxUpstream(path.join(folder, "upstream"), port);
  return { ...script("upstream", port), name: "Node" };
}

interface Surroundings extends Pick<Place, "folder" | "upstreamPort" | "sinkPort"> {
  readonly run: (command: Command, port: number) => Promise<Started>;
}

async function begin(spec: CandidateSpec, { run, ...around }: Surroundings): Promise<Candidate> {
  const folder = path.join(around.folder, spec.name);
  mkdirSync(folder, { recursive: true });
  const place = { ...around, folder, port: await freePort(), adminPort: await freePort() };
  const started = await run(await spec.command(place), place.port);
  return { spec, place, target: spec.target?.(place) ?? {}, version: spec.version?.(), started };
}

function script(name: string, port: number): Command {
  return { name, argv: [process.execPath, path.join(import.meta.dirname, `${name}.ts`), String(port)] };
}

async function received(port: number): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  // Parse boundary: the sink is ours and says nothing else.
  return (await answer.json()) as Record<string, number>;
}
