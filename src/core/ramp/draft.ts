import type { RampConfig, RampState } from "../../domain/ramp.ts";

/** A ramp that nobody has started yet. */
export function draftRamp({ experimentId, variantId }: RampConfig): RampState {
  return {
    experimentId,
    variantId,
    generation: 0,
    status: "draft",
    reason: undefined,
    by: undefined,
    variantDigest: undefined,
    startedAt: undefined,
    locks: [],
    ...freshStep(0, undefined),
  };
}

/** What a step remembers, when it begins. */
export function freshStep(step: number, stepStartedAt: number | undefined) {
  return {
    step,
    stepStartedAt,
    observedMs: 0,
    lastLookAt: stepStartedAt,
    cleanLooks: 0,
    cleanMs: 0,
    isApproved: false,
  };
}
