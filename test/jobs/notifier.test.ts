import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Notification } from "../../src/domain/ramp-news.ts";
import { createNotifier, type Outbox } from "../../src/jobs/notifier.ts";
import { createTestLog } from "../control/control-fixture.ts";

const one = (id: string): Notification => ({
  id,
  experimentId: "tone",
  hook: "h",
  at: 0,
  event: "paused",
  contentType: "application/json",
  body: "{}",
  attempts: 0,
  error: undefined,
});

/** Over virtual time; the hook fails while the test says so. */
function notifying(t: TestContext, kept: Outbox = { waiting: [], dead: [] }) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const state = { failure: new Error("it answered 500") as Error | undefined, sent: [] as string[] };
  const saved: Outbox[] = [];
  const notifier = createNotifier({
    async send({ id }) {
      state.sent.push(id);
      if (state.failure !== undefined) throw state.failure;
    },
    kept,
    keep: async (outbox) => {
      saved.push(outbox);
    },
    log: createTestLog(),
  });
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  };
  return { state, saved, notifier, pass };
}

describe("a notification", () => {
  test("is sent behind the back of who tells it, and kept until it is", async (t) => {
    const { state, saved, notifier, pass } = notifying(t);
    state.failure = undefined;
    notifier.tell([one("a")]);
    assert.deepEqual(state.sent, []);
    await pass(0);
    assert.deepEqual(state.sent, ["a"]);
    assert.deepEqual(
      saved.map(({ waiting }) => waiting.length),
      [1, 0],
    );
  });

  test("is tried six times over twelve minutes, and then given up where it can be seen", async (t) => {
    const { state, notifier, pass } = notifying(t);
    notifier.tell([one("a")]);
    for (const ms of [0, 1000, 5000, 30_000, 120_000]) await pass(ms);
    assert.equal(state.sent.length, 5);
    assert.equal(notifier.outbox.waiting.length, 1);
    await pass(600_000);
    const [dead] = notifier.outbox.dead;
    assert.equal(dead?.attempts, 6);
    assert.equal(dead?.error, "it answered 500");
    assert.deepEqual(notifier.outbox.waiting, []);
    await pass(3_600_000);
    assert.equal(state.sent.length, 6);
  });

  test("that was given up is tried anew when told", async (t) => {
    const { state, notifier, pass } = notifying(t, { waiting: [], dead: [one("a"), one("b")] });
    state.failure = undefined;
    assert.equal(notifier.retry("c"), 0);
    assert.equal(notifier.retry("a"), 1);
    await pass(0);
    assert.deepEqual(state.sent, ["a"]);
    assert.equal(notifier.retry(), 1);
    await pass(0);
    assert.deepEqual(notifier.outbox, { waiting: [], dead: [] });
  });

  test("that waits for its next turn is tried at once when told", async (t) => {
    const { state, notifier, pass } = notifying(t);
    notifier.tell([one("a")]);
    await pass(0);
    assert.equal(notifier.outbox.waiting[0]?.attempts, 1);
    state.failure = undefined;
    assert.equal(notifier.retry(), 1);
    await pass(0);
    assert.deepEqual(state.sent, ["a", "a"]);
    assert.deepEqual(notifier.outbox, { waiting: [], dead: [] });
    await pass(600_000);
    assert.deepEqual(state.sent, ["a", "a"]);
  });

  test("that waited when the process ended is sent by the next one", async (t) => {
    const { state, notifier, pass } = notifying(t, { waiting: [{ ...one("a"), attempts: 5 }], dead: [] });
    state.failure = undefined;
    await pass(0);
    assert.deepEqual(state.sent, ["a"]);
    assert.deepEqual(notifier.outbox.waiting, []);
  });

  test("is not sent after the stop, and stays kept", async (t) => {
    const { state, notifier, pass } = notifying(t);
    notifier.tell([one("a")]);
    await notifier.stop();
    await pass(1000);
    assert.deepEqual(state.sent, []);
    assert.equal(notifier.outbox.waiting.length, 1);
  });

  test("whose last attempt the stop cuts off waits for the next process", async (t) => {
    const { state, notifier, pass } = notifying(t);
    notifier.tell([{ ...one("a"), attempts: 5 }]);
    t.mock.timers.tick(0);
    await notifier.stop();
    await pass(0);
    assert.deepEqual(state.sent, ["a"]);
    assert.deepEqual(notifier.outbox.dead, []);
    assert.equal(notifier.outbox.waiting.length, 1);
  });

  test("is dropped as the oldest of two hundred that were given up", async (t) => {
    const dead = Array.from({ length: 200 }, (_, at) => one(`${at}`));
    const { notifier, pass } = notifying(t, { waiting: [], dead });
    notifier.tell([{ ...one("new"), attempts: 5 }]);
    await pass(0);
    const ids = notifier.outbox.dead.map(({ id }) => id);
    assert.deepEqual([ids.length, ids[0], ids.at(-1)], [200, "1", "new"]);
  });
});
