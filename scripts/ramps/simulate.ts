/** One ramp from its start to its end, through the functions that decide in a server. */
import { FactColumns } from "../../src/analysis/fact-columns.ts";
import { OutcomeColumns } from "../../src/analysis/outcome-columns.ts";
import { rampReadings } from "../../src/analysis/ramp-readings.ts";
import type { Random } from "../../src/analysis/random.ts";
import { builtIns, isBuiltIn } from "../../src/core/built-in-metrics.ts";
import { draftRamp } from "../../src/core/ramp/draft.ts";
import { nextRampState } from "../../src/core/ramp/next-state.ts";
import { orderedRampState } from "../../src/core/ramp/order.ts";
import type { RampConfig, RampState, RampTransition } from "../../src/domain/ramp.ts";
import type { MetricDefinition } from "../../src/domain/report.ts";
import type { Phase } from "../../src/domain/store.ts";
import { Population, type World } from "./world.ts";

export interface SimulatedRamp {
  readonly end: RampState;
  /** That ended it; undefined where the time ran out. */
  readonly last: RampTransition | undefined;
  /** Of both arms. */
  readonly requests: number;
  readonly minutes: number;
  readonly isEverHeld: boolean;
  /** When steps began, the first one and completion included. */
  readonly raisedAtMinutes: readonly number[];
}

const begin = Date.UTC(2026, 0, 5, 12);

export function simulateRamp(random: Random, world: World, config: RampConfig): SimulatedRamp {
  const population = new Population(random, world);
  const facts = new FactColumns();
  const outcomes = new OutcomeColumns();
  const definitions = definitionsOf(config);
  let state = startedRamp(config);
  let last: RampTransition | undefined;
  let isEverHeld = false;
  const raisedAtMinutes: number[] = [];
  let now = begin;
  while (isRunning(state) && now - begin < world.longestMinutes * 60_000) {
    const until = now + world.lookMs;
    const share = state.startedAt === undefined ? 0 : (config.steps[state.step]?.share ?? 0);
    for (const fact of population.requests({
      from: now,
      to: until,
      share,
      phase: `step ${state.step}`,
      begin,
    })) {
      facts.push(fact);
    }
    now = until;
    const phases = phasesOf(config);
    const stepStartedAt = state.stepStartedAt ?? begin;
    const evidence = {
      config,
      definitions,
      facts,
      outcomes,
      phases,
      boots: [],
      orphans: new Map(),
      now,
      stepStartedAt,
    };
    const transition = nextRampState(
      state,
      config,
      rampReadings(evidence, { isKilled: false, gate: undefined }),
      now,
    );
    if (transition === undefined) break;
    state = transition.to;
    isEverHeld ||= state.status === "holding";
    last = transition;
    if (isRaise(transition)) raisedAtMinutes.push((now - begin) / 60_000);
  }
  return {
    end: state,
    last: isRunning(state) ? undefined : last,
    requests: facts.length,
    minutes: (now - begin) / 60_000,
    isEverHeld,
    raisedAtMinutes,
  };
}

function isRaise({ from, to }: RampTransition): boolean {
  return to.step > from.step || from.status === "scheduled" || to.status === "completing";
}

function startedRamp(config: RampConfig): RampState {
  const order = {
    kind: "start",
    by: "simulation",
    reason: "",
    variantDigest: "a",
    overridesLock: false,
  } as const;
  const started = orderedRampState(draftRamp(config), config, order, begin);
  if (started.kind === "refusal") throw new Error(started.message);
  return started.to;
}

function isRunning({ status }: RampState): boolean {
  return status === "scheduled" || status === "warming" || status === "observing" || status === "holding";
}

function phasesOf({ experimentId, steps }: RampConfig): readonly Phase[] {
  return steps.map(({ share }, step) => ({
    id: `step ${step}`,
    experimentId,
    startedAt: begin,
    revision: "",
    shares: { control: share, candidate: share },
    killed: [],
  }));
}

function definitionsOf({ slos }: RampConfig): readonly MetricDefinition[] {
  return slos.flatMap(({ metric }) =>
    isBuiltIn(metric) ? [{ name: metric, ...builtIns[metric], outcome: undefined }] : [],
  );
}
