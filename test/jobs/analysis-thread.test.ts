import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { RampQuestion } from "../../src/domain/ramp.ts";
import type { AnalysisPlan } from "../../src/domain/report.ts";
import { createAnalysisThread } from "../../src/jobs/analysis-thread.ts";

/** Threads that answer, fail or die as the experiment's name says. */
const script = `
  const { parentPort } = require("node:worker_threads");
  let questions = 0;
  parentPort.on("message", ({ id, plan }) => {
    questions += 1;
    if (plan?.experimentId === "die") process.exit(1);
    if (plan?.experimentId === "fail") parentPort.postMessage({ id, error: "no such thing" });
    else parentPort.postMessage({ id, text: plan?.experimentId + " " + questions });
  });
`;

function thread() {
  let started = 0;
  const told: string[] = [];
  const log = { info: () => {}, warn: () => {}, error: (message: string) => void told.push(message) };
  const start = () => {
    started++;
    return new Worker(script, { eval: true });
  };
  const analyst = createAnalysisThread({ start, log });
  // Only the name and the scope are looked at here.
  const ask = (experimentId: string) => analyst.results({ experimentId, scope: "used" } as AnalysisPlan);
  return { analyst, ask, told, started: () => started };
}

describe("the thread of the statistics", () => {
  test("is started by the first question, and answers each by its own", async (t) => {
    const { analyst, ask, started } = thread();
    t.after(() => analyst.close());
    assert.equal(started(), 0);
    assert.deepEqual(await Promise.all([ask("one"), ask("two")]), ["one 1", "two 2"]);
    assert.equal(started(), 1);
  });

  test("answers those who ask the same at the same time once", async (t) => {
    const { analyst, ask } = thread();
    t.after(() => analyst.close());
    assert.deepEqual(await Promise.all([ask("one"), ask("one"), ask("one")]), ["one 1", "one 1", "one 1"]);
  });

  test("gives no answer that was begun before the question", async (t) => {
    const { analyst, ask } = thread();
    t.after(() => analyst.close());
    const first = ask("one");
    await new Promise(setImmediate);
    const later = [ask("one"), ask("one")];
    assert.equal(await first, "one 1");
    assert.deepEqual(await Promise.all(later), ["one 2", "one 2"]);
  });

  test("says that it failed, with the cause in the log, and goes on", async (t) => {
    const { analyst, ask, told } = thread();
    t.after(() => analyst.close());
    await assert.rejects(ask("fail"), {
      code: "store_unavailable",
      message: /it failed; the log has the cause/,
    });
    assert.deepEqual(told, ["the analysis failed"]);
    assert.equal(await ask("one"), "one 2");
  });

  test("is started again by the next question after it died; whoever waited hears of it", async (t) => {
    const { analyst, ask, started } = thread();
    t.after(() => analyst.close());
    await assert.rejects(ask("die"), { code: "store_unavailable" });
    assert.equal(await ask("one"), "one 1");
    assert.equal(started(), 2);
  });
});

test("a thread that dies takes one question with it, and none of those that wait", async (t) => {
  const { analyst, ask, started } = thread();
  t.after(() => analyst.close());
  const answers = await Promise.allSettled(["one", "die", "two"].map(ask));
  assert.deepEqual(
    answers.map((answer) => (answer.status === "fulfilled" ? answer.value : "sent away")),
    ["one 1", "sent away", "two 1"],
  );
  assert.equal(started(), 2);

  test("answers ramps before pages, in their order, however many pages wait", async (t) => {
    const { analyst, ask } = thread();
    t.after(() => analyst.close());
    const answered: string[] = [];
    const pages = Array.from({ length: 64 }, (_, at) =>
      ask(`page-${at}`).then((text) => answered.push(text)),
    );
    await new Promise(setImmediate);
    // Nothing but the turn is looked at here.
    const ramp = () => analyst.ramp({} as RampQuestion).then((text) => answered.push(text));
    await Promise.all([ramp(), ramp(), ...pages]);
    assert.deepEqual(answered.slice(0, 3), ["page-0 1", "undefined 2", "undefined 3"]);
  });
});
