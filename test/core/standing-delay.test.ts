import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StandingDelay } from "../../src/core/standing-delay.ts";

const targetMs = 100;

/** Tells turns one after another; the last is under way. Gives what is said of each at its end. */
function verdicts(turnsMs: readonly number[]): boolean[] {
  const delay = new StandingDelay();
  let now = 0;
  return turnsMs.map((ms) => {
    now += ms;
    const stands = delay.stands(ms, targetMs, now);
    delay.observe(ms, targetMs, now);
    return stands;
  });
}

describe("a standing queue", () => {
  test("is told once every turn has been late for a second after the first", () => {
    assert.deepEqual(verdicts([5, 150, 150, 150, 150, 150, 150, 150, 100, 5]), [
      ...Array.from({ length: 8 }, () => false),
      true,
      false,
    ]);
  });

  test("is not what a stall of a second leaves to a loop that is half busy", () => {
    assert.ok(!verdicts([1000, 500, 250, 125, 62]).includes(true));
  });

  test("is not what a machine finds that slept", () => {
    assert.ok(!verdicts([3_600_000, 5, 5]).includes(true));
  });

  test("never stands after a turn in time", () => {
    const late = fc.integer({ min: 100, max: 5000 });
    fc.assert(
      fc.property(
        fc.array(late, { maxLength: 10 }),
        fc.integer({ max: 99, min: 0 }),
        late,
        (before, short, last) => {
          assert.equal(verdicts([...before, short, last]).at(-1), false);
        },
      ),
    );
  });
});
