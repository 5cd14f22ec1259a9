import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Failure } from "../../src/domain/failure.ts";
import { deadline } from "../../src/policies/deadline.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import { contextOf, openAnswer, renderedRequest, settle } from "./policy-fixture.ts";

describe("the deadline of a request", () => {
  test("is counted from its arrival, by the experiment's budget", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const context = contextOf(undefined, { startedAt: 1000 });
    const request = renderedRequest({ experiment: experimentWith({ totalMs: 500 }) });
    const { answer } = openAnswer();
    await deadline(120_000, () => 1200)(async () => answer)(request, context);
    assert.equal(context.state.deadlineAt, 1500);
    t.mock.timers.tick(299);
    assert.equal(context.controller.signal.aborted, false);
    t.mock.timers.tick(1);
    const { reason } = context.controller.signal;
    assert.ok(reason instanceof Failure);
    assert.equal(reason.code, "deadline_exceeded");
    assert.match(reason.message, /500 ms/);
  });

  test("has a default outside of experiments", async () => {
    const context = contextOf();
    const { answer, end } = openAnswer();
    const request = { ...renderedRequest(), experiment: undefined };
    await deadline(7000, () => 0)(async () => answer)(request, context);
    assert.equal(context.state.deadlineAt, 7000);
    end();
    await settle();
  });

  test("stands over an answer until that has ended", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const context = contextOf();
    const { answer, end } = openAnswer();
    const request = renderedRequest({ experiment: experimentWith({ totalMs: 500 }) });
    await deadline(1, () => 0)(async () => answer)(request, context);
    t.mock.timers.tick(499);
    end();
    await settle();
    t.mock.timers.tick(10_000);
    assert.equal(context.controller.signal.aborted, false);
  });

  test("falls with a request that fails", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const context = contextOf();
    const service = deadline(500, () => 0)(() => Promise.reject(new Failure("upstream_error", "no")));
    await assert.rejects(service(renderedRequest(), context), { code: "upstream_error" });
    t.mock.timers.tick(100_000);
    assert.equal(context.controller.signal.aborted, false);
  });
});
