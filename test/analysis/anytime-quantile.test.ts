import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { quantileDifferenceSequence, quantileSequence } from "../../src/analysis/anytime-quantile.ts";
import { bernoulliConcentration, bernoulliLogMixture } from "../../src/analysis/boundaries.ts";
import { createRandom } from "../../src/analysis/random.ts";
import { near } from "./near.ts";

const numbers = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 300 }).map(sorted);
const quantiles = fc.constantFrom(0.05, 0.5, 0.9, 0.95);
const tunedFor = 100;

describe("the anytime-valid interval of a quantile", () => {
  test("runs between the ranks whose counts the mixture does not reject", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        quantiles,
        fc.constantFrom(0.01, 0.05, 0.3),
        (n, p, alpha) => {
          const { low, high } = quantileSequence(upTo(n), p, alpha, { tunedFor });
          const concentration = bernoulliConcentration(tunedFor, alpha);
          const isKept = (count: number) =>
            bernoulliLogMixture(count, n, p, concentration) < -Math.log(alpha);
          const fewest = low === Number.NEGATIVE_INFINITY ? 0 : low;
          const most = high === Number.POSITIVE_INFINITY ? n : high - 1;
          assert.ok(isKept(fewest) && isKept(most));
          assert.ok(fewest === 0 || !isKept(fewest - 1));
          assert.ok(most === n || !isKept(most + 1));
        },
      ),
    );
  });

  test("is open above until there are enough values for a high quantile", () => {
    assert.equal(quantileSequence(upTo(60), 0.95, 0.05, { tunedFor }).high, Number.POSITIVE_INFINITY);
    assert.ok(quantileSequence(upTo(400), 0.95, 0.05, { tunedFor }).high < 401);
  });

  test("is everything while there are no values", () => {
    const everything = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    assert.deepEqual(quantileSequence([], 0.5, 0.05, { tunedFor }), everything);
  });

  test("is carried along by every increasing change of scale", () => {
    fc.assert(
      fc.property(numbers, quantiles, (values, p) => {
        const { low, high } = quantileSequence(values, p, 0.05, { tunedFor });
        const cubed = quantileSequence(Float64Array.from(values, cube), p, 0.05, { tunedFor });
        assert.deepEqual(cubed, { low: cube(low), high: cube(high) });
      }),
    );
  });

  test("misses the quantile at any look in at most alpha of all cases, among ties too", () => {
    for (const draw of [(u: number) => u, (u: number) => Math.floor(5 * u)]) {
      const missed = shareOf(400, (random) => {
        const values: number[] = [];
        for (let n = 1; n <= 200; n++) {
          insert(values, draw(random.uniform()));
          const { low, high } = quantileSequence(values, 0.7, 0.1, { tunedFor });
          if (low > draw(0.7) || high < draw(0.7)) return true;
        }
        return false;
      });
      assert.ok(missed < 0.1 + 2 * Math.sqrt(0.09 / 400), `${missed}`);
    }
  });

  test("refuses what is no quantile", () => {
    assert.throws(() => quantileSequence([1], 1, 0.05, { tunedFor }), RangeError);
    assert.throws(() => quantileSequence([1], 0.5, 0, { tunedFor }), RangeError);
    assert.throws(() => quantileSequence([1], 0.5, 0.05, { tunedFor: 0 }), RangeError);
  });
});

describe("the anytime-valid difference of two quantiles", () => {
  test("agrees with the two-sample test of confseq", () => {
    // QuantileABTest.TestPValue of gostevehoward/confseq: 1 … 1000 against the same moved up, t_opt 100, tolerance 1e-5.
    for (const [p, offset, pValue] of [
      [0.5, 70, 0.814704],
      [0.5, 85, 0.0838055],
      [0.5, 100, 0.0054947],
      [0.9, 55, 0.0340463],
    ] as const) {
      const found = compared(upTo(1_000), upTo(1_000, offset), p);
      near(found.pValue, pValue, 1e-6);
      assert.equal(found.value, -offset);
      assert.equal(found.interval.high < 0, pValue <= 0.05);
    }
  });

  test("keeps exactly the shifts that the test does not reject", () => {
    fc.assert(
      fc.property(
        numbers,
        numbers,
        quantiles,
        fc.integer({ min: -120, max: 120 }),
        (treatment, control, p, shift) => {
          const { low, high } = compared(treatment, control, p).interval;
          const moved = Float64Array.from(treatment, (value) => value - shift);
          const { pValue } = compared(moved, control, p);
          if (Math.abs(pValue - 0.05) > 1e-9) assert.equal(pValue > 0.05, low <= shift && shift <= high);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("is turned over by a swap of the arms", () => {
    fc.assert(
      fc.property(numbers, numbers, quantiles, (treatment, control, p) => {
        const found = compared(treatment, control, p);
        const turned = compared(control, treatment, p);
        near(turned.pValue, found.pValue, 1e-12);
        assert.ok(turned.value + found.value === 0);
        assert.ok(
          turned.interval.low === -found.interval.high && turned.interval.high === -found.interval.low,
        );
      }),
    );
  });

  test("moves with the treatment and contains what was seen", () => {
    fc.assert(
      fc.property(
        numbers,
        numbers,
        quantiles,
        fc.integer({ min: -9, max: 9 }),
        (treatment, control, p, shift) => {
          const { value, interval } = compared(treatment, control, p);
          const moved = compared(
            Float64Array.from(treatment, (one) => one + shift),
            control,
            p,
          );
          assert.deepEqual(moved.interval, { low: interval.low + shift, high: interval.high + shift });
          assert.ok(interval.low <= value && value <= interval.high);
        },
      ),
    );
  });

  test("is narrower than the difference of both intervals at half of alpha", () => {
    const [treatment, control] = [upTo(2_000, 30), upTo(3_000)];
    const { interval } = compared(treatment, control, 0.5);
    const [t, c] = [treatment, control].map((values) => quantileSequence(values, 0.5, 0.025, { tunedFor }));
    assert.ok(t !== undefined && c !== undefined);
    assert.ok(interval.high - interval.low < t.high - c.low - (t.low - c.high));
  });

  test("finds a difference by mistake, at any look, in at most alpha of all cases", () => {
    const mistaken = shareOf(300, (random) => {
      const [treatment, control]: [number[], number[]] = [[], []];
      for (let n = 1; n <= 300; n++) {
        insert(random.bernoulli(0.5) ? treatment : control, Math.round(4 * random.exponential()));
        const found = quantileDifferenceSequence(treatment, control, 0.6, 0.1, { tunedFor });
        if (found.kind === "quantile_difference" && found.pValue <= 0.1) return true;
      }
      return false;
    });
    assert.ok(mistaken < 0.1 + 2 * Math.sqrt(0.09 / 300), `${mistaken}`);
  });

  test("says that a variant has no values", () => {
    const found = quantileDifferenceSequence([], [1], 0.5, 0.05);
    assert.equal(found.kind === "inconclusive" && found.reason, "no_data");
  });
});

function compared(treatment: ArrayLike<number>, control: ArrayLike<number>, p: number) {
  const found = quantileDifferenceSequence(treatment, control, p, 0.05, { tunedFor });
  assert.ok(found.kind === "quantile_difference", JSON.stringify(found));
  return found;
}

function upTo(n: number, offset = 0): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => i + 1 + offset);
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

function cube(value: number): number {
  return value ** 3;
}

function insert(values: number[], value: number): void {
  const at = values.findIndex((other) => other > value);
  values.splice(at === -1 ? values.length : at, 0, value);
}

function shareOf(runs: number, happens: (random: ReturnType<typeof createRandom>) => boolean): number {
  const random = createRandom(7);
  let happened = 0;
  for (let run = 0; run < runs; run++) if (happens(random)) happened += 1;
  return happened / runs;
}
