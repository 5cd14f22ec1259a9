import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createIds } from "../../src/core/ids.ts";
import { parseInstant, uuidTime } from "../../src/core/outcome-time.ts";

test("a request's id tells when it was made", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 47), (time) => {
      assert.equal(uuidTime(createIds(() => time).requestId()), time);
    }),
  );
});

test("other ids tell nothing", () => {
  const others = ["", "x", "3f2b8f0e-9f1a-4b7e-8a51-5f0b7f2f7c11", "0193543e-0000-7000-c000-000000000001"];
  assert.deepEqual(others.map(uuidTime), [undefined, undefined, undefined, undefined]);
});

test("every time that JavaScript writes is read again, in any offset", () => {
  const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
  const times = fc.date({ min: new Date("1970-01-02"), max: new Date("9999-12-30"), noInvalidDate: true });
  fc.assert(
    fc.property(times, minutes, (time, offset) => {
      assert.equal(parseInstant(time.toISOString()), time.getTime());
      const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, -1);
      const two = (number: number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
      const zone = `${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
      assert.equal(parseInstant(local + zone), time.getTime());
    }),
  );
});

test("what is no RFC 3339 time is none", () => {
  const wrong = [
    "2026-11-22",
    "2026-11-22T20:55:00",
    "2026-11-22T24:00:00Z",
    "2026-11-22T20:60:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-11-22T20:55:00+24:00",
    "22 Nov 2026",
    "1700000000000",
    Number.NaN,
    true,
  ];
  assert.deepEqual(wrong.map(parseInstant), Array(wrong.length).fill(undefined));
});

test("a leap second is the first moment of the next minute", () => {
  assert.equal(parseInstant("2016-12-31T23:59:60Z"), Date.UTC(2017, 0, 1));
});
