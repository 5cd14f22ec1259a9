import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RetryBudget } from "../../src/core/retry-budget.ts";

/** How many withdrawals go through at once. */
function drain(budget: RetryBudget, now: number): number {
  let spent = 0;
  while (spent < 10_000 && budget.withdraw(now)) spent += 1;
  return spent;
}

describe("RetryBudget", () => {
  test("begins with ten seconds of its floor, and gains the floor with time", () => {
    const budget = new RetryBudget({ ratio: 0, perSecond: 3 }, 1000);
    assert.equal(drain(budget, 1000), 30);
    assert.equal(drain(budget, 1300), 0);
    assert.equal(drain(budget, 1400), 1);
    assert.equal(drain(budget, 6400), 15);
    assert.equal(drain(budget, 3_600_000), 30);
  });

  test("gains its share of the requests", () => {
    const budget = new RetryBudget({ ratio: 0.25, perSecond: 0 }, 0);
    assert.equal(budget.withdraw(0), false);
    for (let request = 0; request < 40; request++) budget.deposit(0);
    assert.equal(drain(budget, 0), 10);
  });

  test("keeps no more than its capacity, however long nothing fails", () => {
    const budget = new RetryBudget({ ratio: 0.2, perSecond: 3 }, 0);
    for (let request = 0; request < 100_000; request++) budget.deposit(request);
    assert.equal(drain(budget, 100_000), 100);
  });

  test("permits nothing when both limits are 0", () => {
    const budget = new RetryBudget({ ratio: 0, perSecond: 0 }, 0);
    for (let request = 0; request < 100; request++) budget.deposit(request);
    assert.equal(drain(budget, 1_000_000), 0);
  });

  test("loses nothing and gains nothing from a clock that stands or goes back", () => {
    const budget = new RetryBudget({ ratio: 0, perSecond: 1 }, 10_000);
    assert.equal(drain(budget, 10_000), 10);
    assert.equal(drain(budget, 5000), 0);
  });

  test("never permits more than the share of requests and the floor, in any order of events", () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(500)), { maxLength: 300 });
    const ratio = fc.constantFrom(0, 0.1, 0.2, 0.5, 1);
    fc.assert(
      fc.property(steps, ratio, fc.nat(5), (events, share, perSecond) => {
        const budget = new RetryBudget({ ratio: share, perSecond }, 0);
        let now = 0;
        let requests = 0;
        let retries = 0;
        for (const [isRequest, wait] of events) {
          now += wait;
          if (isRequest) {
            requests += 1;
            budget.deposit(now);
          } else if (budget.withdraw(now)) retries += 1;
        }
        assert.ok(retries <= share * requests + perSecond * (10 + now / 1000) + 1e-6);
      }),
      { numRuns: 500 },
    );
  });
});
