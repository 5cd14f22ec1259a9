import { draftRamp } from "../../../src/core/ramp/draft.ts";
import { orderedRampState } from "../../../src/core/ramp/order.ts";
import type {
  RampConfig,
  RampOrder,
  RampReadings,
  RampState,
  RampStep,
  SloReading,
} from "../../../src/domain/ramp.ts";

export const minuteMs = 60_000;
export const lookMs = 15_000;
/** Monday 5 January 2026, noon UTC. */
export const noon = Date.UTC(2026, 0, 5, 12);

export function stepWith(change: Partial<RampStep> = {}): RampStep {
  return {
    share: 0.1,
    leastMs: 10 * minuteMs,
    mostMs: 60 * minuteMs,
    leastUnits: 100,
    leastRequests: 200,
    asksApproval: false,
    ...change,
  };
}

/** Three steps, one SLO, no schedule. */
export function rampWith(change: Partial<RampConfig> = {}): RampConfig {
  return {
    experimentId: "tone",
    controlId: "control",
    variantId: "candidate",
    steps: [0.1, 0.25, 0.5].map((share) => stepWith({ share })),
    holdback: 0.05,
    slos: [{ metric: "error_rate", better: "lower", margin: { kind: "relative", value: 0.5 }, ceiling: 0.2 }],
    alpha: 0.05,
    schedule: { startAt: undefined, hours: undefined, freezes: [] },
    warmUpRequests: 10,
    clearLooks: 3,
    clearMs: 10 * minuteMs,
    lockMs: 24 * 60 * minuteMs,
    gate: undefined,
    ...change,
  };
}

export function sloReading(change: Partial<SloReading> = {}): SloReading {
  return {
    metric: "error_rate",
    verdict: "safe",
    eValue: undefined,
    control: 0.01,
    treatment: 0.01,
    interval: undefined,
    isBrokenInBoth: false,
    reason: undefined,
    ...change,
  };
}

/** Enough of everything, and nothing wrong. */
export function readingsWith(change: Partial<RampReadings> = {}): RampReadings {
  return {
    isKilled: false,
    lastUnits: [],
    units: { treatment: 500, control: 500 },
    requests: { treatment: 1_000, control: 1_000 },
    isFresh: true,
    slos: [sloReading()],
    dataProblems: [],
    gate: undefined,
    ...change,
  };
}

/** In the middle of its first step. */
export function observing(config: RampConfig, change: Partial<RampState> = {}): RampState {
  return {
    ...draftRamp(config),
    generation: 1,
    status: "observing",
    variantDigest: "digest-1",
    startedAt: noon,
    stepStartedAt: noon,
    lastLookAt: noon,
    ...change,
  };
}

/** As ordered; throws where the order is refused. */
export function ordered(state: RampState, config: RampConfig, order: RampOrder, now = noon): RampState {
  const done = orderedRampState(state, config, order, now);
  if (done.kind === "refusal") throw new Error(done.message);
  return done.to;
}

export function orderOf(kind: Exclude<RampOrder["kind"], "start">): RampOrder {
  return { kind, by: "ada", reason: "because" };
}

export function startOf(variantDigest = "digest-1", overridesLock = false): RampOrder {
  return { kind: "start", by: "ada", reason: "because", variantDigest, overridesLock };
}
