import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nextOpening, scheduleProblem } from "../../../src/core/ramp/schedule.ts";
import type { RampHours, RampSchedule } from "../../../src/domain/ramp.ts";

describe("the schedule of a ramp", () => {
  const office: RampHours = { from: "09:00", to: "17:00", days: [1, 2, 3, 4, 5], timeZone: "Europe/Berlin" };

  test("nothing begins before its time, and everything from then on", () => {
    const startAt = Date.UTC(2026, 0, 5, 12);
    const schedule: RampSchedule = { startAt, hours: undefined, freezes: [] };
    assert.match(scheduleProblem(schedule, startAt - 1) ?? "", /2026-01-05T12:00:00.000Z/);
    assert.equal(scheduleProblem(schedule, startAt), undefined);
  });

  test("hours are those of the clock on the wall there, in winter and in summer", () => {
    assert.deepEqual(
      [
        mayRaise(office, "2026-01-05T07:59:59Z"),
        mayRaise(office, "2026-01-05T08:00:00Z"),
        mayRaise(office, "2026-01-05T15:59:59Z"),
        mayRaise(office, "2026-01-05T16:00:00Z"),
        mayRaise(office, "2026-07-06T07:00:00Z"),
        mayRaise(office, "2026-07-06T15:00:00Z"),
      ],
      [false, true, true, false, true, false],
    );
  });

  test("not on a weekend there, whatever day it is in Greenwich", () => {
    assert.equal(mayRaise(office, "2026-01-03T12:00:00Z"), false);
    const kiribati: RampHours = { ...office, timeZone: "Pacific/Kiritimati" };
    assert.equal(mayRaise(kiribati, "2026-01-04T20:00:00Z"), true);
    assert.equal(mayRaise(kiribati, "2026-01-09T20:00:00Z"), false);
  });

  test("a night belongs to the day that it begins on", () => {
    const fridayNight: RampHours = { from: "22:00", to: "06:00", days: [5], timeZone: "UTC" };
    assert.deepEqual(
      [
        mayRaise(fridayNight, "2026-01-09T05:00:00Z"),
        mayRaise(fridayNight, "2026-01-09T22:00:00Z"),
        mayRaise(fridayNight, "2026-01-10T05:59:00Z"),
        mayRaise(fridayNight, "2026-01-10T06:00:00Z"),
        mayRaise(fridayNight, "2026-01-10T22:00:00Z"),
      ],
      [false, true, true, false, false],
    );
  });

  test("Sunday's night reaches into Monday", () => {
    const sundayNight: RampHours = { from: "22:00", to: "06:00", days: [7], timeZone: "UTC" };
    assert.equal(mayRaise(sundayNight, "2026-01-05T03:00:00Z"), true);
  });

  test("a freeze holds everything back, tells why, and ends when it says", () => {
    const [from, to] = [Date.UTC(2026, 11, 20), Date.UTC(2027, 0, 4)];
    const schedule: RampSchedule = {
      startAt: undefined,
      hours: undefined,
      freezes: [{ from, to, reason: "holidays" }],
    };
    assert.equal(scheduleProblem(schedule, from - 1), undefined);
    assert.match(scheduleProblem(schedule, from) ?? "", /frozen until 2027-01-04.*holidays/);
    assert.equal(scheduleProblem(schedule, to), undefined);
  });

  test("opens next when its hours, freezes and start let it, and not a minute sooner", () => {
    const from = Date.UTC(2026, 0, 9, 15);
    const schedule: RampSchedule = {
      startAt: undefined,
      hours: office,
      freezes: [{ from: Date.UTC(2026, 0, 12), to: Date.UTC(2026, 0, 13, 10), reason: "stocktaking" }],
    };
    assert.equal(nextOpening(schedule, from), from);
    // Friday evening: the weekend, a freeze until Tuesday in the middle of the hours.
    assert.equal(nextOpening(schedule, from + 3_600_000), Date.UTC(2026, 0, 13, 10));
    assert.equal(nextOpening({ ...schedule, startAt: Date.UTC(2026, 5, 6) }, from), Date.UTC(2026, 5, 8, 7));
    const forever = [{ from: 0, to: Date.UTC(9999, 0, 1), reason: "sold" }];
    assert.equal(nextOpening({ ...schedule, freezes: forever }, from), undefined);
  });

  test("opens next at a moment that is open, and is closed until then", () => {
    const clock = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 59))
      .map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
    const hours = fc.record({
      from: clock,
      to: clock,
      days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      timeZone: fc.constantFrom("UTC", "Asia/Kathmandu", "America/Sao_Paulo"),
    });
    const at = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 1) });
    fc.assert(
      fc.property(hours, at, (some, now) => {
        const schedule: RampSchedule = { startAt: undefined, hours: some, freezes: [] };
        const opening = nextOpening(schedule, now);
        assert.ok(opening !== undefined && opening >= now);
        assert.equal(scheduleProblem(schedule, opening), undefined);
        for (let before = opening - 60_000; before > now; before -= 60_000 * 37)
          assert.ok(scheduleProblem(schedule, before), new Date(before).toISOString());
      }),
      { numRuns: 60 },
    );
  });

  function mayRaise(hours: RampHours, at: string): boolean {
    return scheduleProblem({ startAt: undefined, hours, freezes: [] }, Date.parse(at)) === undefined;
  }
});
