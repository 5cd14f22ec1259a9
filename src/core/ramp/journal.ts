/** Ramps as the control plane's events tell them. */
import type { ControlEvent, RampEvent } from "../../domain/control.ts";
import type { RampConfig, RampState } from "../../domain/ramp.ts";

/** Where a ramp stands, and the plan of its generation: a plan that changes in the file holds from the next start on. */
export interface KeptRamp {
  readonly state: RampState;
  readonly plan: RampConfig;
}

/** By experiment, of those that were ever started. */
export function keptRamps(events: readonly ControlEvent[]): ReadonlyMap<string, KeptRamp> {
  const kept = new Map<string, KeptRamp>();
  for (const event of events) {
    if (event.kind !== "ramp") continue;
    const plan = event.plan ?? kept.get(event.experimentId)?.plan;
    if (plan !== undefined) kept.set(event.experimentId, { state: event.transition.to, plan });
  }
  return kept;
}

/** The last decision of each ramp, which says its shares. */
export function lastRamped(events: readonly ControlEvent[]): ReadonlyMap<string, RampEvent> {
  const last = new Map<string, RampEvent>();
  for (const event of events) if (event.kind === "ramp") last.set(event.experimentId, event);
  return last;
}
