import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { draftRamp } from "../../../src/core/ramp/draft.ts";
import { longestGapMs } from "../../../src/core/ramp/look.ts";
import { isDecision, nextRampState } from "../../../src/core/ramp/next-state.ts";
import { orderedRampState } from "../../../src/core/ramp/order.ts";
import { replay } from "../../../src/core/ramp/replay.ts";
import { scheduleProblem } from "../../../src/core/ramp/schedule.ts";
import { settledRampState } from "../../../src/core/ramp/settle.ts";
import { rampShares } from "../../../src/core/ramp/shares.ts";
import type { RampOrder, RampReadings, RampState, RampTransition } from "../../../src/domain/ramp.ts";
import {
  minuteMs,
  noon,
  orderOf,
  rampWith,
  readingsWith,
  sloReading,
  startOf,
  stepWith,
} from "./ramp-fixture.ts";

/** What befalls a ramp: a look, an order, or that its shares came into force. */
type Event =
  | { readonly kind: "look"; readonly readings: RampReadings | undefined; readonly afterMs: number }
  | { readonly kind: "order"; readonly order: RampOrder; readonly afterMs: number }
  | { readonly kind: "settle"; readonly afterMs: number };

describe("whatever befalls a ramp", () => {
  // Short steps, so that a hundred events see several of them.
  const config = rampWith({
    steps: [0.05, 0.1, 0.25, 0.5].map((share, index) =>
      stepWith({ share, leastMs: minuteMs, mostMs: 4 * minuteMs, asksApproval: index === 2 }),
    ),
    clearLooks: 2,
    clearMs: minuteMs,
    schedule: {
      startAt: noon + minuteMs,
      hours: { from: "11:00", to: "13:00", days: [1, 2, 3, 4, 5, 6, 7], timeZone: "UTC" },
      freezes: [{ from: noon + 20 * minuteMs, to: noon + 25 * minuteMs, reason: "release" }],
    },
  });

  test("looks never raise what is held, paused, killed, frozen or without readings", () => {
    everywhere(({ rule, from, to, at, readings }) => {
      if (rule === "order" || rule === "settled" || exposure(to) <= exposure(from)) return;
      assert.ok(["scheduled", "warming", "observing"].includes(from.status), from.status);
      assert.equal(scheduleProblem(config.schedule, at), undefined);
      assert.equal(readings?.isKilled, false);
      assert.deepEqual(readings?.dataProblems, []);
    });
  });

  test("steps only go up by one, and begin with a fresh count", () => {
    everywhere(({ from, to, rule, order }) => {
      if (to.step === from.step) return;
      if (order?.kind === "start") return assert.equal(to.step, 0);
      assert.equal(rule, "safe_enough");
      assert.equal(to.step, from.step + 1);
      assert.deepEqual([to.observedMs, to.isApproved], [0, false]);
    });
  });

  test("missing data never pass and never roll back", () => {
    everywhere(({ from, to, rule, readings }) => {
      if (rule === "order" || rule === "settled" || readings !== undefined) return;
      assert.deepEqual([to.status, to.step, to.observedMs], [from.status, from.step, from.observedMs]);
    });
    everywhere(({ from, to, rule, readings }) => {
      const isUnknown = readings?.slos.every(({ verdict }) => verdict === "unknown") === true;
      if (!isUnknown || from.status === "scheduled" || rule === "order") return;
      assert.equal(to.step, from.step);
      assert.ok(to.status === from.status || !["rolling_back", "completing"].includes(to.status));
    });
  });

  test("a rollback outranks data that are not trusted, an outage and a pause; only a kill outranks it", () => {
    everywhere(({ from, to, rule, readings }) => {
      const isHarmed = readings?.slos.some(({ verdict }) => verdict === "harm") === true;
      if (!isHarmed || readings?.isKilled || from.status === "scheduled" || rule === "order") return;
      assert.equal(to.status, "rolling_back");
    });
  });

  test("a gap between two looks counts for nothing, and no look for more than it was", () => {
    everywhere(({ from, to, at, rule }) => {
      if (rule === "order" || to.step !== from.step) return;
      const gap = at - (from.lastLookAt ?? at);
      assert.ok(to.observedMs - from.observedMs <= (gap > longestGapMs || gap < 0 ? 0 : gap));
    });
  });

  test("an ended ramp is only moved by an order", () => {
    everywhere(({ from, rule }) => {
      const isEnded = ["rolled_back", "completed", "aborted", "draft"].includes(from.status);
      if (isEnded) assert.equal(rule, "order");
    });
  });

  test("from its JSON, at any point, it goes on as if it had never stopped", () => {
    fc.assert(
      fc.property(someEvents, fc.nat(), (events, cut) => {
        const transitions = run(events);
        const at = cut % (transitions.length + 1);
        const before = transitions[at - 1]?.to ?? draftRamp(config);
        const reborn: RampState = JSON.parse(JSON.stringify(before));
        assert.deepEqual(replay(reborn, config, transitions.slice(at)).kind, "agrees");
      }),
    );
  });

  test("its transitions can be decided again, from their JSON too, mere looks left out or not", () => {
    fc.assert(
      fc.property(someEvents, (events) => {
        const transitions: RampTransition[] = JSON.parse(JSON.stringify(run(events)));
        assert.equal(replay(draftRamp(config), config, transitions).kind, "agrees");
        const decisions = replay(draftRamp(config), config, transitions.filter(isDecision));
        assert.equal(decisions.kind, "agrees");
        const ends = decisions.kind === "agrees" && decisions.state.status;
        assert.equal(ends, transitions.at(-1)?.to.status ?? "draft");
      }),
    );
  });

  test("a decision that was not made like this is found", () => {
    const started = orderedRampState(draftRamp(config), config, startOf(), noon);
    assert.equal(started.kind, "transition");
    const begun = nextRampState(started.to, config, readingsWith(), noon + minuteMs);
    assert.ok(begun);
    const forged = { ...begun, to: { ...begun.to, step: 3 } };
    assert.deepEqual(replay(draftRamp(config), config, [started, forged]), {
      kind: "differs",
      index: 1,
      reason: "safe_enough: warming at step 1, not safe_enough: warming at step 4",
    });
    assert.equal(replay(draftRamp(config), config, [begun]).kind, "differs");
  });

  const isMostly = (usual: number) => fc.integer({ min: 0, max: 99 }).map((one) => one < usual);
  const slo = fc
    .oneof(
      { weight: 12, arbitrary: fc.constant("safe" as const) },
      { weight: 4, arbitrary: fc.constant("open" as const) },
      { weight: 1, arbitrary: fc.constantFrom("suspect" as const, "unknown" as const, "harm" as const) },
    )
    .chain((verdict) => isMostly(3).map((isBrokenInBoth) => sloReading({ verdict, isBrokenInBoth })));
  const count = fc.record({
    treatment: fc.integer({ min: 50, max: 900 }),
    control: fc.integer({ min: 50, max: 900 }),
  });
  const readings: fc.Arbitrary<RampReadings> = fc
    .record({
      isKilled: isMostly(3),
      isFresh: isMostly(95),
      units: count,
      requests: count,
      slos: slo.map((one) => [one]),
      dataProblems: isMostly(4).map((isBad) => (isBad ? ["stale"] : [])),
    })
    .map(readingsWith);
  const afterMs = fc.oneof(
    { weight: 12, arbitrary: fc.constant(15_000) },
    { weight: 2, arbitrary: fc.integer({ min: -60_000, max: 300_000 }) },
  );
  const someEvents: fc.Arbitrary<readonly Event[]> = fc.array(
    fc.oneof(
      {
        weight: 20,
        arbitrary: fc.record({
          kind: fc.constant("look" as const),
          readings: fc.option(readings, { nil: undefined, freq: 15 }),
          afterMs,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("order" as const),
          order: fc.constantFrom(
            startOf("a"),
            startOf("b", true),
            ...(
              ["pause", "resume", "resume", "approve", "approve", "promote", "rollback", "abort"] as const
            ).map(orderOf),
          ),
          afterMs,
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("settle" as const), afterMs }) },
    ),
    { minLength: 20, maxLength: 150 },
  );

  function everywhere(holds: (transition: RampTransition) => void): void {
    fc.assert(
      fc.property(someEvents, (events) => {
        for (const transition of run(events)) holds(transition);
      }),
    );
  }

  /** From a ramp that was started; what does not fit its state changes nothing. */
  function run(events: readonly Event[]): RampTransition[] {
    let state = draftRamp(config);
    let now = noon;
    const transitions: RampTransition[] = [];
    for (const event of [{ kind: "order", order: startOf(), afterMs: 0 } as const, ...events]) {
      now += event.afterMs;
      const made = takeIn(state, event, now);
      if (made?.kind !== "transition") continue;
      transitions.push(made);
      state = made.to;
    }
    return transitions;
  }

  function takeIn(state: RampState, event: Event, now: number) {
    if (event.kind === "order") return orderedRampState(state, config, event.order, now);
    if (event.kind === "settle") return settledRampState(state, now);
    return nextRampState(state, config, event.readings, now);
  }

  function exposure(state: RampState): number {
    const { shares, incumbentId } = rampShares(state, config);
    return incumbentId === config.variantId ? 1 : shares.coverage;
  }
});
