import type { ControlEvent, RampEvent } from "../../domain/control.ts";
import { draftRamp } from "./draft.ts";
import { type Replay, replay } from "./replay.ts";
import { isSameRamp } from "./standing.ts";

/** Makes every decision of an experiment's ramps again, each under the plan of its generation; `index` counts these decisions. */
export function replayEvents(events: readonly ControlEvent[], experimentId: string): Replay {
  const decisions = rampEvents(events, experimentId);
  const first = decisions[0];
  if (first?.plan === undefined)
    return { kind: "differs", index: 0, reason: "no decision, or one without a plan, is where it begins" };
  let [state, plan] = [draftRamp(first.plan), first.plan];
  for (const [index, event] of decisions.entries()) {
    if (event.plan !== undefined && !isSameRamp(event.plan, plan)) state = draftRamp(event.plan);
    plan = event.plan ?? plan;
    const made = replay(state, plan, [event.transition]);
    if (made.kind === "differs") return { ...made, index };
    state = made.state;
  }
  return { kind: "agrees", state };
}

export function rampEvents(events: readonly ControlEvent[], experimentId: string): readonly RampEvent[] {
  return events.flatMap((event) =>
    event.kind === "ramp" && event.experimentId === experimentId ? [event] : [],
  );
}
