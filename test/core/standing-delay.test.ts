import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StandingDelay } from "../../src/core/standing-delay.ts";

const targetMs = 100;

/** Tells turns one after another; the last is under way. Gives what is said of each at its end. */
function verdicts(turns: readonly (readonly [ms: number, requests: number])[]): boolean[] {
  const delay = new StandingDelay();
  let now = 0;
  return turns.map(([ms, requests]) => {
    now += ms;
    const stands = delay.mayStand(requests) && delay.stands({ ms, requests }, targetMs, now);
    delay.observe({ ms, requests }, targetMs, now);
    return stands;
  });
}

describe("a queue stands", () => {
  test("once a turn was late with many requests, and so is the one under way", () => {
    assert.deepEqual(
      verdicts([
        [5, 10],
        [150, 200],
        [101, 130],
      ]),
      [false, false, true],
    );
  });

  test("once two turns were late for whatever reason, and so is the one under way", () => {
    assert.deepEqual(
      verdicts([
        [200, 3],
        [200, 3],
        [101, 3],
      ]),
      [false, false, true],
    );
  });

  test("in the middle of a turn that goes round inside its poll", () => {
    assert.deepEqual(verdicts([[101, 1025]]), [true]);
  });

  test("not before a short target has been missed for a while", () => {
    const delay = new StandingDelay();
    delay.observe({ ms: 30, requests: 50 }, 20, 30);
    assert.equal(delay.stands({ ms: 30, requests: 50 }, 20, 60), false);
    delay.observe({ ms: 30, requests: 50 }, 20, 60);
    assert.equal(delay.stands({ ms: 40, requests: 50 }, 20, 100), true);
  });
});

describe("no queue stands", () => {
  test("behind one long task and the turn that catches up", () => {
    assert.deepEqual(
      verdicts([
        [400, 4],
        [240, 700],
        [60, 100],
      ]),
      [false, false, false],
    );
  });

  test("while a machine slept", () => {
    assert.deepEqual(
      verdicts([
        [3_600_000, 0],
        [5, 30],
      ]),
      [false, false],
    );
  });

  test("after any turn in time", () => {
    const late = fc.tuple(fc.integer({ min: 100, max: 5000 }), fc.integer({ min: 0, max: 1024 }));
    fc.assert(
      fc.property(
        fc.array(late, { maxLength: 10 }),
        fc.tuple(fc.integer({ max: 99, min: 0 }), fc.nat(1024)),
        late,
        (before, short, last) => {
          assert.equal(verdicts([...before, short, last]).at(-1), false);
        },
      ),
    );
  });
});
