import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { CheckResult } from "../../src/domain/config.ts";
import { createSchemaThread } from "../../src/jobs/schema-thread.ts";

/** A thread that hangs, dies or answers with the number of its question, as the text says. */
const script = `
  const { parentPort } = require("node:worker_threads");
  let count = 0;
  parentPort.on("message", ({ text }) => {
    if (text === "hang") for (;;);
    if (text === "die") process.exit(1);
    if (text === "throw") throw new Error("a fault");
    parentPort.postMessage({ kind: "fail", path: "", message: text + " " + ++count });
  });
  parentPort.postMessage("ready");
`;

function threadOf(t: TestContext, source = script) {
  let started = 0;
  let now = 0;
  const told: string[] = [];
  const tell = (message: string) => void told.push(message);
  const { judge, close } = createSchemaThread({
    start: () => {
      started++;
      return new Worker(source, { eval: true });
    },
    budgetMs: () => 50,
    now: () => now,
    log: { info: tell, warn: tell, error: tell },
  });
  t.after(close);
  const ask = async (key: string, text: string) =>
    spoken(await judge({ key, source: "{}", tool: undefined, text }));
  return { ask, close, told, started: () => started, pass: (milliseconds: number) => (now += milliseconds) };
}

function spoken(result: CheckResult): string {
  if (result.kind === "fail") return result.message;
  return result.kind === "not_evaluated" ? `not: ${result.reason}` : result.kind;
}

const tooLong = "not: its schema took too long";
const tooLongBefore = "not: its schema took too long before";

describe("the thread for schemas of clients", () => {
  test("is started by the first question, and answers each by its own", async (t) => {
    const { ask, started } = threadOf(t);
    assert.equal(started(), 0);
    assert.deepEqual(await Promise.all([ask("a", "one"), ask("b", "two")]), ["one 1", "two 2"]);
    assert.equal(started(), 1);
  });

  test("is ended by a schema that takes too long; whoever waits behind it gets an answer of the next", async (t) => {
    const { ask, started, told } = threadOf(t);
    assert.deepEqual(await Promise.all([ask("slow", "hang"), ask("a", "one")]), [tooLong, "one 1"]);
    assert.equal(started(), 2);
    assert.equal(told.length, 1);
  });

  test("does not try such a schema again, not for those that wait either, until its time is over", async (t) => {
    const { ask, started, pass } = threadOf(t);
    assert.deepEqual(await Promise.all([ask("slow", "hang"), ask("slow", "one")]), [tooLong, tooLongBefore]);
    assert.equal(await ask("slow", "one"), tooLongBefore);
    assert.equal(started(), 1);
    pass(300_000);
    assert.equal(await ask("slow", "one"), "one 1");
  });

  for (const fault of ["die", "throw"]) {
    test(`takes one question with it when it comes to ${fault}, and is started again`, async (t) => {
      const { ask } = threadOf(t);
      const [lost, next] = await Promise.all([ask("bad", fault), ask("a", "one")]);
      assert.match(lost ?? "", /^not: its schema took too/);
      assert.equal(next, "one 1");
    });
  }

  test("answers for schemas that it knows before all others", async (t) => {
    const { ask } = threadOf(t);
    await ask("known", "first");
    const answers = [ask("slow", "hang"), ask("new", "new"), ask("known", "known")];
    assert.deepEqual(await Promise.all(answers), [tooLong, "new 2", "known 1"]);
  });

  test("tries nothing new after thirty schemas that took too long; what it knows goes on", async (t) => {
    const { ask, pass, started } = threadOf(t);
    await ask("known", "first");
    for (let slow = 0; slow < 30; slow++) await ask(`slow ${slow}`, "die");
    const threads = started();
    assert.equal(await ask("new", "one"), "not: too many schemas took too long of late");
    assert.equal(started(), threads);
    assert.match(await ask("known", "one"), /^one/);
    pass(300_000);
    assert.match(await ask("new", "one"), /^one/);
  });

  test("lets sixty-four wait of each kind; the next one is told that it is busy", async (t) => {
    const { ask } = threadOf(t);
    const waiting = Array.from({ length: 65 }, (_, key) => ask(`${key}`, "one"));
    assert.equal(await waiting[64], "not: busy");
    assert.deepEqual((await Promise.all(waiting.slice(0, 64))).at(-1), "one 64");
  });

  test("is not asked about a value of more than a million characters, which its memory may not hold", async (t) => {
    const { ask, started } = threadOf(t);
    assert.match(await ask("a", "x".repeat(1_000_001)), /^not: the value has more than 1000000 characters$/);
    assert.equal(started(), 0);
    assert.match(await ask("a", "x".repeat(1_000_000)), /^x+ 1$/);
  });

  test("lets nobody wait for a thread that does not come", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { ask } = threadOf(t, "setInterval(() => {}, 1000)");
    const asked = ask("a", "one");
    t.mock.timers.tick(1000);
    assert.equal(await asked, "not: busy");
  });

  test("is not started over and over when it cannot be", async (t) => {
    const { ask, started, pass } = threadOf(t, "throw new Error('no such file')");
    const unstartable = "not: its thread cannot be started";
    assert.deepEqual(await Promise.all([ask("a", "one"), ask("b", "two")]), [unstartable, unstartable]);
    assert.equal(await ask("a", "one"), unstartable);
    assert.equal(started(), 1);
    pass(5000);
    await ask("a", "one");
    assert.equal(started(), 2);
  });

  test("answers that it cannot be started where the system refuses it one", async () => {
    const silent = () => {};
    const { judge } = createSchemaThread({
      start: () => {
        throw new Error("no more threads");
      },
      budgetMs: () => 50,
      now: () => 0,
      log: { info: silent, warn: silent, error: silent },
    });
    const question = { key: "a", source: "{}", tool: undefined, text: "" };
    assert.equal(spoken(await judge(question)), "not: its thread cannot be started");
  });

  test("answers everybody when it is closed", async (t) => {
    const { ask, close } = threadOf(t);
    await ask("a", "one");
    const asked = [ask("slow", "hang"), ask("b", "two")];
    await close();
    const closed = "not: this instance is shutting down";
    assert.deepEqual(await Promise.all([...asked, ask("c", "three")]), [closed, closed, closed]);
  });
});
