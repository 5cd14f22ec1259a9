import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FailureWindow } from "../../src/core/failure-window.ts";

const limits = { failureRatio: 0.5, minimumCalls: 4 };

function windowOf(results: string, at = 0): FailureWindow {
  const window = new FailureWindow(1000);
  for (const result of results) window.record(result === "x", at);
  return window;
}

describe("FailureWindow", () => {
  test("is over strictly beyond the ratio, and never below the least number of calls", () => {
    assert.equal(windowOf("").isOver(limits, 0), false);
    assert.equal(windowOf("xxx").isOver(limits, 0), false);
    assert.equal(windowOf("xxxx").isOver(limits, 0), true);
    assert.equal(windowOf("xx..").isOver(limits, 0), false);
    assert.equal(windowOf("xxx..").isOver(limits, 0), true);
    assert.equal(windowOf("....").isOver({ failureRatio: 0, minimumCalls: 1 }, 0), false);
    assert.equal(windowOf("xxxx").isOver({ failureRatio: 1, minimumCalls: 1 }, 0), false);
  });

  test("forgets what is older than itself, slice by slice", () => {
    const window = windowOf("xxxx", 50);
    assert.equal(window.isOver(limits, 999), true);
    assert.equal(window.isOver(limits, 1000), false);
    const late = windowOf("xxxx", 123_456_789);
    assert.equal(late.isOver(limits, 123_457_600), true);
    assert.equal(late.isOver(limits, 999_999_999), false);
  });

  test("counts nothing of before a clear", () => {
    const window = windowOf("xxxx");
    window.clear();
    assert.equal(window.isOver(limits, 0), false);
  });

  test("agrees with a list of all calls, to a slice", () => {
    const calls = fc.array(fc.tuple(fc.boolean(), fc.nat(300)), { maxLength: 100 });
    fc.assert(
      fc.property(calls, fc.nat(2000), (steps, wait) => {
        const window = new FailureWindow(1000);
        const kept: { isFailure: boolean; slice: number }[] = [];
        let now = 0;
        for (const [isFailure, pause] of steps) {
          now += pause;
          window.record(isFailure, now);
          kept.push({ isFailure, slice: Math.floor(now / 100) });
        }
        now += wait;
        const live = kept.filter(({ slice }) => slice > Math.floor(now / 100) - 10);
        const failures = live.filter(({ isFailure }) => isFailure).length;
        const isOver = live.length >= 4 && failures > live.length / 2;
        assert.equal(window.isOver(limits, now), isOver);
      }),
      { numRuns: 1000 },
    );
  });
});
