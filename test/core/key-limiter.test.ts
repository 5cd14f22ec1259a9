import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KeyLimiter } from "../../src/core/key-limiter.ts";
import { SpendLedger, spendOf } from "../../src/core/spend-ledger.ts";
import type { ClientKey, KeyLimits } from "../../src/domain/client-key.ts";

const dayMs = 86_400_000;
const keyOf = (limits: KeyLimits, id = "0123456789ab"): ClientKey => ({
  id,
  name: "web",
  role: "client",
  digest: "",
  scope: { routes: ["*"] },
  limits,
  createdAt: 0,
});
const at = (now: number, spends = true) => ({ now, spends });

function limiterOf(shareOf = (limit: number) => limit) {
  const clock = { now: 20_000 * dayMs };
  const spent = new SpendLedger(() => clock.now);
  return { limiter: new KeyLimiter({ spent, shareOf }), spent, clock };
}

describe("a key's limits", () => {
  test("are none unless they are given", () => {
    const { limiter } = limiterOf();
    for (let one = 0; one < 1000; one++) {
      assert.deepEqual(limiter.admit(keyOf({}), at(0)), { kind: "admitted", leave: undefined });
    }
  });

  test("of open requests hold until one leaves, each key's for itself", () => {
    const { limiter } = limiterOf();
    const key = keyOf({ concurrent: 2 });
    const first = limiter.admit(key, at(0));
    limiter.admit(key, at(0));
    assert.deepEqual(limiter.admit(key, at(0)), { kind: "concurrent", limit: 2 });
    assert.equal(limiter.admit(keyOf({ concurrent: 2 }, "other"), at(0)).kind, "admitted");
    assert.ok(first.kind === "admitted");
    first.leave?.();
    assert.equal(limiter.admit(key, at(0)).kind, "admitted");
    assert.deepEqual(limiter.inUse(), { "key 0123456789ab concurrent": 2, "key other concurrent": 1 });
  });

  test("of requests a minute are not used up by what is refused for another reason", () => {
    const { limiter } = limiterOf();
    const key = keyOf({ concurrent: 1, requestsPerMinute: 2 });
    const first = limiter.admit(key, at(0));
    for (let one = 0; one < 5; one++) assert.equal(limiter.admit(key, at(0)).kind, "concurrent");
    assert.ok(first.kind === "admitted");
    first.leave?.();
    const second = limiter.admit(key, at(0));
    assert.ok(second.kind === "admitted");
    second.leave?.();
    assert.deepEqual(limiter.admit(key, at(0)), { kind: "rate", limit: 2, waitMs: 30_000, resetMs: 60_000 });
    // One that was refused is not open.
    assert.deepEqual(limiter.inUse(), {});
  });

  test("are asked of the share that this process has", () => {
    const { limiter } = limiterOf((limit) => limit / 2);
    const key = keyOf({ requestsPerMinute: 4 });
    assert.equal(limiter.admit(key, at(0)).kind, "admitted");
    assert.equal(limiter.admit(key, at(0)).kind, "admitted");
    const over = limiter.admit(key, at(0));
    assert.ok(over.kind === "rate");
    assert.equal(over.limit, 4);
  });

  for (const [limits, told] of [
    [{ tokensPerDay: 100 }, "100 tokens"],
    [{ usdPerDay: 0.5 }, "0.5 dollars"],
  ] as const) {
    test(`of a day hold until the next one begins: ${told}`, () => {
      const { limiter, spent, clock } = limiterOf();
      const key = keyOf(limits);
      spent.add(key.id, { tokens: 99, usd: 0.49 });
      assert.equal(limiter.admit(key, at(0)).kind, "admitted");
      spent.add(key.id, { tokens: 1, usd: 0.01 });
      assert.deepEqual(limiter.admit(key, at(0)), { kind: "budget", limit: told });
      // Outcomes are still wanted.
      assert.equal(limiter.admit(key, at(0, false)).kind, "admitted");
      clock.now += dayMs;
      assert.equal(limiter.admit(key, at(0)).kind, "admitted");
    });
  }

  test("of keys that stand no more are forgotten", () => {
    const { limiter } = limiterOf();
    const key = keyOf({ requestsPerMinute: 1 });
    limiter.admit(key, at(0));
    limiter.keep(new Set([key.id]));
    assert.equal(limiter.admit(key, at(0)).kind, "rate");
    limiter.keep(new Set());
    assert.equal(limiter.admit(key, at(0)).kind, "admitted");
  });
});

describe("what was spent", () => {
  test("goes on from what was kept of the same day, and begins anew with the next", () => {
    const byKey = { web: { tokens: 5, usd: 1 } };
    assert.deepEqual(new SpendLedger(() => 7 * dayMs, { day: 7, byKey }).of("web"), byKey.web);
    assert.deepEqual(new SpendLedger(() => 8 * dayMs, { day: 7, byKey }).of("web"), { tokens: 0, usd: 0 });
  });

  test("is not given back by a clock that jumps over midnight, nor kept for ever by a day that never comes", () => {
    const byKey = { web: { tokens: 5, usd: 1 } };
    assert.deepEqual(new SpendLedger(() => 7 * dayMs - 1, { day: 7, byKey }).of("web"), byKey.web);
    assert.deepEqual(new SpendLedger(() => 7 * dayMs, { day: 1e15, byKey }).of("web"), { tokens: 0, usd: 0 });
  });

  test("is the tokens and dollars of all attempts", () => {
    const usage = {
      inputTokens: 10,
      outputTokens: 5,
      cachedInputTokens: undefined,
      reasoningTokens: undefined,
      source: "provider",
    } as const;
    const attempts = [
      { usage, costUsd: 0.25 },
      { usage: undefined, costUsd: undefined },
      { usage, costUsd: 0.5 },
    ];
    assert.deepEqual(spendOf(attempts), { tokens: 30, usd: 0.75 });
  });
});
