import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  bernoulliConcentration,
  bernoulliLogMixture,
  bernoulliSequence,
  betaBinomialLogMixture,
  normalMixtureBound,
  normalMixtureRho,
} from "../../src/analysis/boundaries.ts";
import { createRandom } from "../../src/analysis/random.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near } from "./near.ts";

interface Confseq {
  readonly v_opt: number;
  readonly best_rho: number;
  readonly "normal_bound(100,.05)": number;
  readonly "beta_binomial_log_mixture(10,100,g=.2,h=.8)": number;
  readonly bernoulli_ci: Readonly<Record<string, readonly [number, number]>>;
}

const { confseq_unittest: confseq } = readVectors<{ confseq_unittest: Confseq }>("analysis");

describe("uniform boundaries", () => {
  const rho = normalMixtureRho(confseq.v_opt, 0.05);

  test("the normal mixture agrees with confseq", () => {
    near(rho, confseq.best_rho, 1e-6);
    near(normalMixtureBound(100, 0.05, rho), confseq["normal_bound(100,.05)"], 1e-6);
  });

  test("the beta-binomial mixture agrees with confseq", () => {
    const log = betaBinomialLogMixture(10, 100, { g: 0.2, h: 0.8, rho });
    near(log, confseq["beta_binomial_log_mixture(10,100,g=.2,h=.8)"], 1e-6);
  });

  test("the beta-binomial mixture does not know the unit of its values", () => {
    const log = betaBinomialLogMixture(10, 100, { g: 0.2, h: 0.8, rho });
    near(betaBinomialLogMixture(20, 400, { g: 0.4, h: 1.6, rho: 4 * rho }), log, 1e-12);
  });

  test("a prior keeps the weight of a thousandth of a draw, as in confseq, when it is tuned for fewer draws than can tell", () => {
    assert.equal(bernoulliConcentration(5, 0.05), 1e-3);
    near(bernoulliConcentration(100, 0.05), rho - 1, 1e-12);
  });

  test("the interval of a probability agrees with confseq", () => {
    for (const [name, [low, high]] of Object.entries(confseq.bernoulli_ci)) {
      const [k = 0, n = 0, t = 0] = name.split(/\/|,t/).map(Number);
      const interval = bernoulliSequence(k, n, 0.05, t);
      near(interval.low, low, 1e-5);
      near(interval.high, high, 1e-5);
    }
  });
});

describe("the interval of a probability", () => {
  const draws = fc.integer({ min: 1, max: 100_000 }).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));

  test("contains the share seen and turns over with the outcome", () => {
    fc.assert(
      fc.property(draws, fc.constantFrom(0.001, 0.05, 0.5), ([k, n], alpha) => {
        const { low, high } = bernoulliSequence(k, n, alpha, 1_000);
        assert.ok(0 <= low && low <= k / n && k / n <= high && high <= 1);
        const turned = bernoulliSequence(n - k, n, alpha, 1_000);
        near(turned.low, 1 - high, 1e-9);
        near(turned.high, 1 - low, 1e-9);
      }),
    );
  });

  test("grows with the confidence", () => {
    fc.assert(
      fc.property(draws, ([k, n]) => {
        // The same prior: alpha tunes it too.
        const limit = (alpha: number) => -Math.log(alpha);
        const concentration = bernoulliConcentration(1_000, 0.05);
        const { low } = bernoulliSequence(k, n, 0.05, 1_000);
        if (low === 0) return;
        const log = bernoulliLogMixture(k, n, low, concentration);
        near(log, limit(0.05), 1e-6);
        assert.ok(log < limit(0.01));
      }),
    );
  });

  test("knows nothing before the first draw", () => {
    assert.deepEqual(bernoulliSequence(0, 0, 0.05, 100), { low: 0, high: 1 });
  });

  test("misses the probability at any of a thousand looks in at most alpha of all cases", () => {
    const random = createRandom(71);
    const runs = 1_000;
    const limit = -Math.log(0.1);
    const concentration = bernoulliConcentration(200, 0.1);
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      let k = 0;
      for (let n = 1; n <= 1_000; n++) {
        if (random.bernoulli(0.3)) k += 1;
        if (bernoulliLogMixture(k, n, 0.3, concentration) < limit) continue;
        missed += 1;
        break;
      }
    }
    assert.ok(missed / runs < 0.1 + 2 * Math.sqrt(0.09 / runs), `${missed} of ${runs}`);
    assert.ok(missed / runs > 0.01, "a bound this loose would be another one");
  });
});
