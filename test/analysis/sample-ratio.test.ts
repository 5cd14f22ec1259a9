import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom } from "../../src/analysis/random.ts";
import { sampleRatio, sampleRatioSequential } from "../../src/analysis/sample-ratio.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative } from "./near.ts";

interface Published {
  readonly srm: readonly {
    readonly obs: readonly number[];
    readonly w: readonly number[];
    readonly chi2?: number;
    readonly p: number;
  }[];
  readonly srm_sequential: readonly {
    readonly obs: readonly number[];
    readonly theta: readonly number[];
    readonly k: number;
    readonly logBF: number;
  }[];
}

const published = readVectors<Published>("analysis");

describe("the sample ratio", () => {
  test("agrees with the published values", () => {
    for (const { obs, w, chi2, p } of published.srm) {
      const found = tested(obs, w);
      if (chi2 !== undefined) nearRelative(found.statistic, chi2, 1e-12);
      nearRelative(found.pValue, p, 1e-12);
      assert.equal(found.isMismatch, p < 0.001);
    }
  });

  test("asks for relative shares, and does not count an arm that is closed", () => {
    const found = tested([5021, 4979], [0.5, 0.5]);
    assert.deepEqual(tested([5021, 4979], [2, 2]), found);
    assert.deepEqual(tested([5021, 0, 4979], [2, 0, 2]), found);
  });

  test("does not depend on the order of the arms", () => {
    const counts = fc.array(fc.integer({ min: 100, max: 10_000 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(counts, (observed) => {
        const shares = [0.5, 0.3, 0.2];
        const [found, turned] = [
          tested(observed, shares),
          tested(observed.toReversed(), shares.toReversed()),
        ];
        near(turned.statistic, found.statistic, 1e-12);
      }),
    );
  });

  test("is broken for sure by units in an arm that has no share", () => {
    const found = tested([500, 1, 500], [0.5, 0, 0.5]);
    assert.deepEqual([found.statistic, found.pValue, found.isMismatch], [Number.POSITIVE_INFINITY, 0, true]);
    assert.ok(watched([500, 1, 500], [0.5, 0, 0.5]).isMismatch);
    assert.ok(watched([500, 1], [1, 0]).isMismatch);
  });

  test("says why it cannot be computed", () => {
    const reasonOf = (observed: readonly number[], shares: readonly number[]) =>
      [sampleRatio(observed, shares), sampleRatioSequential(observed, shares)].map((found) =>
        found.kind === "inconclusive" ? found.reason : undefined,
      );
    assert.deepEqual(reasonOf([0, 0], [0.5, 0.5]), ["no_data", "no_data"]);
    assert.deepEqual(reasonOf([4, 5], [0.5, 0.5]), ["too_few_units", undefined]);
    assert.deepEqual(reasonOf([10], [1]), ["invalid_input", "invalid_input"]);
    assert.deepEqual(reasonOf([10, 10], [1, 0]), [undefined, undefined]);
    assert.deepEqual(reasonOf([10, 10], [0.5]), ["invalid_input", "invalid_input"]);
    assert.deepEqual(reasonOf([-1, 10], [0.5, 0.5]), ["invalid_input", "invalid_input"]);
    assert.deepEqual(reasonOf([Number.NaN, 10], [0.5, 0.5]), ["invalid_input", "invalid_input"]);
    assert.equal(sampleRatioSequential([10, 10], [0.5, 0.5], 0).kind, "inconclusive");
  });
});

describe("the sequential sample ratio", () => {
  test("agrees with the published values, to the digits that their log Γ left", () => {
    for (const { obs, theta, k, logBF } of published.srm_sequential) {
      nearRelative(watched(obs, theta, k).logBayesFactor, logBF, 1e-9);
    }
  });

  test("alarms from a Bayes factor of 1,000 on", () => {
    assert.ok(watched([821_588, 815_482], [0.5, 0.5], 10_000).isMismatch);
    // Bayes factors of 1,002 and 952.
    assert.ok(watched([572, 438], [0.5, 0.5]).isMismatch);
    assert.ok(!watched([567, 434], [0.5, 0.5]).isMismatch);
  });

  test("needs at its default at most 1.3 times the units of the concentration that fits the loss best", () => {
    for (const loss of [0.5, 0.2, 0.1, 0.05, 0.02, 0.01]) {
      const best = Math.min(...[1, 10, 30, 100, 300, 1_000, 3_000, 10_000].map((k) => unitsToAlarm(loss, k)));
      assert.ok(unitsToAlarm(loss, undefined) < 1.3 * best, `${loss}`);
    }
    assert.ok(unitsToAlarm(0.5, 10_000) > 7 * unitsToAlarm(0.5, 10));
  });

  test("passes a threshold at any look in at most its inverse of all cases", () => {
    const random = createRandom(5);
    const runs = 1_000;
    let passed = 0;
    for (let run = 0; run < runs; run++) {
      const counts = [0, 0, 0];
      for (let n = 1; n <= 600; n++) {
        const u = random.uniform();
        const arm = u < 0.6 ? 0 : u < 0.9 ? 1 : 2;
        counts[arm] = (counts[arm] ?? 0) + 1;
        if (watched(counts, [0.6, 0.3, 0.1], 10).logBayesFactor < Math.log(20)) continue;
        passed += 1;
        break;
      }
    }
    assert.ok(passed / runs < 0.05 + 2 * Math.sqrt(0.05 / runs), `${passed} of ${runs}`);
    assert.ok(passed / runs > 0.005, "a test this cautious would be another one");
  });
});

/** Units until the alarm when one arm loses that part of its units, without chance. */
function unitsToAlarm(loss: number, concentration: number | undefined): number {
  let [few, many] = [10, 1e8];
  while (many / few > 1.001) {
    const n = Math.sqrt(few * many);
    const kept = (1 - loss) / (2 - loss);
    if (watched([n * kept, n * (1 - kept)], [0.5, 0.5], concentration).isMismatch) many = n;
    else few = n;
  }
  return many;
}

function tested(observed: readonly number[], shares: readonly number[]) {
  const found = sampleRatio(observed, shares);
  assert.ok(found.kind === "sample_ratio", JSON.stringify(found));
  return found;
}

function watched(observed: readonly number[], shares: readonly number[], concentration?: number) {
  const found = sampleRatioSequential(observed, shares, concentration);
  assert.ok(found.kind === "sequential_sample_ratio", JSON.stringify(found));
  return found;
}
