import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { RenderedRequest } from "../../src/domain/chat.ts";
import { Failure, type FailureCode, type FailureDetails } from "../../src/domain/failure.ts";
import type { RetryConfig } from "../../src/domain/upstream-config.ts";
import { retry } from "../../src/policies/retry.ts";
import { contextOf, renderedRequest, settle, wholeAnswer } from "./policy-fixture.ts";

const config: RetryConfig = {
  maxAttempts: 3,
  baseMs: 200,
  maxMs: 5000,
  maxRetryAfterMs: 10_000,
  budgetRatio: 0.2,
  budgetPerSecond: 3,
};

/** A retry policy under the test's clock, over a service that fails as `failures` say and then answers. */
function retrying(t: TestContext, change: Partial<RetryConfig> = {}, random = () => 0.5) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  let failures: Failure[] = [];
  const seen: RenderedRequest[] = [];
  const changed = { ...config, ...change };
  const service = retry({ configOf: () => changed, now: () => now, random })(async (request) => {
    seen.push(request);
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return wholeAnswer();
  });
  const context = contextOf();
  return {
    seen,
    context,
    wait: async (milliseconds: number) => {
      now += milliseconds;
      t.mock.timers.tick(milliseconds);
      await settle();
    },
    /** Begins a request; `result` is its status or its failure's code, once there is one. */
    ask: async (...coming: Failure[]) => {
      failures = coming;
      const asked: { result: number | string | undefined } = { result: undefined };
      service(renderedRequest(), context).then(
        ({ status }) => {
          asked.result = status;
        },
        (error) => {
          asked.result = error instanceof Failure ? error.code : String(error);
        },
      );
      await settle();
      return asked;
    },
  };
}

function failed(code: FailureCode = "upstream_error", details: FailureDetails = {}): Failure {
  return new Failure(code, code, details);
}

describe("a retry", () => {
  test("asks again after full jitter on a doubling wait, and says so", async (t) => {
    const { seen, wait, ask } = retrying(t);
    const asked = await ask(failed(), failed());
    assert.equal(seen.length, 1);
    await wait(99);
    assert.equal(seen.length, 1);
    await wait(1);
    assert.equal(seen.length, 2);
    await wait(199);
    assert.equal(seen.length, 2);
    await wait(1);
    assert.equal(asked.result, 200);
    assert.deepEqual(
      seen.map(({ attemptReason, backoffMs }) => [attemptReason, backoffMs]),
      [
        ["initial", 0],
        ["retry", 100],
        ["retry", 200],
      ],
    );
  });

  test("waits from nothing up to, and not with, the whole wait", async (t) => {
    let dice = 0;
    const { seen, wait, ask } = retrying(t, { maxAttempts: 2, budgetPerSecond: 100 }, () => dice);
    await ask(failed());
    await wait(0);
    assert.equal(seen.at(-1)?.backoffMs, 0);
    dice = 0.999_999;
    await ask(failed());
    await wait(200);
    assert.equal(seen.at(-1)?.backoffMs, 199);
  });

  test("never waits longer than max_ms of its own choosing", async (t) => {
    const { seen, wait, ask } = retrying(t, { maxAttempts: 10, maxMs: 300 }, () => 0.999_999);
    const asked = await ask(...Array.from({ length: 9 }, () => failed()));
    for (let count = 0; count < 9; count++) await wait(300);
    assert.equal(asked.result, 200);
    assert.equal(Math.max(...seen.map(({ backoffMs }) => backoffMs)), 299);
  });

  test("makes no more attempts than it may, and gives the last failure", async (t) => {
    const { seen, wait, ask } = retrying(t);
    const asked = await ask(failed(), failed(), failed("upstream_rate_limited"), failed());
    await wait(1000);
    await wait(1000);
    assert.equal(asked.result, "upstream_rate_limited");
    assert.equal(seen.length, 3);
  });

  test("is not made at all where one attempt is all there is", async (t) => {
    const { seen, ask } = retrying(t, { maxAttempts: 1 });
    assert.equal((await ask(failed())).result, "upstream_error");
    assert.equal(seen.length, 1);
  });

  const never: FailureCode[] = [
    "upstream_quota_exhausted",
    "upstream_rejected",
    "upstream_connect_failed",
    "upstream_first_token_timeout",
    "breaker_open",
    "overloaded",
    "deadline_exceeded",
    "client_cancelled",
    "internal_error",
    "output_schema_violation",
  ];
  for (const code of never) {
    test(`is not made after ${code}`, async (t) => {
      const { seen, ask } = retrying(t);
      assert.equal((await ask(failed(code))).result, code);
      assert.equal(seen.length, 1);
    });
  }

  test("follows one reset at once, and no second one", async (t) => {
    const { seen, wait, ask } = retrying(t);
    const asked = await ask(failed("upstream_reset"), failed("upstream_reset"));
    await wait(0);
    assert.equal(asked.result, "upstream_reset");
    assert.deepEqual(
      seen.map(({ backoffMs }) => backoffMs),
      [0, 0],
    );
  });

  test("waits as long as the upstream says, before any wait of its own", async (t) => {
    const { seen, wait, ask } = retrying(t);
    await ask(failed("upstream_rate_limited", { retryAfterMs: 7000 }));
    await wait(6999);
    assert.equal(seen.length, 1);
    await wait(1);
    assert.equal(seen.length, 2);
    assert.equal(seen[1]?.backoffMs, 7000);
  });

  test("does not wait longer than it may for an upstream that says so", async (t) => {
    const { seen, ask } = retrying(t);
    const failure = failed("upstream_rate_limited", { retryAfterMs: config.maxRetryAfterMs + 1 });
    assert.equal((await ask(failure)).result, "upstream_rate_limited");
    assert.equal(seen.length, 1);
  });

  test("is not begun when its wait would reach the deadline", async (t) => {
    const { context, seen, ask } = retrying(t);
    context.state.deadlineAt = 100;
    assert.equal((await ask(failed())).result, "upstream_error");
    context.state.deadlineAt = 101;
    await ask(failed());
    assert.equal(seen.length, 2);
  });

  test("ends its wait with the reason at once when the request is given up", async (t) => {
    const { context, seen, wait, ask } = retrying(t);
    const asked = await ask(failed());
    context.controller.abort(failed("client_cancelled"));
    await settle();
    assert.equal(asked.result, "client_cancelled");
    await wait(60_000);
    assert.equal(seen.length, 1);
  });

  test("is not made for a request that was given up during the attempt", async (t) => {
    const { context, seen, ask } = retrying(t);
    context.controller.abort(failed("client_cancelled"));
    assert.equal((await ask(failed())).result, "upstream_error");
    assert.equal(seen.length, 1);
  });

  test("turns a bug of ours into internal_error and does not repeat it", async () => {
    let calls = 0;
    const service = retry({ configOf: () => config, now: () => 0, random: () => 0 })(async () => {
      calls += 1;
      throw new TypeError("a bug");
    });
    await assert.rejects(service(renderedRequest(), contextOf()), { code: "internal_error" });
    assert.equal(calls, 1);
  });
});

describe("the retry budget", () => {
  test("of nothing permits no retry", async (t) => {
    const { seen, ask } = retrying(t, { budgetRatio: 0, budgetPerSecond: 0 });
    assert.equal((await ask(failed())).result, "upstream_error");
    assert.equal(seen.length, 1);
  });

  test("lets a fifth of the requests be retried in a long outage, and a floor for each second", async (t) => {
    const { seen, wait, ask } = retrying(t, { maxAttempts: 2 }, () => 0);
    const requests = 2000;
    for (let count = 0; count < requests; count++) {
      await ask(failed(), failed());
      await wait(10);
    }
    const retries = seen.length - requests;
    // A fifth of 2000, 3 a second for 20 s, and the 30 that it starts with.
    assert.ok(retries <= 400 + 60 + 30, `${retries} retries`);
    assert.ok(retries >= 400 + 60, `${retries} retries`);
  });

  test("is one for each upstream", async () => {
    let now = 0;
    const calls: string[] = [];
    const small = { ...config, maxAttempts: 2, budgetRatio: 0, budgetPerSecond: 0.1 };
    const service = retry({
      configOf: () => small,
      now: () => now,
      random: () => 0,
    })(async ({ target }) => {
      calls.push(target.upstream);
      throw failed("upstream_reset");
    });
    const ask = (upstream: string) =>
      assert.rejects(
        service(renderedRequest({ target: { upstream, model: "m", variantId: undefined } }), contextOf()),
      );
    await ask("main");
    await ask("main");
    await ask("other");
    assert.deepEqual(calls, ["main", "main", "main", "other", "other"]);
    now = 10_000;
    await ask("main");
    assert.equal(calls.length, 7, "ten seconds earn one more");
  });
});
