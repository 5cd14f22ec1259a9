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
  test("once every turn has been late for a second after the first", () => {
    const late = [150, 200] as const;
    assert.deepEqual(verdicts([[5, 10], ...Array.from({ length: 7 }, () => late), [100, 130]]), [
      false,
      false,
      false,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test("in the middle of a turn that goes round inside its poll", () => {
    assert.deepEqual(verdicts([[101, 1025]]), [true]);
  });
});

describe("no queue stands", () => {
  test("behind a stall of a second while half-busy turns catch up", () => {
    assert.deepEqual(
      verdicts([
        [1000, 4],
        [500, 700],
        [250, 300],
        [125, 150],
        [62, 80],
      ]),
      [false, false, false, false, false],
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
