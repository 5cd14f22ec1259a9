import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Answer } from "../../src/domain/chat.ts";
import { Failure, type FailureCode } from "../../src/domain/failure.ts";
import type { BreakerConfig } from "../../src/domain/upstream-config.ts";
import { Breaker } from "../../src/policies/breaker.ts";
import { openAnswer, settle, wholeAnswer } from "./policy-fixture.ts";

const config: BreakerConfig = { failureRatio: 0.5, minimumCalls: 4, windowMs: 10_000, openMs: 5000 };

/** A breaker under the test's clock; `wait` moves it and lets what is due happen. */
function circuit(t: TestContext, change: Partial<BreakerConfig> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let now = 0;
  const subject = new Breaker({ ...config, ...change }, () => now);
  t.after(() => subject.shutdown());
  const call = async (action: () => Promise<Answer>) => {
    const answer = subject.call(action);
    await answer?.catch(() => undefined);
    await settle();
    return answer !== undefined;
  };
  return {
    subject,
    wait: async (milliseconds: number) => {
      now += milliseconds;
      t.mock.timers.tick(milliseconds);
      await settle();
    },
    call,
    succeed: () => call(async () => wholeAnswer()),
    fail: (code: FailureCode = "upstream_error") => call(() => Promise.reject(new Failure(code, code))),
    failTimes: async (times: number) => {
      for (let count = 0; count < times; count++)
        await call(() => Promise.reject(new Failure("upstream_error", "no")));
    },
  };
}

describe("a breaker opens", () => {
  test("when strictly more than its share of the window fails", async (t) => {
    const { subject, succeed, fail } = circuit(t);
    for (const play of [succeed, fail, succeed, fail]) await play();
    assert.equal(subject.state, "closed", "exactly half is not more than half");
    await fail();
    assert.equal(subject.state, "open");
  });

  test("not before the window has its minimum of calls", async (t) => {
    const { subject, failTimes } = circuit(t);
    await failTimes(3);
    assert.equal(subject.state, "closed");
    await failTimes(1);
    assert.equal(subject.state, "open");
  });

  test("not for failures that have left the window", async (t) => {
    const { subject, wait, failTimes } = circuit(t);
    await failTimes(3);
    await wait(config.windowMs + 1);
    await failTimes(3);
    assert.equal(subject.state, "closed");
  });

  test("and then refuses at once without calling, until its time has passed", async (t) => {
    const { subject, wait, succeed, failTimes } = circuit(t);
    await failTimes(4);
    assert.equal(await succeed(), false);
    assert.equal(subject.retryAfterMs, config.openMs);
    await wait(2000);
    assert.equal(subject.retryAfterMs, 3000);
    assert.equal(await succeed(), false);
    await wait(3000);
    assert.equal(subject.state, "half_open");
    assert.equal(subject.retryAfterMs, 0);
  });
});

describe("what a breaker counts", () => {
  const failing: FailureCode[] = [
    "upstream_error",
    "upstream_rate_limited",
    "upstream_quota_exhausted",
    "upstream_reset",
    "upstream_connect_failed",
    "upstream_first_token_timeout",
    "upstream_stalled",
    "upstream_malformed_response",
  ];
  for (const code of failing) {
    test(`${code} as a failure`, async (t) => {
      const { subject, fail } = circuit(t);
      for (let count = 0; count < 4; count++) await fail(code);
      assert.equal(subject.state, "open");
    });
  }

  const neutral: FailureCode[] = [
    "client_cancelled",
    "deadline_exceeded",
    "shutting_down",
    "overloaded",
    "internal_error",
  ];
  for (const code of neutral) {
    test(`${code} not at all`, async (t) => {
      const { subject, fail, failTimes } = circuit(t);
      for (let count = 0; count < 50; count++) await fail(code);
      await failTimes(3);
      assert.equal(subject.state, "closed", "it is no failure");
      await failTimes(1);
      assert.equal(subject.state, "open", "and it has not diluted the failures");
    });
  }

  test("a 4xx that the request earned as a success", async (t) => {
    const { subject, call, failTimes } = circuit(t);
    const upstreamAnswer = { status: 400, headers: {}, bytes: Buffer.from("{}") };
    const reject = () => Promise.reject(new Failure("upstream_rejected", "no", { upstreamAnswer }));
    for (let count = 0; count < 4; count++) await call(reject);
    await failTimes(4);
    assert.equal(subject.state, "closed");
    await failTimes(1);
    assert.equal(subject.state, "open");
  });

  test("refusals while it is open not at all", async (t) => {
    const { subject, wait, succeed, failTimes } = circuit(t);
    await failTimes(4);
    for (let count = 0; count < 100; count++) await succeed();
    await wait(config.openMs);
    await succeed();
    assert.equal(subject.state, "closed");
    await failTimes(4);
    assert.equal(subject.state, "open", "four failures are enough again");
  });

  test("a stream when it ends, not when it begins", async (t) => {
    const { subject, call } = circuit(t, { minimumCalls: 1 });
    const { answer, end } = openAnswer();
    await call(async () => answer);
    assert.equal(subject.state, "closed");
    end({ failure: new Failure("upstream_stalled", "silence") });
    await settle();
    assert.equal(subject.state, "open");
  });

  test("a bug of ours, thrown by the call itself, as nothing", async (t) => {
    const { subject, call } = circuit(t, { minimumCalls: 1 });
    await call(async () => {
      throw new TypeError("a bug");
    });
    assert.equal(subject.state, "closed");
  });
});

describe("a half-open breaker", () => {
  test("lets one probe through, and no second one while that is under way", async (t) => {
    const { subject, wait, call, succeed, failTimes } = circuit(t);
    await failTimes(4);
    await wait(config.openMs);
    const { answer, end } = openAnswer();
    assert.equal(await call(async () => answer), true);
    assert.equal(await succeed(), false);
    assert.equal(await succeed(), false);
    end();
    await settle();
    assert.equal(subject.state, "closed");
    assert.equal(await succeed(), true);
  });

  test("does not close before the probe's stream has ended", async (t) => {
    const { subject, wait, call, failTimes } = circuit(t);
    await failTimes(4);
    await wait(config.openMs);
    const { answer, end } = openAnswer();
    await call(async () => answer);
    assert.equal(subject.state, "half_open");
    end({ failure: new Failure("upstream_stream_interrupted", "cut") });
    await settle();
    assert.equal(subject.state, "open");
  });

  test("opens for its whole time again when the probe fails", async (t) => {
    const { subject, wait, fail, failTimes } = circuit(t);
    await failTimes(4);
    await wait(config.openMs);
    await fail();
    assert.equal(subject.state, "open");
    await wait(config.openMs - 1);
    assert.equal(subject.state, "open");
    await wait(1);
    assert.equal(subject.state, "half_open");
  });

  test("probes once more when the client hung up on the probe", async (t) => {
    const { subject, wait, fail, succeed, failTimes } = circuit(t);
    await failTimes(4);
    await wait(config.openMs);
    await fail("client_cancelled");
    assert.equal(subject.state, "half_open");
    assert.equal(await succeed(), true);
    assert.equal(subject.state, "closed");
  });

  test("stays half-open, and refuses, as long as its probe does not settle", async (t) => {
    const { subject, wait, call, succeed, failTimes } = circuit(t);
    await failTimes(4);
    await wait(config.openMs);
    const { answer, end } = openAnswer();
    await call(async () => answer);
    await wait(10 * config.openMs);
    assert.equal(await succeed(), false);
    // The request's deadline is what settles it; that says nothing of the upstream, so another one may try.
    end({ failure: new Failure("deadline_exceeded", "late") });
    await settle();
    assert.equal(await succeed(), true);
    assert.equal(subject.state, "closed");
  });

  test("forgets the window when it closes", async (t) => {
    const { subject, wait, succeed, failTimes } = circuit(t, { windowMs: 600_000 });
    await failTimes(4);
    await wait(config.openMs);
    await succeed();
    await failTimes(3);
    assert.equal(subject.state, "closed");
  });
});

describe("answers to calls from before the opening", () => {
  test("do not close it, however well they end", async (t) => {
    const { subject, call, failTimes } = circuit(t);
    const early = openAnswer();
    await call(async () => early.answer);
    await failTimes(4);
    early.end();
    await settle();
    assert.equal(subject.state, "open");
  });

  test("do not close it while it is half-open", async (t) => {
    const { subject, wait, call, failTimes } = circuit(t);
    const early = openAnswer();
    await call(async () => early.answer);
    await failTimes(4);
    await wait(config.openMs);
    early.end();
    await settle();
    assert.equal(subject.state, "half_open");
  });

  test("do not open it again after it has closed", async (t) => {
    const { subject, wait, call, succeed, failTimes } = circuit(t, { minimumCalls: 1, failureRatio: 0 });
    const early = [openAnswer(), openAnswer(), openAnswer()];
    for (const { answer } of early) await call(async () => answer);
    await failTimes(1);
    await wait(config.openMs);
    await succeed();
    for (const { end } of early) end({ failure: new Failure("upstream_stalled", "silence") });
    await settle();
    assert.equal(subject.state, "closed");
  });
});

describe("the cost of a breaker", () => {
  test("20,000 failures start no timers and take little time", async (t) => {
    const timeouts = t.mock.method(globalThis, "setTimeout").mock;
    const intervals = t.mock.method(globalThis, "setInterval").mock;
    const subject = new Breaker({ ...config, failureRatio: 1 }, () => performance.now());
    const failure = new Failure("upstream_error", "no");
    const startedAt = performance.now();
    for (let count = 0; count < 20_000; count++) {
      await subject.call(() => Promise.reject(failure))?.catch(() => undefined);
    }
    assert.ok(performance.now() - startedAt < 5000, "with percentiles it was half a minute");
    assert.equal(timeouts.callCount() + intervals.callCount(), 0);
    subject.shutdown();
  });

  test("a thousand openings hold no more than the timer of the last", async (t) => {
    const { subject, wait, fail, failTimes } = circuit(t);
    await failTimes(4);
    const cleared = t.mock.method(globalThis, "clearTimeout").mock;
    for (let count = 0; count < 1000; count++) {
      await wait(config.openMs);
      await fail();
    }
    assert.equal(subject.state, "open");
    assert.ok(cleared.callCount() >= 1000);
  });

  test("one that was shut down lets nobody through when its time comes", async (t) => {
    const { subject, wait, succeed, failTimes } = circuit(t);
    await failTimes(4);
    subject.shutdown();
    await wait(10 * config.openMs);
    assert.equal(await succeed(), false);
  });
});
