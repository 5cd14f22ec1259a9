/** What a running proxy says of itself that a simulation must know. */

import { loadConfig } from "../config/load.ts";
import { formatProblem } from "../config/problems.ts";
import { isObject } from "../core/chat-completion.ts";
import type { ExperimentConfig, VariantConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import { callAdmin } from "./admin-client.ts";
import { type Arguments, configPath, type Io } from "./command.ts";
import { onlyOf } from "./only-experiment.ts";

export interface TargetExperiment
  extends Pick<
    ExperimentConfig,
    "id" | "unit" | "unitSources" | "eligible" | "controlId" | "exposeAssignment" | "predict" | "analysis"
  > {
  readonly variants: readonly Pick<VariantConfig, "id" | "model">[];
  readonly kill_switches: readonly { readonly scope: string }[];
}

export interface Target {
  readonly experiment: TargetExperiment;
  /** All that the configuration declares. */
  readonly metrics: readonly OutcomeMetric[];
}

/** Throws a Failure for an experiment that is not there, or one that must be chosen. */
export async function readTarget(name: string | undefined, args: Arguments, io: Io): Promise<Target> {
  const answer = await callAdmin(args, io, { method: "GET", path: "/admin/experiments" });
  const experiments = Array.isArray(answer.experiments) ? answer.experiments.filter(isExperiment) : [];
  const metrics = isObject(answer.metrics) ? Object.values(answer.metrics) : metricsOfFile(args, io);
  // The parse boundary: the server is this package, and what it writes is this type.
  const declared = metrics as readonly OutcomeMetric[];
  const ids = experiments.map(({ id }) => id);
  const wanted = name ?? onlyOf("simulate", ids);
  const experiment = experiments.find(({ id }) => id === wanted);
  if (experiment !== undefined) return { experiment, metrics: declared };
  // It knows what may have been meant, and says so.
  const path = `/admin/experiments/${encodeURIComponent(wanted)}`;
  await callAdmin(args, io, { method: "GET", path });
  throw new Failure("invalid_value", `The server does not list the experiment "${wanted}".`);
}

function isExperiment(value: unknown): value is TargetExperiment {
  return (
    isObject(value) &&
    typeof value.id === "string" &&
    Array.isArray(value.variants) &&
    Array.isArray(value.unitSources) &&
    Array.isArray(value.eligible) &&
    isObject(value.analysis)
  );
}

/** Where the server does not tell its metrics: those of the file that it was started with. Throws where that cannot be read. */
function metricsOfFile(args: Arguments, io: Io): readonly unknown[] {
  const path = configPath(args, io);
  const loaded = loadConfig(path, io.env);
  if ("config" in loaded) return Object.values(loaded.config.metrics);
  const [problem] = loaded.problems.map(formatProblem);
  throw new Failure(
    "invalid_value",
    `What outcomes there are is read from the server's configuration: name it by --config.\n${problem}`,
  );
}

/** Throws where an upstream is real, unless that is wanted: every request would be billed. */
export async function checkSpending(
  experiment: Pick<TargetExperiment, "predict">,
  args: Arguments,
  io: Io,
): Promise<void> {
  if (args.flag("yes-spend-money")) return;
  const status = await callAdmin(args, io, { method: "GET", path: "/admin/status" });
  const upstreams = Array.isArray(status.upstreams) ? status.upstreams.filter(isObject) : [];
  const real = upstreams.filter((one) => one.is_scripted !== true);
  if (real.length === 0) return;
  const names = real.map((one) => `"${one.name}" at ${one.base_url}`).join(", ");
  throw new Failure(
    "invalid_value",
    `The upstream ${names} is not scripted: simulated requests may cost money there. ${cureOf(experiment)}`,
  );
}

// Only a provider of chat is played by a scripted one where its key is missing.
function cureOf({ predict }: Pick<TargetExperiment, "predict">): string {
  return predict === undefined
    ? "Start the server without its key, or say --yes-spend-money."
    : "A model server is always a real one: where requests to it do no harm, say --yes-spend-money.";
}

interface Seen {
  readonly units: number;
  readonly requests: number;
}

/** What the results of an experiment are made of by now. */
export async function countSeen(experimentId: string, args: Arguments, io: Io): Promise<Seen> {
  const path = `/admin/experiments/${encodeURIComponent(experimentId)}/stats`;
  const { variants } = await callAdmin(args, io, { method: "GET", path });
  const arms = Array.isArray(variants) ? variants.filter(isObject) : [];
  const sumOf = (name: "units" | "requests") =>
    arms.reduce((sum, arm) => sum + (typeof arm[name] === "number" ? arm[name] : 0), 0);
  return { units: sumOf("units"), requests: sumOf("requests") };
}

/** Waits until what was sent is written, at most ten seconds: results told before would miss it. */
export async function untilWritten(
  args: Arguments,
  io: Io,
  pause: (ms: number) => Promise<unknown>,
): Promise<void> {
  for (let look = 0; look < 100; look++) {
    const status = await callAdmin(args, io, { method: "GET", path: "/admin/status" });
    const queued = isObject(status.store) ? status.store.queued_rows : 0;
    if (Number(status.active_requests) === 0 && Number(queued) === 0) return;
    await pause(100);
  }
}
