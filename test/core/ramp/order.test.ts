import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { draftRamp } from "../../../src/core/ramp/draft.ts";
import { nextRampState } from "../../../src/core/ramp/next-state.ts";
import { orderedRampState } from "../../../src/core/ramp/order.ts";
import { settledRampState } from "../../../src/core/ramp/settle.ts";
import type { RampOrder, RampState } from "../../../src/domain/ramp.ts";
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

describe("orders to a ramp", () => {
  const config = rampWith();
  const dayMs = 24 * 60 * minuteMs;

  test("a start schedules a new generation", () => {
    const { status, generation, variantDigest, by, reason } = ordered(draftRamp(config), config, startOf());
    assert.deepEqual(
      [status, generation, variantDigest, by, reason],
      ["scheduled", 1, "digest-1", "ada", "because"],
    );
  });

  test("a ramp that runs cannot be started, and the refusal names what it can", () => {
    const refusal = orderedRampState(observing(config), config, startOf(), noon);
    assert.equal(refusal.kind, "refusal");
    assert.match(
      refusal.kind === "refusal" ? refusal.message : "",
      /cannot start; it can pause, promote, rollback, approve, abort/,
    );
  });

  test("every order that does not fit the status is refused, and changes nothing", () => {
    const fits: Record<string, string> = {
      draft: "start",
      scheduled: "abort",
      observing: "pause promote rollback approve abort",
      holding: "pause promote rollback approve abort",
      paused: "resume promote rollback approve abort",
      rolling_back: "",
      rolled_back: "start",
      completing: "rollback abort",
      completed: "rollback",
      aborted: "start",
    };
    const asking = rampWith({ steps: [stepWith({ asksApproval: true }), stepWith({ share: 0.5 })] });
    for (const [status, expected] of Object.entries(fits)) {
      const state = { ...observing(config), status } as RampState;
      const orders: RampOrder[] = [
        startOf(),
        ...(["pause", "resume", "promote", "rollback", "approve", "abort"] as const).map(orderOf),
      ];
      const taken = orders.filter(
        (order) => orderedRampState(state, asking, order, noon).kind === "transition",
      );
      assert.equal(taken.map(({ kind }) => kind).join(" "), expected, status);
    }
  });

  test("an approval is wanted once, and where the step asks for it", () => {
    const asking = rampWith({ steps: [stepWith({ asksApproval: true }), stepWith({ share: 0.5 })] });
    const messageOf = (state: RampState, plan = asking) => {
      const made = orderedRampState(state, plan, orderOf("approve"), noon);
      return made.kind === "refusal" ? made.message : undefined;
    };
    const approved = ordered(observing(asking), asking, orderOf("approve"));
    assert.match(messageOf(approved) ?? "", /step 1 is approved/);
    assert.match(messageOf(observing(config), config) ?? "", /step 1 asks for no approval/);
  });

  test("what is completed starts anew only where that is meant: everybody but the first step would go back", () => {
    const completed: RampState = { ...observing(config), status: "completed" };
    assert.equal(orderedRampState(completed, config, startOf(), noon).kind, "refusal");
    const meant = { ...startOf(), overridesLock: true } as RampOrder;
    assert.equal(orderedRampState(completed, config, meant, noon).kind, "transition");
  });

  test("what was rolled back is locked for a day, unless the lock is overridden or the variant changed", () => {
    const harmed = nextRampState(
      observing(config),
      config,
      readingsWith({ slos: [sloReading({ verdict: "harm" })] }),
      noon,
    );
    assert.ok(harmed);
    const state = settledRampState(harmed.to, noon)?.to;
    assert.ok(state);
    assert.equal(state.status, "rolled_back");
    const start = (digest: string, overrides: boolean, at: number) =>
      orderedRampState(state, config, startOf(digest, overrides), at).kind;
    assert.equal(start("digest-1", false, noon + dayMs - 1), "refusal");
    assert.equal(start("digest-1", true, noon), "transition");
    assert.equal(start("digest-2", false, noon), "transition");
    assert.equal(start("digest-1", false, noon + dayMs), "transition");
  });

  test("the lock stands while another digest ramps", () => {
    const rolledBack = {
      ...ordered(observing(config), config, orderOf("rollback")),
      status: "rolled_back",
    } as const;
    const other = ordered(rolledBack, config, startOf("digest-2"), noon + lookMs);
    const aborted = ordered(other, config, orderOf("abort"), noon + lookMs);
    assert.equal(orderedRampState(aborted, config, startOf("digest-1"), noon + 2 * lookMs).kind, "refusal");
  });

  test("a second digest that is rolled back does not open the lock of the first", () => {
    const locks = [
      { digest: "digest-1", until: noon + dayMs },
      { digest: "digest-0", until: noon },
    ];
    const second = observing(config, { variantDigest: "digest-2", locks });
    assert.deepEqual(
      ordered(second, config, orderOf("rollback"), noon).locks.map(({ digest }) => digest),
      ["digest-1", "digest-2"],
    );
  });

  test("a resumed ramp goes on where it was; one that ran out of time gets it anew", () => {
    const paused = ordered(observing(config, { observedMs: 5 * minuteMs }), config, orderOf("pause"));
    assert.equal(ordered(paused, config, orderOf("resume")).observedMs, 5 * minuteMs);
    const timedOut = observing(config, { status: "paused", by: "ramp", observedMs: 60 * minuteMs });
    assert.equal(ordered(timedOut, config, orderOf("resume")).observedMs, 0);
  });

  test("a pause is no time observed", () => {
    const paused = ordered(observing(config), config, orderOf("pause"), noon + lookMs);
    const resumed = ordered(paused, config, orderOf("resume"), noon + 2 * lookMs);
    assert.equal(nextRampState(resumed, config, readingsWith(), noon + 3 * lookMs)?.to.observedMs, 0);
  });

  test("what is on its way arrives, and nothing else does", () => {
    const arrived = (status: RampState["status"]) =>
      settledRampState(observing(config, { status }), noon)?.to.status;
    assert.deepEqual([arrived("rolling_back"), arrived("completing")], ["rolled_back", "completed"]);
    assert.deepEqual([arrived("observing"), arrived("draft")], [undefined, undefined]);
  });
});
