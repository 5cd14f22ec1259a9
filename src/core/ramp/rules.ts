/** The rules in their order: the first that matches decides. */
import type { RampConfig, RampReadings, RampRule, RampState } from "../../domain/ramp.ts";
import { freshStep } from "./draft.ts";
import { fastBurn } from "./fast-burn.ts";
import type { Look } from "./look.ts";
import { rolledBack } from "./rollback.ts";
import { scheduleProblem } from "./schedule.ts";
import { shortcomings } from "./shortcomings.ts";

export interface Decided {
  readonly rule: RampRule;
  readonly to: RampState;
}

type Rule = (look: Look) => Decided | undefined;

const killed: Rule = ({ state, readings }) =>
  readings.isKilled
    ? // A kill lies over the state and serves the incumbent by itself; what comes after it begins with clean looks.
      { rule: "killed", to: { ...state, cleanLooks: 0, cleanMs: 0 } }
    : undefined;

const burning: Rule = (look) => {
  const reason = fastBurn(look.readings.lastUnits);
  return reason === undefined ? undefined : rollback("fast_burn", look, reason);
};

const harmed: Rule = (look) => {
  const harm = look.readings.slos.filter(({ verdict }) => verdict === "harm");
  if (harm.length === 0) return undefined;
  const reason = `${named(harm)} worse than tolerated`;
  return rollback("confirmed_harm", look, reason);
};

/** What is paused, or cannot complete yet, is taken back where it does harm, and is left alone in all else. */
const leftAlone: Rule = ({ state }) =>
  state.status === "paused" || state.status === "completing" ? { rule: "not_enough", to: state } : undefined;

const outage: Rule = (look) => {
  const broken = look.readings.slos.filter(({ isBrokenInBoth }) => isBrokenInBoth);
  return broken.length === 0
    ? undefined
    : hold("shared_outage", look, `both variants are beyond the ceiling of ${named(broken)}`);
};

const untrustworthy: Rule = (look) => {
  const { dataProblems } = look.readings;
  return dataProblems.length === 0 ? undefined : hold("untrustworthy_data", look, dataProblems.join("; "));
};

const suspected: Rule = (look) => {
  const suspects = look.readings.slos.filter(({ verdict }) => verdict === "suspect");
  if (suspects.length > 0)
    return hold("suspected_harm", look, `${named(suspects)} may be worse than tolerated`);
  return look.readings.gate === "fails" ? hold("suspected_harm", look, "the gate fails") : undefined;
};

/** A look that found nothing ends a hold, or brings its end nearer; time of a hold is no time of the step. */
const clearing: Rule = ({ state, config, readings, elapsedMs }) => {
  if (state.status !== "holding") return undefined;
  const cleanLooks = state.cleanLooks + 1;
  const cleanMs = state.cleanMs + (state.cleanLooks === 0 ? 0 : elapsedMs);
  const isOver = cleanLooks >= config.clearLooks && cleanMs >= config.clearMs;
  if (!isOver) return { rule: "not_enough", to: { ...state, cleanLooks, cleanMs } };
  const status = statusOf(readings.requests.treatment, config.warmUpRequests);
  return {
    rule: "not_enough",
    to: { ...state, status, by: "ramp", reason: "the hold is over", cleanLooks: 0, cleanMs: 0 },
  };
};

const raised: Rule = (look) => {
  const { state, config, step, readings, elapsedMs } = look;
  // While an arm is silent nothing is observed.
  const observedMs = state.observedMs + (readings.isFresh ? elapsedMs : 0);
  const status = statusOf(readings.requests.treatment, config.warmUpRequests);
  const missing = shortcomings({ ...look, observedMs });
  if (missing.length === 0) {
    const waits = waitOf(look);
    if (waits === undefined) return { rule: "safe_enough", to: nextStep(look) };
    // Whoever waits for somebody, or for Monday, is not inconclusive.
    const counted = Math.min(observedMs, Math.max(state.observedMs, step.leastMs));
    return {
      rule: "safe_enough",
      to: { ...state, status, observedMs: counted, by: "ramp", reason: waits },
    };
  }
  const reason = missing.join("; ");
  if (observedMs < step.mostMs)
    return { rule: "not_enough", to: { ...state, status, observedMs, by: "ramp", reason } };
  return {
    rule: "timed_out",
    to: { ...state, status: "paused", observedMs, by: "ramp", reason: `inconclusive: ${reason}` },
  };
};

export const rules: readonly Rule[] = [
  killed,
  burning,
  harmed,
  leftAlone,
  outage,
  untrustworthy,
  suspected,
  clearing,
  raised,
];

/** Of a ramp that was started: its first step, once it may begin. */
export function beginOf({ state, config, readings, now }: Look): Decided {
  if (readings.isKilled) return { rule: "killed", to: state };
  const reason =
    readings.dataProblems[0] ?? scheduleProblem(config.schedule, now) ?? gateProblem(config, readings);
  if (reason !== undefined) return { rule: "not_enough", to: { ...state, by: "ramp", reason } };
  const status = statusOf(0, config.warmUpRequests);
  const begun = { status, by: "ramp", reason: "the first step begins", startedAt: now } as const;
  return { rule: "safe_enough", to: { ...state, ...freshStep(0, now), ...begun } };
}

function gateProblem({ gate }: RampConfig, { gate: told }: RampReadings): string | undefined {
  if (gate === undefined || told === "passes") return undefined;
  return told === "fails" ? "the gate fails" : "the gate has no data";
}

function nextStep({ state, config, now }: Look): RampState {
  const next = state.step + 1;
  if (next >= config.steps.length) {
    return { ...state, status: "completing", by: "ramp", reason: "within its margins at the last step" };
  }
  const reason = `within its margins at step ${state.step + 1}`;
  return {
    ...state,
    ...freshStep(next, now),
    status: statusOf(0, config.warmUpRequests),
    by: "ramp",
    reason,
  };
}

function waitOf({ state, config, step, now }: Look): string | undefined {
  if (step.asksApproval && !state.isApproved) return "waits for approval";
  return scheduleProblem(config.schedule, now);
}

function rollback(rule: RampRule, { state, config, now }: Look, reason: string): Decided {
  return { rule, to: rolledBack(state, { config, now, by: "ramp", reason }) };
}

function hold(rule: RampRule, { state }: Look, reason: string): Decided {
  return { rule, to: { ...state, status: "holding", by: "ramp", reason, cleanLooks: 0, cleanMs: 0 } };
}

function statusOf(requests: number, warmUpRequests: number): "warming" | "observing" {
  return requests < warmUpRequests ? "warming" : "observing";
}

function named(slos: readonly { readonly metric: string }[]): string {
  return slos.map(({ metric }) => metric).join(", ");
}
