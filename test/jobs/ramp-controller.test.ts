import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { startRampController } from "../../src/jobs/ramp-controller.ts";
import { createTestLog } from "../control/control-fixture.ts";

/** A controller over virtual time; a look takes as long as the test says. */
function controlled(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const state = {
    now: 0,
    records: 0,
    tookMs: 0,
    looks: [] as number[],
    failure: undefined as Error | undefined,
  };
  const log = createTestLog();
  const controller = startRampController({
    running: () => ["tone"],
    async look() {
      state.looks.push(state.now);
      state.now += state.tookMs;
      if (state.failure !== undefined) throw state.failure;
    },
    records: () => state.records,
    log,
    now: () => state.now,
  });
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 500) {
      state.now += 500;
      t.mock.timers.tick(500);
      // A look ends a few turns after the tick that began it.
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    }
  };
  return { state, controller, pass, log };
}

describe("the controller of ramps", () => {
  test("looks at once, and every 15 s", async (t) => {
    const { state, pass } = controlled(t);
    await pass(31_000);
    assert.deepEqual(state.looks, [500, 15_500, 30_500]);
  });

  test("looks sooner when 100 records have come", async (t) => {
    const { state, pass } = controlled(t);
    await pass(1000);
    state.records = 99;
    await pass(1000);
    state.records = 100;
    await pass(500);
    assert.deepEqual(state.looks, [500, 2500]);
  });

  for (const { tookMs, next } of [
    { tookMs: 200, next: 2700 },
    { tookMs: 1000, next: 4500 },
  ]) {
    test(`leaves the statistics nine tenths of their time, or three seconds, after a look of ${tookMs} ms`, async (t) => {
      const { state, pass } = controlled(t);
      state.tookMs = tookMs;
      await pass(500);
      state.records = 10_000;
      await pass(4000);
      assert.deepEqual(state.looks.slice(0, 2), [500, next]);
    });
  }

  test("goes on after a look that failed, and stops when told", async (t) => {
    const { state, pass, log, controller } = controlled(t);
    state.failure = new Error("no");
    await pass(16_000);
    assert.equal(state.looks.length, 2);
    assert.equal(log.lines.length, 2);
    await controller.stop();
    await pass(60_000);
    assert.equal(state.looks.length, 2);
  });

  test("delays no ramp by another that hangs", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { promise: hung, resolve } = Promise.withResolvers<void>();
    const looks: string[] = [];
    let passedMs = 0;
    const controller = startRampController({
      running: () => ["hung", "tone"],
      look: (id) => {
        looks.push(id);
        return id === "hung" ? hung : Promise.resolve();
      },
      records: () => 0,
      log: createTestLog(),
      now: () => passedMs,
    });
    for (let tick = 0; tick < 3; tick++) {
      passedMs += 15_000;
      t.mock.timers.tick(500);
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    }
    assert.deepEqual(looks, ["hung", "tone", "tone", "tone"]);
    resolve();
    await controller.stop();
  });
});
