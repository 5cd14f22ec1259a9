/** Shares that were set by hand, laid over those of the file. */
import type { Config, ExperimentConfig } from "../domain/config.ts";
import type { AllocatedEvent, ControlEvent, Shares } from "../domain/control.ts";

export function sharesOf({ coverage, variants }: ExperimentConfig): Shares {
  return { coverage, weights: Object.fromEntries(variants.map(({ id, weight }) => [id, weight])) };
}

/**
 * The configuration as it is to serve. Shares set by hand stand until the file's own change: whoever edits the file after
 * that means the file.
 */
export function withShares(config: Config, events: readonly ControlEvent[]): Config {
  const set = lastAllocated(events);
  if (set.size === 0) return config;
  const experiments: Record<string, ExperimentConfig> = Object.create(null);
  for (const [id, experiment] of Object.entries(config.experiments)) {
    const event = set.get(id);
    const stands = event?.shares !== undefined && isSame(event.base, sharesOf(experiment));
    experiments[id] = stands && event.shares ? shared(experiment, event.shares) : experiment;
  }
  return { ...config, experiments };
}

/** Whether what serves differs from the file: it then needs a revision of its own. */
export function sharesDigest(config: Config, served: Config): string {
  const changed = Object.values(served.experiments).filter(
    (experiment) => config.experiments[experiment.id] !== experiment,
  );
  return changed.length === 0
    ? ""
    : JSON.stringify(changed.map((experiment) => [experiment.id, sharesOf(experiment)]));
}

/** The last order for each experiment: all that a configuration asks of the journal. */
export function lastAllocated(events: readonly ControlEvent[]): ReadonlyMap<string, AllocatedEvent> {
  const last = new Map<string, AllocatedEvent>();
  for (const event of events) {
    const allocated = event.kind === "revision" ? event.allocated : event;
    if (allocated?.kind === "allocated") last.set(allocated.experimentId, allocated);
  }
  return last;
}

/** The experiment under these shares; a variant that they do not name keeps its weight. */
export function shared(experiment: ExperimentConfig, { coverage, weights }: Shares): ExperimentConfig {
  const variants = experiment.variants.map((variant) => ({
    ...variant,
    weight: Object.hasOwn(weights, variant.id) ? (weights[variant.id] ?? 0) : variant.weight,
  }));
  return { ...experiment, coverage, variants };
}

function isSame(one: Shares, other: Shares): boolean {
  const ids = Object.keys(one.weights);
  return (
    one.coverage === other.coverage &&
    ids.length === Object.keys(other.weights).length &&
    ids.every((id) => one.weights[id] === other.weights[id])
  );
}
