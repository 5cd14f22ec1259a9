import type { Shares } from "../../domain/control.ts";
import type { RampConfig, RampState } from "../../domain/ramp.ts";

export interface RampShares {
  readonly shares: Shares;
  /** Serves units outside of the experiment's ranges. */
  readonly incumbentId: string;
}

/**
 * What a ramp wants to be in force. While it runs the control gets a slice as large as the treatment's, at the other end of the line; what is
 * in between meets the incumbent. Completed, the treatment becomes the incumbent and keeps the slice that it has, and the control keeps
 * the holdback: so the ledger holds, for no unit that was recorded in one arm is ever recorded in the other.
 */
export function rampShares(state: RampState, config: RampConfig): RampShares {
  const { controlId, variantId, holdback } = config;
  switch (state.status) {
    case "warming":
    case "observing":
    case "holding":
    case "paused": {
      const share = stepShare(state, config);
      return { shares: sharesFor(config, share, share), incumbentId: controlId };
    }
    case "completing":
    case "completed":
      return { shares: sharesFor(config, stepShare(state, config), holdback), incumbentId: variantId };
    case "draft":
    case "scheduled":
    case "rolling_back":
    case "rolled_back":
    case "aborted":
      return { shares: sharesFor(config, 0, 0), incumbentId: controlId };
  }
}

/** Of the units that may take part, those that meet the treatment: once it is complete, all but the holdback. */
export function treatmentShare(
  { shares: { coverage, weights }, incumbentId }: RampShares,
  { controlId, variantId }: Pick<RampConfig, "controlId" | "variantId">,
): number {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const rangeOf = (id: string) => (total === 0 ? 0 : (coverage * (weights[id] ?? 0)) / total);
  return incumbentId === variantId ? 1 - rangeOf(controlId) : rangeOf(variantId);
}

function stepShare({ step }: RampState, { steps }: RampConfig): number {
  return steps[step]?.share ?? 0;
}

function sharesFor({ controlId, variantId }: RampConfig, treatment: number, control: number): Shares {
  const coverage = treatment + control;
  // Weights that are all 0 cannot be laid out, though nobody is covered.
  const weights =
    coverage === 0
      ? { [controlId]: 1, [variantId]: 1 }
      : { [controlId]: control / coverage, [variantId]: treatment / coverage };
  return { coverage, weights };
}
