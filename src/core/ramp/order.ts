import type {
  RampConfig,
  RampOrder,
  RampRefusal,
  RampState,
  RampStatus,
  RampTransition,
} from "../../domain/ramp.ts";
import { freshStep } from "./draft.ts";
import { rolledBack } from "./rollback.ts";

/** Carries out what an operator orders. An order outranks the schedule, the rules and what they lack; never a lock that it does not name. */
export function orderedRampState(
  state: RampState,
  config: RampConfig,
  order: RampOrder,
  now: number,
): RampTransition | RampRefusal {
  const { kind } = order;
  if (!fits[kind].includes(state.status)) {
    return refuse(`a ramp that is ${state.status} cannot ${kind}; it can ${possible(state.status)}`);
  }
  if (order.kind === "start") {
    if (state.status === "completed" && !order.overridesLock) {
      return refuse(
        `the ramp is completed, and starting it anew gives everybody but step 1 back to the control; where that is meant, say so (--override-lock, or override_lock: true)`,
      );
    }
    const lock = state.locks.find(({ digest, until }) => digest === order.variantDigest && until > now);
    if (lock !== undefined && !order.overridesLock) {
      return refuse(
        `variant "${config.variantId}" was rolled back as it is and is locked until ${new Date(lock.until).toISOString()}; change it, or say that it is meant (--override-lock, or override_lock: true)`,
      );
    }
  }
  if (kind === "approve" && config.steps[state.step]?.asksApproval !== true)
    return refuse(`step ${state.step + 1} asks for no approval`);
  if (kind === "approve" && state.isApproved)
    return refuse(`step ${state.step + 1} is approved; it goes on when it has what it wants`);
  // What lay between the last look and the order is neither the one status nor the other: it is not counted.
  const to = { ...carryOut(state, config, order, now), lastLookAt: undefined };
  return { kind: "transition", at: now, rule: "order", from: state, to, readings: undefined, order };
}

const running: readonly RampStatus[] = ["warming", "observing", "holding", "paused"];

const fits: Readonly<Record<RampOrder["kind"], readonly RampStatus[]>> = {
  start: ["draft", "rolled_back", "completed", "aborted"],
  pause: ["warming", "observing", "holding"],
  resume: ["paused"],
  promote: running,
  rollback: [...running, "completing", "completed"],
  approve: running,
  abort: ["scheduled", ...running, "completing"],
};

function carryOut(state: RampState, config: RampConfig, order: RampOrder, now: number): RampState {
  const { by, reason } = order;
  const told = { ...state, by, reason };
  switch (order.kind) {
    case "start":
      return started(told, order.variantDigest, now);
    case "pause":
      return { ...told, status: "paused" };
    case "resume":
      return { ...told, ...resumed(state) };
    case "promote":
      return { ...told, status: "completing" };
    case "rollback":
      return rolledBack(state, { config, now, by, reason });
    case "approve":
      return { ...state, isApproved: true };
    case "abort":
      return { ...told, status: "aborted" };
  }
}

function started(state: RampState, variantDigest: string, now: number): RampState {
  return {
    ...state,
    ...freshStep(0, undefined),
    generation: state.generation + 1,
    status: "scheduled",
    variantDigest,
    startedAt: undefined,
    locks: state.locks.filter(({ until }) => until > now),
  };
}

/** The evidence goes on. What the ramp itself paused had run out of time, and gets the whole of it again. */
function resumed({ by, observedMs }: RampState) {
  return {
    status: "observing",
    observedMs: by === "ramp" ? 0 : observedMs,
    cleanLooks: 0,
    cleanMs: 0,
  } as const;
}

function possible(status: RampStatus): string {
  const kinds = Object.entries(fits).flatMap(([kind, statuses]) => (statuses.includes(status) ? [kind] : []));
  return kinds.length === 0 ? "only be waited for" : kinds.join(", ");
}

function refuse(message: string): RampRefusal {
  return { kind: "refusal", message };
}
