import type { Revision } from "../../domain/config.ts";
import type { RampConfig } from "../../domain/ramp.ts";
import { sharesOf } from "../shares.ts";
import { draftRamp } from "./draft.ts";
import type { KeptRamp } from "./journal.ts";
import { rampShares } from "./shares.ts";

/** Whether a revision serves the shares that the ramp wants. */
export function isInForce({ state, plan }: KeptRamp, { config }: Revision): boolean {
  const experiment = config.experiments[plan.experimentId];
  if (experiment === undefined) return false;
  const wanted = rampShares(state, plan);
  const { coverage, weights } = sharesOf(experiment);
  return (
    experiment.incumbentId === wanted.incumbentId &&
    coverage === wanted.shares.coverage &&
    Object.entries(wanted.shares.weights).every(([id, weight]) => weights[id] === weight)
  );
}

/** The ramp of an experiment as it stands; where nothing was started, a draft of the file's plan. Undefined without a plan. */
export function standingRamp(
  { config }: Revision,
  experimentId: string,
  kept: ReadonlyMap<string, KeptRamp>,
): KeptRamp | undefined {
  const plan = Object.hasOwn(config.experiments, experimentId)
    ? config.experiments[experimentId]?.ramp
    : undefined;
  if (plan === undefined) return undefined;
  const known = kept.get(experimentId);
  return known !== undefined && isSameRamp(known.plan, plan) ? known : { state: draftRamp(plan), plan };
}

/** Another control, or another treatment, is another ramp: nothing of the one holds for the other. */
export function isSameRamp(one: RampConfig, other: RampConfig): boolean {
  return one.controlId === other.controlId && one.variantId === other.variantId;
}
