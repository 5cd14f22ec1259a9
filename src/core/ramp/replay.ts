import type { RampConfig, RampRefusal, RampState, RampTransition } from "../../domain/ramp.ts";
import { nextRampState } from "./next-state.ts";
import { orderedRampState } from "./order.ts";
import { settledRampState } from "./settle.ts";

/** Where a replay ended: the state that it came to, or the first transition that does not follow. */
export type Replay =
  | { readonly kind: "agrees"; readonly state: RampState }
  | { readonly kind: "differs"; readonly index: number; readonly reason: string };

/**
 * Makes every decision again from what it was made of, under the plan that they were made under. Mere looks may be missing between two
 * transitions (`isDecision`): then only what a look counts may differ from the one to the next.
 */
export function replay(start: RampState, config: RampConfig, transitions: readonly RampTransition[]): Replay {
  let state = start;
  for (const [index, transition] of transitions.entries()) {
    if (!isSame(decisionPart(state), decisionPart(transition.from))) {
      return { kind: "differs", index, reason: "it does not begin where the one before it ended" };
    }
    const made = again(transition, config);
    if (made?.kind !== "transition") {
      return { kind: "differs", index, reason: made?.message ?? "nothing would have been decided" };
    }
    if (made.rule !== transition.rule || !isSame(made.to, transition.to)) {
      return { kind: "differs", index, reason: `${told(made)}, not ${told(transition)}` };
    }
    state = transition.to;
  }
  return { kind: "agrees", state };
}

function again(transition: RampTransition, config: RampConfig): RampTransition | RampRefusal | undefined {
  const { at, from, order, readings, rule } = transition;
  if (order !== undefined) return orderedRampState(from, config, order, at);
  return rule === "settled" ? settledRampState(from, at) : nextRampState(from, config, readings, at);
}

function told({ rule, to }: RampTransition): string {
  return `${rule}: ${to.status} at step ${to.step + 1}`;
}

/** Without what looks count and say. */
function decisionPart({ observedMs, lastLookAt, cleanLooks, cleanMs, by, reason, ...kept }: RampState) {
  return kept;
}

/** As JSON tells them: what is undefined is not there. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Object.is(one, other);
  }
  const left = definedEntries(one);
  const right = new Map(definedEntries(other));
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)))
  );
}

function definedEntries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, one]) => one !== undefined);
}
