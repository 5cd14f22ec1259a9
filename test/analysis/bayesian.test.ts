import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { betaBayes, type NormalPrior, normalBayes, type Successes } from "../../src/analysis/bayesian.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative, toDecimals } from "./near.ts";

interface Published {
  readonly bayes: {
    readonly "P(B>A) Beta(46,456) vs Beta(71,431)": number;
    readonly loss_choose_A: number;
    readonly normal_gb: {
      readonly a: Sums;
      readonly b: Sums;
      readonly rel: number;
      readonly se: number;
      readonly ctw: number;
      readonly risk: readonly [number, number];
      readonly "prior N(.1,.1)": { readonly mean: number; readonly ctw: number };
    };
  };
}

interface Sums {
  readonly n: number;
  readonly sum: number;
  readonly sumsq: number;
}

interface Reference {
  readonly successesT: number;
  readonly nT: number;
  readonly successesC: number;
  readonly nC: number;
  readonly probabilityBetter: number;
  readonly lossOfTreatment: number;
  readonly lossOfControl: number;
}

const { bayes: published } = readVectors<Published>("analysis");
const { betaBayes: references } = readVectors<{ betaBayes: readonly Reference[] }>("always-valid");

describe("two rates with beta posteriors", () => {
  test("agree with the published values", () => {
    const found = compared({ successes: 70, n: 500 }, { successes: 45, n: 500 });
    nearRelative(found.probabilityBetter, published["P(B>A) Beta(46,456) vs Beta(71,431)"], 1e-11);
    nearRelative(found.lossOfControl, published.loss_choose_A, 1e-11);
  });

  test("agree with sixty-digit sums, to the last loss of 1e-45", () => {
    for (const { successesT, nT, successesC, nC, ...expected } of references) {
      const found = compared({ successes: successesT, n: nT }, { successes: successesC, n: nC });
      nearRelative(found.probabilityBetter, expected.probabilityBetter, 1e-10);
      nearRelative(found.lossOfTreatment, expected.lossOfTreatment, 1e-10);
      nearRelative(found.lossOfControl, expected.lossOfControl, 1e-10);
    }
  });

  test("are judged as well for a million units as by the normal approximation", () => {
    const found = compared({ successes: 101_000, n: 1e6 }, { successes: 100_000, n: 1e6 });
    const standardError = Math.sqrt((0.101 * 0.899 + 0.1 * 0.9) / 1e6);
    const approximated = normalBayes({ value: 0.001, standardError });
    assert.ok(approximated.kind === "bayesian");
    near(found.probabilityBetter, approximated.probabilityBetter, 1e-4);
    nearRelative(found.lossOfTreatment, approximated.lossOfTreatment, 0.02);
  });

  const arms = fc
    .integer({ min: 1, max: 20_000 })
    .chain((n) => fc.record({ successes: fc.nat(n), n: fc.constant(n) }));

  test("have losses apart by the difference of the posterior means, both above 0", () => {
    fc.assert(
      fc.property(arms, arms, (treatment, control) => {
        const found = compared(treatment, control);
        const mean = ({ successes, n }: Successes) => (successes + 1) / (n + 2);
        near(found.lossOfControl - found.lossOfTreatment, mean(treatment) - mean(control), 1e-11);
        assert.ok(found.lossOfControl >= 0 && found.lossOfTreatment >= 0);
        assert.ok(found.probabilityBetter >= 0 && found.probabilityBetter <= 1);
      }),
    );
  });

  test("are turned over by a swap of the arms, and by counting failures instead", () => {
    fc.assert(
      fc.property(
        arms,
        arms,
        fc.constantFrom({ a: 1, b: 1 }, { a: 0.5, b: 0.5 }),
        (treatment, control, prior) => {
          const found = compared(treatment, control, prior);
          const fail = ({ successes, n }: Successes) => ({ successes: n - successes, n });
          const turned = [
            compared(control, treatment, prior),
            compared(fail(treatment), fail(control), prior),
          ];
          for (const other of turned) {
            near(other.probabilityBetter, 1 - found.probabilityBetter, 1e-10);
            near(other.lossOfControl, found.lossOfTreatment, 1e-11);
          }
        },
      ),
    );
  });

  test("keep their digits when nearly every one of a billion units succeeds", () => {
    const rare = compared({ successes: 30, n: 1e9 }, { successes: 5, n: 1e9 });
    const common = compared({ successes: 999_999_995, n: 1e9 }, { successes: 999_999_970, n: 1e9 });
    nearRelative(common.lossOfTreatment, rare.lossOfTreatment, 1e-10);
    nearRelative(common.lossOfControl, rare.lossOfControl, 1e-10);
  });

  test("are even when they are the same", () => {
    fc.assert(
      fc.property(arms, (arm) => {
        const found = compared(arm, arm);
        near(found.probabilityBetter, 0.5, 1e-11);
        near(found.lossOfControl, found.lossOfTreatment, 1e-12);
      }),
    );
  });

  test("say why they cannot be compared", () => {
    const reasonOf = (treatment: Successes, prior?: { a: number; b: number }) => {
      const found = betaBayes(treatment, { successes: 1, n: 2 }, prior);
      return found.kind === "inconclusive" ? found.reason : undefined;
    };
    assert.equal(reasonOf({ successes: 0, n: 0 }), "no_data");
    assert.equal(reasonOf({ successes: 3, n: 2 }), "invalid_input");
    assert.equal(reasonOf({ successes: Number.NaN, n: 2 }), "invalid_input");
    assert.equal(reasonOf({ successes: 1, n: 2 }, { a: 0, b: 1 }), "invalid_input");
    assert.equal(reasonOf({ successes: 1, n: 2 }), undefined);
  });
});

describe("an effect with a normal posterior", () => {
  const { a, b, rel, se, ctw, risk, "prior N(.1,.1)": withPrior } = published.normal_gb;

  test("agrees with gbstats, with a prior and without", () => {
    const effect = lift(a, b);
    toDecimals(effect.value, rel, 5);
    toDecimals(effect.standardError, se, 5);
    const flat = judged(effect);
    toDecimals(flat.probabilityBetter, ctw, 5);
    toDecimals(flat.lossOfControl, risk[0], 5);
    toDecimals(flat.lossOfTreatment, risk[1], 5);
    const informed = judged(effect, { mean: 0.1, variance: 0.1 });
    toDecimals(informed.mean, withPrior.mean, 5);
    toDecimals(informed.probabilityBetter, withPrior.ctw, 5);
  });

  const effects = fc.record({
    value: fc.double({ min: -100, max: 100, noNaN: true }),
    standardError: fc.double({ min: 0.01, max: 100, noNaN: true }),
  });

  test("has losses apart by its mean, and is turned over with its sign", () => {
    fc.assert(
      fc.property(effects, (effect) => {
        const found = judged(effect);
        const turned = judged({ ...effect, value: -effect.value });
        near(found.lossOfControl - found.lossOfTreatment, effect.value, 1e-12);
        near(turned.probabilityBetter, 1 - found.probabilityBetter, 1e-15);
        assert.equal(turned.lossOfControl, found.lossOfTreatment);
        assert.ok(found.lossOfControl >= 0 && found.lossOfTreatment >= 0);
      }),
    );
  });

  test("lies between the estimate and the prior, and is surer than either", () => {
    fc.assert(
      fc.property(effects, effects, (effect, belief) => {
        const prior = { mean: belief.value, variance: belief.standardError ** 2 };
        const { mean, standardDeviation } = judged(effect, prior);
        assert.ok(
          mean >= Math.min(effect.value, prior.mean) - 1e-9 &&
            mean <= Math.max(effect.value, prior.mean) + 1e-9,
        );
        assert.ok(standardDeviation <= effect.standardError);
        near(judged(effect, { mean: 3, variance: 1e30 }).mean, effect.value, 1e-9);
      }),
    );
  });

  test("says why it cannot be computed", () => {
    const reasonOf = (value: number, standardError: number, prior?: NormalPrior) => {
      const found = normalBayes({ value, standardError }, prior);
      return found.kind === "inconclusive" ? found.reason : undefined;
    };
    assert.equal(reasonOf(1, 0), "no_variance");
    assert.equal(reasonOf(Number.NaN, 1), "invalid_input");
    assert.equal(reasonOf(1, -1), "invalid_input");
    assert.equal(reasonOf(1, 1, { mean: 0, variance: 0 }), "invalid_input");
  });
});

function compared(treatment: Successes, control: Successes, prior?: { a: number; b: number }) {
  const found = betaBayes(treatment, control, prior);
  assert.ok(found.kind === "bayesian", JSON.stringify(found));
  return found;
}

function judged(effect: { value: number; standardError: number }, prior?: NormalPrior) {
  const found = normalBayes(effect, prior);
  assert.ok(found.kind === "bayesian", JSON.stringify(found));
  return found;
}

function lift(a: Sums, b: Sums): { value: number; standardError: number } {
  const [meanA, meanB] = [a.sum / a.n, b.sum / b.n];
  const variance = ({ n, sum, sumsq }: Sums) => (sumsq - (sum * sum) / n) / (n - 1) / n;
  const ratio = meanB / meanA;
  return { value: ratio - 1, standardError: Math.sqrt(variance(b) + ratio ** 2 * variance(a)) / meanA };
}
