import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { intraclassCorrelation } from "../../src/analysis/intraclass.ts";
import { createRandom } from "../../src/analysis/random.ts";
import { type OutcomeModel, outcomeModel } from "../../src/cli/simulate-outcome-model.ts";
import type { OutcomeMetric } from "../../src/domain/metric.ts";

const metric = (change: Partial<OutcomeMetric>): OutcomeMetric => ({
  name: "m",
  description: "",
  kind: "number",
  better: "higher",
  per: "outcome",
  combine: "last",
  minimum: undefined,
  maximum: undefined,
  categories: {},
  cap: undefined,
  windowMs: Number.POSITIVE_INFINITY,
  ...change,
});

const scores: Readonly<Record<string, number>> = { good: 1, so_so: 0.5, bad: 0 };
const metrics: Readonly<Record<string, OutcomeMetric>> = {
  boolean: metric({ kind: "boolean" }),
  correctness: metric({ kind: "correctness" }),
  stars: metric({ minimum: 1, maximum: 5 }),
  "a share": metric({ minimum: 0, maximum: 0.5 }),
  category: metric({ kind: "category", categories: scores }),
  "an amount": metric({ minimum: 0 }),
  "a debt": metric({ maximum: 3 }),
  "any number": metric({}),
};

function modelOf(of: OutcomeMetric, icc: number, mean?: number): OutcomeModel {
  return outcomeModel(of, { icc, mean }) ?? assert.fail("no model");
}

const numberOf = (value: boolean | number | string) =>
  typeof value === "string" ? (scores[value] ?? assert.fail(value)) : Number(value);

/** Five outcomes of each of many units, as sums. */
function sample(model: OutcomeModel, effect: number, units = 2000) {
  const random = createRandom(7);
  const each = 5;
  const sums = new Float64Array(units);
  const squares = new Float64Array(units);
  for (let unit = 0; unit < units; unit++) {
    const own = model.disposition(random);
    for (let i = 0; i < each; i++) {
      const value = numberOf(model.draw(own, effect, random));
      sums[unit] = (sums[unit] ?? 0) + value;
      squares[unit] = (squares[unit] ?? 0) + value ** 2;
    }
  }
  const counts = new Float64Array(units).fill(each);
  const mean = sums.reduce((all, sum) => all + sum, 0) / (units * each);
  const spread = Math.sqrt(squares.reduce((all, square) => all + square, 0) / (units * each) - mean ** 2);
  const found = intraclassCorrelation([{ counts, sums, squares }]);
  return { mean, spread, units, icc: found.kind === "intraclass" ? found.value : assert.fail(found.message) };
}

describe("a model of outcomes", () => {
  for (const [name, of] of Object.entries(metrics)) {
    for (const icc of [0, 0.3]) {
      test(`has the mean, the effect and the correlation that were set: ${name}, ${icc}`, () => {
        const model = modelOf(of, icc);
        for (const effect of [0, 0.1 * Math.min(1, model.effects.high)]) {
          const found = sample(model, effect);
          const error = found.spread / Math.sqrt(found.units);
          assert.ok(Math.abs(found.mean - model.mean - effect) < 4 * error, `mean ${found.mean}`);
          assert.ok(Math.abs(found.icc - icc) < 0.05, `icc ${found.icc}`);
        }
      });
    }
  }

  test("gives values that the proxy takes, whatever is set", () => {
    const bounded = fc.constantFrom("boolean", "stars", "a share", "category", "an amount", "a debt");
    const settings = fc.record({
      name: bounded,
      icc: fc.double({ min: 0, max: 0.95, noNaN: true }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      moved: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(settings, ({ name, icc, at, moved, seed }) => {
        const of = metrics[name] ?? assert.fail();
        const { minimum = 0, maximum = 1 } = of;
        const isOpen = of.minimum === undefined || of.maximum === undefined;
        const usual = modelOf(of, icc);
        const mean = isOpen
          ? usual.mean
          : usual.mean + usual.effects.low + at * (usual.effects.high - usual.effects.low);
        const model = outcomeModel(of, { icc, mean });
        if (model === undefined)
          return assert.ok(at < 1e-9 || at > 1 - 1e-9, "only rounding leaves the range");
        const { low, high } = model.effects;
        const [least, most] = [Math.max(low, -1), Math.min(high, 1)];
        const random = createRandom(seed);
        const value = model.draw(model.disposition(random), least + moved * (most - least), random);
        const number = numberOf(value);
        assert.ok(Number.isFinite(number));
        if (of.minimum !== undefined || !isOpen) assert.ok(number >= minimum, String(number));
        if (of.maximum !== undefined || !isOpen) assert.ok(number <= maximum, String(number));
      }),
    );
  });

  test("moves everybody in the direction of the effect", () => {
    const model = modelOf(metric({ minimum: 0, maximum: 1000 }), 0.3);
    for (let rank = 0.05; rank < 1; rank += 0.1) {
      const mean = (effect: number) => {
        const random = createRandom(3);
        let sum = 0;
        for (let i = 0; i < 2000; i++) sum += numberOf(model.draw(rank, effect, random));
        return sum / 2000;
      };
      assert.ok(mean(200) > mean(0) && mean(-200) < mean(0), String(rank));
    }
  });

  test("has no mean outside of its values", () => {
    assert.equal(outcomeModel(metric({ minimum: 1, maximum: 5 }), { icc: 0, mean: 5.1 }), undefined);
    assert.equal(outcomeModel(metric({ minimum: 0 }), { icc: 0, mean: 0 }), undefined);
    assert.equal(modelOf(metric({ minimum: 1, maximum: 5 }), 0.3, 5).effects.high, 0);
  });
});
