/** The ramps that are simulated. */
import type { RampConfig, RampStep } from "../../src/domain/ramp.ts";

const minuteMs = 60_000;

/** 10, 25 and 50 %: each at least ten minutes, 100 units and 200 requests an arm. */
export const threeSteps: RampConfig = {
  experimentId: "tone",
  controlId: "control",
  variantId: "candidate",
  steps: [0.1, 0.25, 0.5].map(stepAt),
  holdback: 0.05,
  slos: [
    { metric: "error_rate", better: "lower", margin: { kind: "relative", value: 0.25 }, ceiling: 0.2 },
    {
      metric: "success_rate",
      better: "higher",
      margin: { kind: "absolute", value: 0.02 },
      ceiling: undefined,
    },
    { metric: "latency_p95", better: "lower", margin: { kind: "relative", value: 0.1 }, ceiling: undefined },
  ],
  alpha: 0.05,
  schedule: { startAt: undefined, hours: undefined, freezes: [] },
  warmUpRequests: 10,
  clearLooks: 3,
  clearMs: 10 * minuteMs,
  lockMs: 86_400_000,
  gate: undefined,
};

/** Half of the units at once, so that the requests until a rollback are those of one step. */
export const oneStep: RampConfig = { ...threeSteps, steps: [stepAt(0.5)] };

/** Nothing worse is tolerated at all: where the arms are alike, the truth lies on the edge of every margin. */
export const strict: RampConfig = {
  ...threeSteps,
  slos: ["error_rate", "latency", "latency_p95"].map((metric) => ({
    metric,
    better: "lower",
    margin: { kind: "relative", value: 0 },
    ceiling: metric === "error_rate" ? 0.2 : undefined,
  })),
};

function stepAt(share: number): RampStep {
  return {
    share,
    leastMs: 10 * minuteMs,
    mostMs: 120 * minuteMs,
    leastUnits: 100,
    leastRequests: 200,
    asksApproval: false,
  };
}
