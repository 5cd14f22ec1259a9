/** What came to pass with a ramp, for people and for programs. */
import type { KillScope, KillSwitch, Order } from "../../domain/control.ts";
import type { RampConfig, RampStatus, RampTransition } from "../../domain/ramp.ts";
import type { RampEventName, RampNews } from "../../domain/ramp-news.ts";
import { isKilled } from "../kill-switch.ts";
import type { KeptRamp } from "./journal.ts";
import { rampShares, treatmentShare } from "./shares.ts";

/** Of one decision, or of one look. Undefined for what nobody has to hear of. */
export function newsOf(transition: RampTransition, plan: RampConfig): RampNews | undefined {
  const event = eventNameOf(transition);
  if (event === undefined) return undefined;
  const { at, rule, from, to } = transition;
  return { ...factsOf({ state: to, plan }), event, at, rule, from: from.status };
}

/** Of an operator's kill switch, for every ramp that it covers. */
export function switchNews(
  event: "killed" | "revived",
  { scope, by, reason }: Order & { readonly scope: KillScope },
  {
    ramps,
    switches,
    at,
  }: {
    readonly ramps: readonly KeptRamp[];
    /** All that stand now. */
    readonly switches: readonly KillSwitch[];
    readonly at: number;
  },
): readonly RampNews[] {
  const covered = ramps.filter(
    ({ plan }) => scope.kind === "all" || scope.experimentId === plan.experimentId,
  );
  return covered.map((ramp) => ({
    ...factsOf(ramp),
    // One that is lifted may leave another behind it.
    ...(isKilled(switches, ramp.plan) ? { share: 0 } : {}),
    event,
    at,
    rule: undefined,
    from: ramp.state.status,
    by,
    reason: scope.kind === "variant" ? `variant "${scope.variantId}": ${reason}` : reason,
  }));
}

function factsOf({ state, plan }: KeptRamp) {
  const { experimentId, variantId, controlId, steps } = plan;
  return {
    experimentId,
    variantId,
    controlId,
    generation: state.generation,
    to: state.status,
    step: state.step,
    steps: steps.length,
    share: treatmentShare(rampShares(state, plan), plan),
    by: state.by,
    reason: state.reason,
  };
}

/** Undefined for mere looks, and for what is only on its way. */
function eventNameOf({ from, to, rule }: RampTransition): RampEventName | undefined {
  if (rule === "safe_enough" && to.step === from.step && isRunning(to.status) && isRunning(from.status))
    return "waiting";
  if (from.status === to.status && from.step === to.step) return undefined;
  const named = names[to.status];
  if (named !== undefined || !isRunning(to.status)) return named;
  if (from.status === "scheduled" || to.step !== from.step) return "raised";
  return isRunning(from.status) ? undefined : "resumed";
}

const names: Readonly<Partial<Record<RampStatus, RampEventName>>> = {
  scheduled: "started",
  holding: "held",
  paused: "paused",
  // Its kill is in force. What is left are the shares, which a file that is refused may keep back for days.
  rolling_back: "rolled_back",
  completed: "completed",
  aborted: "aborted",
};

function isRunning(status: RampStatus): boolean {
  return status === "warming" || status === "observing";
}
