import type { RampConfig, RampReadings, RampState, RampTransition } from "../../domain/ramp.ts";
import { elapsedSince, type Look } from "./look.ts";
import { beginOf, type Decided, rules } from "./rules.ts";

/**
 * What one look at the readings decides: the first rule that matches. Undefined where there is nothing to look at. Without readings (the
 * statistics did not answer) nothing passes, nothing is rolled back, and no time is counted. A paused ramp is looked at too, and one that
 * the file keeps from completing: it cannot be raised, but its treatment still meets units, and may be rolled back.
 */
export function nextRampState(
  state: RampState,
  config: RampConfig,
  readings: RampReadings | undefined,
  now: number,
): RampTransition | undefined {
  const step = config.steps[state.step];
  if (!isLookedAt(state) || step === undefined) return undefined;
  const elapsedMs = elapsedSince(state.lastLookAt, now);
  const decided =
    readings === undefined ? blind(state) : decide({ state, config, step, readings, now, elapsedMs });
  const to = { ...decided.to, lastLookAt: now };
  return { kind: "transition", at: now, rule: decided.rule, from: state, to, readings, order: undefined };
}

/** More than a look: what a journal has to keep, for the state to be found again. */
export function isDecision({ rule, from, to }: RampTransition): boolean {
  const isOrdered = rule === "order" || rule === "settled";
  return isOrdered || from.status !== to.status || from.step !== to.step;
}

/** Now and then a look is kept, so that a restart costs a step a tenth of `least` or a fiftieth of `most` at most. */
export function isMilestone({ from, to }: RampTransition, { steps }: RampConfig): boolean {
  const { leastMs = 0, mostMs = 0 } = steps[to.step] ?? {};
  const passed = ({ observedMs }: RampState) =>
    Math.floor((10 * Math.min(observedMs, leastMs)) / Math.max(1, leastMs)) +
    Math.floor((50 * observedMs) / Math.max(1, mostMs));
  return passed(to) > passed(from);
}

function isLookedAt({ status }: RampState): boolean {
  return (
    status === "scheduled" ||
    status === "warming" ||
    status === "observing" ||
    status === "holding" ||
    status === "paused" ||
    status === "completing"
  );
}

function blind(state: RampState): Decided {
  const { status } = state;
  const keepsReason = status === "holding" || status === "paused" || status === "completing";
  return { rule: "not_enough", to: keepsReason ? state : { ...state, by: "ramp", reason: "no readings" } };
}

function decide(look: Look): Decided {
  const { status } = look.state;
  if (status === "scheduled") return beginOf(look);
  for (const rule of rules) {
    const decided = rule(look);
    if (decided !== undefined) return decided;
  }
  return { rule: "not_enough", to: look.state };
}
