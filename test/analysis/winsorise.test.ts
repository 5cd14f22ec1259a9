import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { capAt, winsoriseAt, winsoriseTo } from "../../src/analysis/winsorise.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";

const upTo = (length: number) => Float64Array.from({ length }, (_, i) => i + 1);

describe("winsorising", () => {
  test("puts what lies above the quantile down to it, in place, and counts it", () => {
    const { cap, values, cappedCount } = conclusive(winsoriseAt(Float64Array.of(1, 100, 2, 3, 50), 0.6));
    assert.deepEqual([cap, [...values], cappedCount], [3, [1, 3, 2, 3, 3], 2]);
  });

  test("at 99.9 % caps one value in a thousand, unless told", () => {
    const { cap, cappedCount, mean, uncappedMean } = conclusive(winsoriseAt(upTo(2000)));
    assert.deepEqual([cap, cappedCount, uncappedMean], [1998, 2, 1000.5]);
    assert.equal(mean, 1000.5 - 3 / 2000);
  });

  test("leaves the given values alone", () => {
    const values = Float64Array.of(5, 1, 9, 2);
    winsoriseAt(values, 0.5);
    assert.deepEqual([...values], [5, 1, 9, 2]);
  });

  test("takes one cap from both arms and gives it to each", () => {
    const [treatment, control] = [Float64Array.of(1, 2, 90), Float64Array.of(3, 4, 5)];
    const cap = capAt(Float64Array.of(...treatment, ...control), 0.8);
    assert.equal(cap, 5);
    assert.deepEqual([...conclusive(winsoriseTo(treatment, 5)).values], [1, 2, 5]);
    assert.equal(conclusive(winsoriseTo(control, 5)).cappedCount, 0);
  });

  test("does not cap a metric of rare values down to nothing", () => {
    const values = new Float64Array(10_000).with(17, 3).with(18, 8);
    const { cap, cappedCount, mean } = conclusive(winsoriseAt(values));
    assert.deepEqual([cap, cappedCount, mean], [8, 0, 0.0011]);
  });

  test("never raises a value, and capping again changes nothing", () => {
    fc.assert(
      fc.property(
        fc.float64Array({ minLength: 1, noNaN: true, min: -1e6, max: 1e6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, quantile) => {
          const once = conclusive(winsoriseAt(values, quantile));
          assert.ok(once.values.every((value, i) => value <= (values[i] ?? Number.NaN)));
          assert.deepEqual(conclusive(winsoriseTo(once.values, once.cap)).values, once.values);
          assert.ok(once.mean <= once.uncappedMean);
        },
      ),
    );
  });

  test("says why there is nothing to cap", () => {
    assert.equal(reasonOf(winsoriseAt(new Float64Array(0))), "no_data");
    assert.equal(reasonOf(winsoriseAt(Float64Array.of(1, Number.NaN))), "invalid_input");
    assert.equal(reasonOf(winsoriseTo(Float64Array.of(1, 2), Number.NaN)), "invalid_input");
    fc.assert(
      fc.property(fc.array(anyNumber), anyNumber, (values, quantile) => {
        const given = Float64Array.from(values);
        assertNoNaN({ ...winsoriseAt(given, quantile) });
      }),
    );
  });
});
