import type { RampState, RampStatus, RampTransition } from "../../domain/ramp.ts";

/** The shares that the state wants are in force: what was on its way has arrived. Undefined where nothing was. */
export function settledRampState(state: RampState, now: number): RampTransition | undefined {
  const status = arrivals[state.status];
  if (status === undefined) return undefined;
  const to = { ...state, status };
  return {
    kind: "transition",
    at: now,
    rule: "settled",
    from: state,
    to,
    readings: undefined,
    order: undefined,
  };
}

const arrivals: Readonly<Partial<Record<RampStatus, RampStatus>>> = {
  rolling_back: "rolled_back",
  completing: "completed",
};
