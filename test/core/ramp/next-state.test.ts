import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { draftRamp } from "../../../src/core/ramp/draft.ts";
import { isDecision, nextRampState } from "../../../src/core/ramp/next-state.ts";
import type {
  LastUnit,
  RampConfig,
  RampReadings,
  RampState,
  RampTransition,
} from "../../../src/domain/ramp.ts";
import {
  lookMs,
  minuteMs,
  noon,
  observing,
  ordered,
  orderOf,
  rampWith,
  readingsWith,
  sloReading,
  startOf,
  stepWith,
} from "./ramp-fixture.ts";

describe("the next state of a ramp", () => {
  const config = rampWith();
  const burning: readonly LastUnit[] = Array.from({ length: 20 }, () => [
    { isTreatment: true, hasFailed: true },
    { isTreatment: false, hasFailed: false },
  ]).flat();
  const harm = sloReading({ verdict: "harm" });
  const passing = {
    url: "http://127.0.0.1:9090",
    query: "up",
    compare: "above",
    threshold: 0,
    timeoutMs: 1_000,
  } as const;

  test("a killed ramp decides nothing, whatever the readings say", () => {
    const made = look(observing(config), { isKilled: true, lastUnits: burning, slos: [harm] });
    assert.equal(made.rule, "killed");
    assert.equal(made.to.status, "observing");
    assert.equal(made.to.observedMs, 0);
    const held = observing(config, { status: "holding", cleanLooks: 2, cleanMs: 9 * minuteMs });
    const { cleanLooks, cleanMs } = look(held, { isKilled: true }).to;
    assert.deepEqual([cleanLooks, cleanMs], [0, 0]);
  });

  test("a treatment that burns is rolled back before anything else is asked", () => {
    const made = look(observing(config), {
      lastUnits: burning,
      slos: [harm],
      dataProblems: ["sample ratio"],
    });
    assert.equal(made.rule, "fast_burn");
    assert.equal(made.to.status, "rolling_back");
  });

  test("confirmed harm outranks an outage, data that are not trusted and a suspicion", () => {
    const slos = [sloReading({ verdict: "harm", isBrokenInBoth: true })];
    const made = look(observing(config), { slos, dataProblems: ["sample ratio"] });
    assert.equal(made.rule, "confirmed_harm");
    assert.equal(made.to.status, "rolling_back");
    assert.match(made.to.reason ?? "", /error_rate/);
  });

  test("time in which an arm was silent does not count, neither to pass nor to give up", () => {
    const state = observing(config, { observedMs: 5 * minuteMs });
    const silent = look(state, { isFresh: false });
    assert.equal(silent.to.observedMs, 5 * minuteMs);
    assert.match(silent.to.reason ?? "", /no new requests/);
    assert.equal(look(state).to.observedMs, 5 * minuteMs + lookMs);
    const late = observing(config, { observedMs: 60 * minuteMs - 1 });
    assert.equal(look(late, { isFresh: false }).to.status, "observing");
  });

  test("a paused and a held ramp are rolled back too, and one that cannot complete yet", () => {
    for (const status of ["paused", "holding", "completing"] as const) {
      assert.equal(look(observing(config, { status }), { slos: [harm] }).to.status, "rolling_back");
    }
  });

  test("an outage of both variants holds, and so do bad data and a suspicion, in this order", () => {
    const suspect = sloReading({ verdict: "suspect" });
    const broken = sloReading({ verdict: "suspect", isBrokenInBoth: true });
    const rules = [
      look(observing(config), { slos: [broken], dataProblems: ["stale"] }),
      look(observing(config), { slos: [suspect], dataProblems: ["stale"] }),
      look(observing(config), { slos: [suspect] }),
    ];
    assert.deepEqual(
      rules.map(({ rule, to }) => [rule, to.status]),
      [
        ["shared_outage", "holding"],
        ["untrustworthy_data", "holding"],
        ["suspected_harm", "holding"],
      ],
    );
  });

  test("a hold ends after three clean looks and ten clean minutes, and its time counts for nothing", () => {
    let state = look(observing(config), { dataProblems: ["stale"] }).to;
    const statuses: string[] = [];
    for (let at = 0; at < 42; at++) {
      state = look(state).to;
      statuses.push(state.status);
    }
    // The first clean look has no clean time yet; 40 times 15 s follow.
    assert.equal(statuses.indexOf("observing"), 40);
    assert.equal(state.observedMs, lookMs);
  });

  test("one bad look begins the clean time of a hold anew", () => {
    const nearly = observing(config, { status: "holding", cleanLooks: 40, cleanMs: 10 * minuteMs - lookMs });
    const again = look(nearly, { dataProblems: ["stale"] }).to;
    assert.deepEqual([again.status, again.cleanLooks, again.cleanMs], ["holding", 0, 0]);
  });

  test("ten minutes in few looks end no hold: three are wanted", () => {
    const late = observing(config, { status: "holding", cleanLooks: 1, cleanMs: 10 * minuteMs });
    const second = look(late).to;
    assert.equal(second.status, "holding");
    assert.equal(look(second).to.status, "observing");
  });

  test("a step begins once time, units, requests and SLOs are there, and not before", () => {
    const ready = observing(config, { observedMs: 10 * minuteMs - lookMs });
    assert.equal(look(ready).to.step, 1);
    assert.equal(look({ ...ready, observedMs: 10 * minuteMs - lookMs - 1 }).to.step, 0);
    const lacking: Partial<RampReadings>[] = [
      { units: { treatment: 99, control: 500 } },
      { units: { treatment: 500, control: 99 } },
      { requests: { treatment: 199, control: 500 } },
      { isFresh: false },
      { slos: [] },
      { slos: [sloReading({ verdict: "unknown" })] },
      { slos: [sloReading({ metric: "latency_p95" })] },
    ];
    for (const readings of lacking) {
      const made = look(ready, readings);
      assert.deepEqual([made.rule, made.to.step], ["not_enough", 0]);
      assert.notEqual(made.to.reason, undefined);
    }
  });

  test("a new step begins with nothing observed and nothing approved", () => {
    const ready = observing(config, { observedMs: 20 * minuteMs, isApproved: true });
    const { to } = look(ready);
    assert.deepEqual(
      [to.status, to.step, to.stepStartedAt, to.observedMs, to.isApproved],
      ["warming", 1, to.lastLookAt, 0, false],
    );
  });

  test("it is warming until the treatment has had its requests", () => {
    const few = { requests: { treatment: 9, control: 100 } };
    assert.equal(look(observing(config), few).to.status, "warming");
    assert.equal(look(observing(config, { status: "warming" })).to.status, "observing");
  });

  test("an SLO that is neither suspected nor shown lets a step begin, but never completion", () => {
    const open = { slos: [sloReading({ verdict: "open" })] };
    const ready = observing(config, { observedMs: 20 * minuteMs });
    assert.equal(look(ready, open).to.step, 1);
    assert.equal(look({ ...ready, step: 2 }, open).to.status, "observing");
    assert.equal(look({ ...ready, step: 2 }).to.status, "completing");
  });

  test("a step that ran out of time is paused as inconclusive, and says what was missing", () => {
    const late = observing(config, { observedMs: 60 * minuteMs });
    const made = look(late, { units: { treatment: 3, control: 500 } });
    assert.deepEqual([made.rule, made.to.status], ["timed_out", "paused"]);
    assert.match(made.to.reason ?? "", /^inconclusive: 3 of 100 units/);
  });

  test("what waits for approval does not run out of time, and goes on once it has it", () => {
    const asking = rampWith({ steps: [stepWith({ asksApproval: true }), stepWith({ share: 0.5 })] });
    let state = observing(asking, { observedMs: 20 * minuteMs });
    for (let at = 0; at < 1_000; at++) state = look(state, {}, asking).to;
    assert.equal(state.step, 0);
    assert.equal(state.reason, "waits for approval");
    assert.equal(look(state, { isFresh: false }, asking).to.status, "observing");
    const approved = ordered(state, asking, orderOf("approve"));
    assert.equal(look(approved, {}, asking).to.step, 1);
  });

  test("the gate must pass: failing it holds, and without its data nothing is raised", () => {
    const gated = rampWith({ gate: passing });
    const ready = observing(gated, { observedMs: 20 * minuteMs });
    const outcomes = (["passes", "fails", "missing", undefined] as const).map((gate) => {
      const { to } = look(ready, { gate }, gated);
      return [to.status, to.step];
    });
    assert.deepEqual(outcomes, [
      ["warming", 1],
      ["holding", 0],
      ["observing", 0],
      ["observing", 0],
    ]);
  });

  test("a variant that is rolled back again is locked from then on, and once", () => {
    const until = noon + minuteMs;
    const locks = [
      { digest: "digest-1", until },
      { digest: "other", until },
      { digest: "old", until: noon },
    ];
    const { to } = look(observing(config, { locks }), { slos: [harm] });
    assert.deepEqual(to.locks, [
      { digest: "other", until },
      { digest: "digest-1", until: noon + lookMs + config.lockMs },
    ]);
  });

  test("a gap in the looks is no time observed, nor is a clock that goes back", () => {
    const state = observing(config);
    const at = (now: number) => nextRampState(state, config, readingsWith(), now)?.to.observedMs;
    assert.equal(at(noon + 60_000), 60_000);
    assert.equal(at(noon + 60_001), 0);
    assert.equal(at(noon - 60_000), 0);
  });

  test("without readings nothing passes, nothing is rolled back and no time goes by", () => {
    const ready = observing(config, { observedMs: 59 * minuteMs });
    const made = nextRampState(ready, config, undefined, noon + lookMs);
    assert.deepEqual([made?.to.status, made?.to.step, made?.to.observedMs], ["observing", 0, 59 * minuteMs]);
  });

  test("a started ramp waits for its schedule and begins with the first step", () => {
    const startAt = noon + 10 * minuteMs;
    const late = rampWith({ schedule: { startAt, hours: undefined, freezes: [] } });
    const started = ordered(draftRamp(late), late, startOf());
    const early = nextRampState(started, late, readingsWith(), noon);
    assert.equal(early?.to.status, "scheduled");
    const made = nextRampState(started, late, readingsWith(), startAt);
    assert.deepEqual([made?.to.status, made?.to.step, made?.to.startedAt], ["warming", 0, startAt]);
    assert.equal(
      nextRampState(started, late, readingsWith({ isKilled: true }), startAt)?.to.status,
      "scheduled",
    );
  });

  test("what cannot complete yet goes neither back nor on where nothing is wrong, and says why it completes", () => {
    const state = observing(config, { status: "completing", step: 2, reason: "because" });
    const doubted = { dataProblems: ["the shares are not in force"], slos: [] };
    for (const to of [look(state).to, look(state, doubted).to])
      assert.deepEqual(to, { ...state, lastLookAt: noon + lookMs });
    assert.equal(nextRampState(state, config, undefined, noon)?.to.reason, "because");
  });

  test("the first step waits for the gate as all others do", () => {
    const gated = rampWith({ gate: passing });
    const started = ordered(draftRamp(gated), gated, startOf());
    const begun = (["passes", "fails", "missing", undefined] as const).map((gate) => {
      const { to } = look(started, { gate }, gated);
      return [to.status, to.reason];
    });
    assert.deepEqual(begun, [
      ["warming", "the first step begins"],
      ["scheduled", "the gate fails"],
      ["scheduled", "the gate has no data"],
      ["scheduled", "the gate has no data"],
    ]);
  });

  test("there is nothing to look at before a start and after an end", () => {
    for (const status of ["draft", "rolling_back", "rolled_back", "completed", "aborted"] as const) {
      assert.equal(nextRampState(observing(config, { status }), config, readingsWith(), noon), undefined);
    }
  });

  test("a mere look is no decision; a change of status or step is one", () => {
    const first = look(observing(config));
    assert.equal(isDecision(first), false);
    assert.equal(isDecision(look(observing(config, { observedMs: 20 * minuteMs }))), true);
    assert.equal(isDecision(look(observing(config), { dataProblems: ["stale"] })), true);
  });

  /** One look 15 s after the last one. */
  function look(
    state: RampState,
    change: Partial<RampReadings> = {},
    plan: RampConfig = config,
  ): RampTransition {
    const made = nextRampState(state, plan, readingsWith(change), (state.lastLookAt ?? noon) + lookMs);
    assert.ok(made);
    return made;
  }
});
