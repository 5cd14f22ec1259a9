import type { ExperimentConfig } from "../../domain/config.ts";
import type { LedgerEntry } from "../../domain/experiment.ts";
import type { RampConfig, RampState } from "../../domain/ramp.ts";
import { allocate } from "../allocation.ts";
import { shareOf, subtractRanges } from "../line.ts";
import { conflicts, newEntries } from "../range-ledger.ts";
import { shared } from "../shares.ts";
import { draftRamp } from "./draft.ts";
import { rampShares, treatmentShare } from "./shares.ts";

/** What one step would do to the units of the line; shares are parts of it, 0 to 1. */
export interface PlannedMove {
  /** Index of the step; the number of steps stands for completion. */
  readonly step: number;
  /** Who meets the treatment: once it is complete, all but the control's. */
  readonly treatmentShare: number;
  readonly controlShare: number;
  /** Units that meet the treatment, or count for the control, for the first time. */
  readonly entersTreatment: number;
  readonly entersControl: number;
  /** Units that would be recorded in another arm than before: 0, or the ledger refuses the step. */
  readonly changesArm: number;
}

/** What a ramp would move, step by step, laid over what units have met so far. Call it for a ramp without a `rampProblem`. */
export function plannedMoves(
  experiment: ExperimentConfig,
  config: RampConfig,
  ledger: readonly LedgerEntry[],
): readonly PlannedMove[] {
  const begun: RampState = { ...draftRamp(config), status: "observing" };
  const states: RampState[] = [
    ...config.steps.map((_, step): RampState => ({ ...begun, step })),
    { ...begun, step: config.steps.length - 1, status: "completing" },
  ];
  let entries = ledger;
  return states.map((state, step) => {
    const wanted = rampShares(state, config);
    const served = shared(experiment, wanted.shares);
    const allocation = allocate(served);
    const entering = newEntries(entries, served, allocation);
    const moved = conflicts(entries, served, allocation).flatMap((one) =>
      one.kind === "moved" ? one.share : [],
    );
    const rangesOf = (variantId: string) =>
      allocation.ranges.filter((range) => range.variantId === variantId);
    const enters = (variantId: string) => {
      const known = entries.filter((entry) => entry.variantId === variantId);
      return shareOf(rangesOf(variantId).flatMap((range) => subtractRanges(range, known)));
    };
    const move = {
      step,
      treatmentShare: treatmentShare(wanted, config),
      controlShare: shareOf(rangesOf(config.controlId)),
      entersTreatment: enters(config.variantId),
      entersControl: enters(config.controlId),
      changesArm: moved.reduce((sum, share) => sum + share, 0),
    };
    entries = [...entries, ...entering];
    return move;
  });
}
