/** One look at a ramp: what every rule is given. */
import type { RampConfig, RampReadings, RampState, RampStep } from "../../domain/ramp.ts";

export interface Look {
  readonly state: RampState;
  readonly config: RampConfig;
  readonly step: RampStep;
  readonly readings: RampReadings;
  readonly now: number;
  /** Time since the look before, where it was looked at: what counts as observed, milliseconds. */
  readonly elapsedMs: number;
}

/** Four looks of 15 s. Whoever was away for longer has not seen what happened in between. */
export const longestGapMs = 60_000;

/** 0 after a gap, and where the clock was put back. */
export function elapsedSince(lastLookAt: number | undefined, now: number): number {
  const elapsed = now - (lastLookAt ?? now);
  return elapsed > 0 && elapsed <= longestGapMs ? elapsed : 0;
}
