/** A ramp as operators see and steer it. */
import type { Context, Hono } from "hono";
import { isKilled } from "../core/kill-switch.ts";
import type { KeptRamp } from "../core/ramp/journal.ts";
import { isDecision } from "../core/ramp/next-state.ts";
import type { PlannedMove } from "../core/ramp/planned-moves.ts";
import { nextOpening } from "../core/ramp/schedule.ts";
import { rampShares, treatmentShare } from "../core/ramp/shares.ts";
import { sharesOf } from "../core/shares.ts";
import type { Revision } from "../domain/config.ts";
import type { ControlEvent, KillSwitch, Order, RampEvent } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import type {
  RampConfig,
  RampOrder,
  RampReadings,
  RampSlo,
  RampState,
  RampTransition,
} from "../domain/ramp.ts";
import { type AdminEnv, experimentOf, jsonBody, orderOf } from "./admin-input.ts";

type GivenOrder = Order & { readonly kind: RampOrder["kind"]; readonly overridesLock: boolean };

/** What was read at a look, and of which state. */
interface LastRead {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly state: RampState;
  readonly readings: RampReadings;
}

export interface RampRouteParts {
  readonly switches: () => readonly KillSwitch[];
  readonly revision: () => Revision;
  readonly events: () => readonly ControlEvent[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly ramps: {
    get(experimentId: string): KeptRamp;
    lastRead(experimentId: string): LastRead | undefined;
    problem(experimentId: string): string | undefined;
    order(experimentId: string, order: GivenOrder): Promise<RampTransition>;
    dryRun(
      experimentId: string,
      order: GivenOrder,
    ): { readonly to: RampState; readonly moves: readonly PlannedMove[] };
  };
}

const kinds: readonly RampOrder["kind"][] = [
  "start",
  "pause",
  "resume",
  "promote",
  "rollback",
  "approve",
  "abort",
];
const lastDecisions = 10;

export function addRamp(app: Hono<AdminEnv>, parts: RampRouteParts): void {
  const path = "/admin/experiments/:id/ramp";
  const idOf = (c: Context<AdminEnv>) => experimentOf(parts.revision(), c.req.param("id") ?? "").id;
  app.get(path, (c) => c.json(rampView(parts, idOf(c))));
  app.get(`${path}/decisions`, (c) => c.json({ decisions: eventsOf(parts, idOf(c)) }));
  for (const kind of kinds) {
    app.post(`${path}/${kind}`, async (c) => {
      const id = idOf(c);
      const isStart = kind === "start";
      const body = await jsonBody(c, ["by", "reason", "dry_run", ...(isStart ? ["override_lock"] : [])]);
      const order = { kind, overridesLock: flagOf(body, "override_lock"), ...orderOf(c, body) };
      if (flagOf(body, "dry_run")) return c.json(dryRunView(parts, id, order));
      await parts.ramps.order(id, order);
      return c.json(rampView(parts, id));
    });
  }
}

function flagOf(body: Record<string, unknown>, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value === "boolean") return value;
  throw new Failure("invalid_value", `"${name}" must be true or false.`, { param: name });
}

function rampView(parts: RampRouteParts, id: string) {
  const { state, plan } = parts.ramps.get(id);
  const events = eventsOf(parts, id);
  const read = parts.ramps.lastRead(id) ?? keptRead(events, state);
  const isOff = isKilled(parts.switches(), plan);
  const experiment = experimentOf(parts.revision(), id);
  const wanted = rampShares(state, plan);
  const inForce = { shares: sharesOf(experiment), incumbentId: experiment.incumbentId };
  const step = plan.steps[state.step];
  return {
    experiment: id,
    variant: plan.variantId,
    control: plan.controlId,
    incumbent: experiment.incumbentId,
    wanted_incumbent: wanted.incumbentId,
    status: state.status,
    reason: state.reason,
    by: state.by,
    generation: state.generation,
    step: state.step + 1,
    steps: plan.steps.length,
    set_share: treatmentShare(wanted, plan),
    actual_share: isOff ? 0 : treatmentShare(inForce, plan),
    is_killed: isOff,
    problem: parts.ramps.problem(id),
    started_at: timeOf(state.startedAt),
    step_started_at: timeOf(state.stepStartedAt),
    observed_s: Math.round(state.observedMs / 1000),
    least_s: step && step.leastMs / 1000,
    most_s: step && step.mostMs / 1000,
    looked_at: timeOf(state.lastLookAt),
    next_at: timeOf(nextAt(state, plan)),
    is_approved: step?.asksApproval === true ? state.isApproved : undefined,
    locked_until: timeOf(lockedUntil(state, parts.now())),
    readings: read && readingsView(read, plan),
    decisions: events
      .filter(({ transition }) => isDecision(transition))
      .slice(-lastDecisions)
      .reverse()
      .map(decisionView),
  };
}

/** Of the generation's last decision that had any: a restart forgets what was only looked at. */
function keptRead(events: readonly RampEvent[], { generation }: RampState): LastRead | undefined {
  for (const { transition } of events.toReversed()) {
    const { at, from, to, readings } = transition;
    if (to.generation === generation && readings !== undefined) return { at, state: from, readings };
  }
  return undefined;
}

/** When the calendar lets the next step begin, or a hold may end. What waits for something else waits nobody knows for how long. */
function nextAt(state: RampState, plan: RampConfig) {
  const { status, step: index, observedMs, lastLookAt } = state;
  if (status === "holding" && lastLookAt !== undefined)
    return lastLookAt + Math.max(0, plan.clearMs - state.cleanMs);
  const isWaiting = status === "scheduled" || status === "warming" || status === "observing";
  if (!isWaiting || lastLookAt === undefined) return undefined;
  const leastMs = status === "scheduled" ? 0 : (plan.steps[index]?.leastMs ?? 0);
  const opening = nextOpening(plan.schedule, lastLookAt + Math.max(0, leastMs - observedMs));
  return opening === lastLookAt ? undefined : opening;
}

/** A lock that was overridden, or whose ramp runs on, locks nobody out. */
function lockedUntil({ status, locks, variantDigest }: RampState, now: number): number | undefined {
  const isLocked = status === "rolled_back" || status === "aborted";
  if (!isLocked) return undefined;
  return locks.find(({ digest, until }) => digest === variantDigest && until > now)?.until;
}

function readingsView({ at, state, readings }: LastRead, { slos: planned, alpha }: RampConfig) {
  const { units, requests, isFresh, slos, dataProblems, gate } = readings;
  return {
    at: timeOf(at),
    // Units and requests are those of this step, which may be over.
    step: state.step + 1,
    units,
    requests,
    is_fresh: isFresh,
    data_problems: dataProblems,
    gate,
    e_value_limit: planned.length / alpha,
    slos: slos.map((slo) => ({
      metric: slo.metric,
      ...toleranceOf(planned.find(({ metric }) => metric === slo.metric)),
      verdict: slo.verdict,
      e_value: slo.eValue,
      control: slo.control,
      treatment: slo.treatment,
      interval: slo.interval,
      is_broken_in_both: slo.isBrokenInBoth,
      reason: slo.reason,
    })),
  };
}

function toleranceOf(slo: RampSlo | undefined) {
  return slo && { better: slo.better, margin: slo.margin, ceiling: slo.ceiling };
}

function decisionView({ transition: { at, rule, from, to, order }, by, reason }: RampEvent) {
  return {
    at: new Date(at).toISOString(),
    rule,
    order: order?.kind,
    from: from.status,
    to: to.status,
    from_step: from.step + 1,
    step: to.step + 1,
    by,
    reason: order === undefined ? to.reason : reason,
  };
}

function dryRunView({ ramps }: RampRouteParts, id: string, order: GivenOrder) {
  const { to, moves } = ramps.dryRun(id, order);
  return {
    experiment: id,
    dry_run: true,
    status: to.status,
    step: to.step + 1,
    moves: moves.map((move) => ({
      step: move.step + 1,
      treatment_share: move.treatmentShare,
      control_share: move.controlShare,
      enters_treatment: move.entersTreatment,
      enters_control: move.entersControl,
      changes_arm: move.changesArm,
    })),
  };
}

function eventsOf({ events }: RampRouteParts, id: string): readonly RampEvent[] {
  return events().flatMap((event) => (event.kind === "ramp" && event.experimentId === id ? [event] : []));
}

function timeOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
