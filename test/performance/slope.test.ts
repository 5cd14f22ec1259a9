import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { slopeOf } from "../../bench/slope.ts";
import { createRandom } from "../../src/analysis/random.ts";

const points = (slope: number, noise: () => number) =>
  Array.from({ length: 600 }, (_, x) => ({ x, y: 100 + slope * x + noise() }));

describe("the slope of a soak", () => {
  test("is exact on a line", () => {
    const { slope, low, high } = slopeOf(points(0.25, () => 0));
    for (const value of [slope, low, high]) assert.ok(Math.abs(value - 0.25) < 1e-9);
  });

  test("lies in its interval in about 95 of 100 soaks", () => {
    const { uniform } = createRandom(7);
    let hits = 0;
    for (let soak = 0; soak < 400; soak++) {
      const { low, high } = slopeOf(points(0, () => uniform() - 0.5));
      if (low <= 0 && high >= 0) hits += 1;
    }
    assert.ok(hits >= 365 && hits <= 395, `${hits} of 400`);
  });

  test("wants enough points", () => {
    assert.throws(() => slopeOf([{ x: 0, y: 0 }]), /forty|40/);
  });
});
