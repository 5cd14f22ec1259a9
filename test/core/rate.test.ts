import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FailedLogins } from "../../src/core/failed-logins.ts";
import { Rate } from "../../src/core/rate.ts";

describe("a rate", () => {
  test("lets a minute's worth through at once, and then one as each falls due", () => {
    const rate = new Rate();
    for (let one = 0; one < 60; one++) assert.equal(rate.take(60, 1000).waitMs, 0, String(one));
    assert.deepEqual(rate.take(60, 1000), { waitMs: 1000, resetMs: 60_000 });
    assert.equal(rate.take(60, 1999).waitMs, 1);
    assert.equal(rate.take(60, 2000).waitMs, 0);
    assert.equal(rate.take(60, 2000).waitMs, 1000);
  });

  test("whose wait is kept lets through, and one that is refused costs nothing", () => {
    const takes = fc.array(fc.record({ pauseMs: fc.nat(20_000) }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), takes, (limit, steps) => {
        const rate = new Rate();
        let now = 0;
        for (const { pauseMs } of steps) {
          now += pauseMs;
          const { waitMs } = rate.take(limit, now);
          if (waitMs === 0) continue;
          assert.equal(rate.take(limit, now).waitMs, waitMs);
          now += waitMs;
          assert.equal(rate.take(limit, now).waitMs, 0);
        }
      }),
    );
  });

  test("lets at most two minutes' worth through in any minute, and over long the limit", () => {
    const pauses = fc.array(fc.nat(3000), { minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), pauses, (limit, steps) => {
        const rate = new Rate();
        let now = 0;
        const passed: number[] = [];
        for (const pause of steps) {
          now += pause;
          if (rate.take(limit, now).waitMs === 0) passed.push(now);
        }
        for (const at of passed) {
          assert.ok(passed.filter((one) => one >= at && one < at + 60_000).length <= 2 * limit);
        }
        assert.ok(passed.length <= limit + Math.ceil((now * limit) / 60_000));
      }),
      { numRuns: 50 },
    );
  });

  test("tells how much of it is taken, also when the limit changes", () => {
    const rate = new Rate();
    assert.equal(rate.taken(60, 0), 0);
    for (let one = 0; one < 30; one++) rate.take(60, 0);
    assert.equal(rate.taken(60, 0), 30);
    assert.equal(rate.taken(60, 15_000), 15);
    assert.equal(rate.taken(120, 15_000), 30);
    assert.equal(rate.taken(60, 90_000), 0);
  });
});

describe("wrong credentials", () => {
  test("are answered ten times a minute for an address, and the others are not slowed", () => {
    const failed = new FailedLogins();
    for (let one = 0; one < 10; one++) assert.equal(failed.add("10.0.0.1", 0), 0);
    assert.equal(failed.add("10.0.0.1", 0), 6000);
    assert.equal(failed.add("10.0.0.2", 0), 0);
    assert.equal(failed.add("10.0.0.1", 6000), 0);
  });

  test("from ever new addresses meet the limit of all", () => {
    const failed = new FailedLogins();
    const waits = Array.from({ length: 5000 }, (_, one) => failed.add(`address-${one}`, 0));
    assert.equal(waits.filter((wait) => wait === 0).length, 100);
  });
});
