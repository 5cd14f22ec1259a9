import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { betaEProcess, logBetaEProcess, theta0For } from "../../src/analysis/e-process.ts";
import { createRandom } from "../../src/analysis/random.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative } from "./near.ts";

interface Published {
  readonly k: number;
  readonly n: number;
  readonly theta0: number;
  readonly E: number;
}

interface Reference {
  readonly failuresTreatment: number;
  readonly failures: number;
  readonly theta0: number;
  readonly log: number;
}

const { error_eprocess_one_sided: published } = readVectors<{
  error_eprocess_one_sided: readonly Published[];
}>("analysis");
const { eProcess: references } = readVectors<{ eProcess: readonly Reference[] }>("always-valid");

describe("the e-process of failure counts", () => {
  test("agrees with the published values", () => {
    for (const { k, n, theta0, E } of published) {
      nearRelative(betaEProcess({ failuresTreatment: k, failures: n, theta0 }), E, 1e-12);
    }
  });

  test("agrees with sixty-digit arithmetic, at a million failures too", () => {
    for (const { log, ...counts } of references) near(logBetaEProcess(counts), log, 1e-12);
  });

  test("starts at 1 and is finite for a million failures of one arm", () => {
    near(betaEProcess({ failuresTreatment: 0, failures: 0, theta0: 0.3 }), 1, 1e-14);
    const log = logBetaEProcess({ failuresTreatment: 1e6, failures: 1e6, theta0: 0.5 });
    assert.ok(log > 6e5 && log < 7e5);
    const none = logBetaEProcess({ failuresTreatment: 0, failures: 1e6, theta0: 0.5 });
    assert.ok(none < 0 && Number.isFinite(none));
  });

  test("is on average the same after one more failure at the tolerated share", () => {
    const counts = fc.nat(2_000).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), ([k, n], theta0) => {
        const now = logBetaEProcess({ failuresTreatment: k, failures: n, theta0 });
        const ratio = (more: number) =>
          Math.exp(logBetaEProcess({ failuresTreatment: k + more, failures: n + 1, theta0 }) - now);
        near(theta0 * ratio(1) + (1 - theta0) * ratio(0), 1, 1e-9);
      }),
    );
  });

  test("grows with every failure of the treatment and falls with every one of the control", () => {
    const counts = fc.nat(2_000).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));
    fc.assert(
      fc.property(counts, fc.double({ min: 0.05, max: 0.95, noNaN: true }), ([k, n], theta0) => {
        const now = logBetaEProcess({ failuresTreatment: k, failures: n, theta0 });
        assert.ok(logBetaEProcess({ failuresTreatment: k + 1, failures: n + 1, theta0 }) > now);
        assert.ok(logBetaEProcess({ failuresTreatment: k, failures: n + 1, theta0 }) < now);
      }),
    );
  });

  test("accuses an innocent treatment at any look in at most alpha of all cases", () => {
    for (const [share, alpha] of [
      [0.5, 0.05],
      [0.2, 0.1],
    ] as const) {
      const accused = shareAccused({ truth: share, theta0: theta0For(1, share), alpha, failures: 300 });
      assert.ok(accused <= alpha + 2 * Math.sqrt((alpha * (1 - alpha)) / runs), `${accused} at ${alpha}`);
      assert.ok(accused > alpha / 10, `${accused}: a test this cautious would be another one`);
    }
  });

  test("hardly ever accuses a treatment within its margin, and finds one beyond it", () => {
    const theta0 = theta0For(2);
    assert.ok(shareAccused({ truth: theta0For(1.5), theta0, alpha: 0.05, failures: 300 }) < 0.01);
    assert.ok(shareAccused({ truth: theta0For(4), theta0, alpha: 0.05, failures: 300 }) > 0.95);
  });

  test("finds a variant that fails half of its units after some forty units, against one in a hundred", () => {
    const random = createRandom(19);
    const needed = Array.from({ length: 400 }, () => {
      let failuresTreatment = 0;
      let failures = 0;
      for (let units = 1; ; units++) {
        const isTreatment = random.bernoulli(0.5);
        if (!random.bernoulli(isTreatment ? 0.5 : 0.01)) continue;
        failures += 1;
        if (isTreatment) failuresTreatment += 1;
        if (betaEProcess({ failuresTreatment, failures, theta0: 0.5 }) >= 20) return units;
      }
    });
    const mean = needed.reduce((sum, units) => sum + units, 0) / needed.length;
    assert.ok(mean > 37 && mean < 46, `${mean}`);
  });

  test("refuses counts that cannot be", () => {
    const refused = (failuresTreatment: number, failures: number, theta0: number) =>
      assert.throws(() => betaEProcess({ failuresTreatment, failures, theta0 }), RangeError);
    refused(2, 1, 0.5);
    refused(-1, 1, 0.5);
    refused(Number.NaN, 1, 0.5);
    refused(1, Number.POSITIVE_INFINITY, 0.5);
    refused(1, 1, 1);
    refused(1, 1, 0);
  });
});

describe("the share of failures that is tolerated", () => {
  test("is that of the ratio with equal arms, and of the allocation at equal rates", () => {
    assert.equal(theta0For(1), 0.5);
    near(theta0For(1.5), 0.6, 1e-15);
    near(theta0For(1, 0.1), 0.1, 1e-15);
    near(theta0For(2, 0.1), 0.2 / 1.1, 1e-15);
  });

  test("refuses a margin or an allocation that leaves an arm without failures", () => {
    for (const [ratio, share] of [
      [0, 0.5],
      [1, 0],
      [1, 1],
      [Number.NaN, 0.5],
      [Number.POSITIVE_INFINITY, 0.5],
    ] as const) {
      assert.throws(() => theta0For(ratio, share), RangeError);
    }
  });
});

const runs = 2_000;

interface Situation {
  /** Share of failures that in truth falls to the treatment. */
  readonly truth: number;
  readonly theta0: number;
  readonly alpha: number;
  readonly failures: number;
}

function shareAccused({ truth, theta0, alpha, failures }: Situation): number {
  const random = createRandom(11);
  const limit = -Math.log(alpha);
  let accused = 0;
  for (let run = 0; run < runs; run++) {
    let failuresTreatment = 0;
    for (let n = 1; n <= failures; n++) {
      if (random.bernoulli(truth)) failuresTreatment += 1;
      if (logBetaEProcess({ failuresTreatment, failures: n, theta0 }) < limit) continue;
      accused += 1;
      break;
    }
  }
  return accused / runs;
}
