/** Shares that were set by hand, laid over those of the file. */
import type { Config, ExperimentConfig } from "../domain/config.ts";
import type { AllocatedEvent, ControlEvent, RampEvent, Shares, SharesEvent } from "../domain/control.ts";
import type { RampConfig } from "../domain/ramp.ts";
import { draftRamp } from "./ramp/draft.ts";
import { lastRamped } from "./ramp/journal.ts";
import { rampShares } from "./ramp/shares.ts";

export function sharesOf({ coverage, variants }: ExperimentConfig): Shares {
  return { coverage, weights: Object.fromEntries(variants.map(({ id, weight }) => [id, weight])) };
}

/**
 * The configuration as it is to serve. Shares set by hand stand until the file's own change: whoever edits the file after
 * that means the file. Where there is a plan of a ramp, the shares are the ramp's, and nobody meets a treatment before it is started.
 */
export function withShares(config: Config, events: readonly ControlEvent[]): Config {
  const set = lastAllocated(events);
  const ramped = lastRamped(events);
  const experiments: Record<string, ExperimentConfig> = Object.create(null);
  for (const [id, experiment] of Object.entries(config.experiments)) {
    experiments[id] =
      experiment.ramp === undefined
        ? allocatedBy(experiment, set.get(id))
        : rampedBy(experiment, experiment.ramp, ramped.get(id));
  }
  return { ...config, experiments };
}

function allocatedBy(experiment: ExperimentConfig, event: AllocatedEvent | undefined): ExperimentConfig {
  return event?.shares !== undefined && isSame(event.base, sharesOf(experiment))
    ? shared(experiment, event.shares)
    : experiment;
}

/** What was ramped may be in the file no longer: the plan that stands there now begins as a draft. */
function rampedBy(
  experiment: ExperimentConfig,
  plan: RampConfig,
  event: RampEvent | undefined,
): ExperimentConfig {
  const { controlId, variantId } = plan;
  const isKnown =
    event?.transition.to.variantId === variantId && Object.hasOwn(event.shares.weights, controlId);
  const { shares, incumbentId } = isKnown ? event : rampShares(draftRamp(plan), plan);
  return { ...shared(experiment, shares), incumbentId };
}

/** Whether what serves differs from the file: it then needs a revision of its own. */
export function sharesDigest(config: Config, served: Config): string {
  const changed = Object.values(served.experiments).filter(
    (experiment) => config.experiments[experiment.id] !== experiment,
  );
  return changed.length === 0
    ? ""
    : JSON.stringify(
        changed.map((experiment) => [
          experiment.id,
          sharesOf(experiment),
          ...(experiment.ramp === undefined ? [] : [experiment.incumbentId]),
        ]),
      );
}

/** The last order for each experiment: all that a configuration asks of the journal. */
export function sharesEvents(events: readonly ControlEvent[]): readonly SharesEvent[] {
  return [...lastAllocated(events).values(), ...lastRamped(events).values()];
}

function lastAllocated(events: readonly ControlEvent[]): ReadonlyMap<string, AllocatedEvent> {
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
