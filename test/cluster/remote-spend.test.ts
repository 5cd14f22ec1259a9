import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createRemoteSpend } from "../../src/cluster/remote-spend.ts";
import type { SpendTotals } from "../../src/core/spend-ledger.ts";
import type { Spend } from "../../src/domain/client-key.ts";

const dayMs = 86_400_000;

/** A primary that answers when it is told to. */
function primaryOf() {
  const calls: {
    readonly spends: Readonly<Record<string, Spend>>;
    readonly answer: PromiseWithResolvers<SpendTotals>;
  }[] = [];
  const clock = { now: 9 * dayMs };
  const call = (_name: string, spends: unknown) => {
    const answer = Promise.withResolvers<SpendTotals>();
    calls.push({ spends: spends as Readonly<Record<string, Spend>>, answer });
    return answer.promise as never;
  };
  return { calls, clock, spend: createRemoteSpend({ call }, () => clock.now) };
}

const one: Spend = { tokens: 10, usd: 1 };

describe("what a worker's key spends", () => {
  test("counts at once, while it is told, and once it is in the answer", async () => {
    const { calls, spend } = primaryOf();
    spend.add("web", one);
    assert.deepEqual(spend.of("web"), one);
    const told = spend.flush();
    await Promise.resolve();
    spend.add("web", one);
    assert.deepEqual(spend.of("web"), { tokens: 20, usd: 2 });
    assert.deepEqual(calls[0]?.spends, { web: one });
    calls[0]?.answer.resolve({ day: 9, byKey: { web: { tokens: 110, usd: 11 } } });
    await told;
    assert.deepEqual(spend.of("web"), { tokens: 120, usd: 12 });
  });

  test("is told again when the primary could not be told", async () => {
    const { calls, spend } = primaryOf();
    spend.add("web", one);
    const told = spend.flush();
    await Promise.resolve();
    spend.add("web", one);
    calls[0]?.answer.reject(new Error("gone"));
    await told;
    assert.deepEqual(spend.of("web"), { tokens: 20, usd: 2 });
    spend.flush();
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(calls[1]?.spends, { web: { tokens: 20, usd: 2 } });
  });

  test("before its worker was there is asked for at once: a second would be a budget of its own", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { calls, spend } = primaryOf();
    spend.start();
    await Promise.resolve();
    assert.deepEqual(
      calls.map(({ spends }) => spends),
      [{}],
    );
    calls[0]?.answer.resolve({ day: 9, byKey: { web: one } });
    await setImmediate();
    assert.deepEqual(spend.of("web"), one);
  });

  test("of yesterday does not count today, before the primary says so", async () => {
    const { calls, clock, spend } = primaryOf();
    const told = spend.flush();
    await Promise.resolve();
    calls[0]?.answer.resolve({ day: 9, byKey: { web: one } });
    await told;
    assert.deepEqual(spend.of("web"), one);
    clock.now += dayMs;
    assert.deepEqual(spend.of("web"), { tokens: 0, usd: 0 });
  });
});
