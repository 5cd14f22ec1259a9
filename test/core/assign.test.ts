import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allocate } from "../../src/core/allocation.ts";
import { assignUnit } from "../../src/core/assign.ts";
import type { ExperimentConfig } from "../../src/domain/config.ts";
import { experimentWith, secretOf, variantsOf } from "./experiment-fixture.ts";

const assign = (experiment: ExperimentConfig, id: string) =>
  assignUnit(experiment, allocate(experiment), { type: experiment.unit, id });

const units = Array.from({ length: 3_000 }, (_, index) => `user-${index}`);
const anyId = fc.string({ unit: "grapheme", minLength: 1 });
const steps = fc.integer({ min: 0, max: 1000 }).map((step) => step / 1000);

describe("an assignment", () => {
  test("sticks: the same unit gets the same variant, whatever the id and the key", () => {
    fc.assert(
      fc.property(anyId, fc.option(fc.string(), { nil: undefined }), steps, (id, key, coverage) => {
        const hashSecret = key === undefined ? undefined : secretOf(key);
        const experiment = experimentWith({ coverage, hashSecret });
        assert.deepEqual(assign(experiment, id), assign(structuredCloneOf(experiment), id));
      }),
    );
  });

  test("serves the control for every reason but a split", () => {
    fc.assert(
      fc.property(anyId, steps, steps, (id, coverage, part) => {
        const layer = { name: "copy", start: 0, end: 0.5 };
        const experiment = experimentWith({ coverage, holdout: (coverage * part) / 2, layer });
        const { reason, variantId } = assign(experiment, id);
        assert.ok(reason === "split" || variantId === "control");
      }),
    );
  });

  test("follows the allocation: each variant gets its share of units", () => {
    const experiment = experimentWith({
      coverage: 0.6,
      variants: variantsOf({ control: 1, candidate: 2 }),
      holdout: 0.05,
    });
    const counts = countBy(
      units.map((id) => assign(experiment, id)).map((one) => `${one.reason} ${one.variantId}`),
    );
    const expected = {
      "split candidate": 0.4,
      "split control": 0.15,
      "holdout control": 0.05,
      "not_exposed control": 0.4,
    };
    for (const [key, share] of Object.entries(expected)) {
      const seen = (counts.get(key) ?? 0) / units.length;
      // Five standard errors of a share among 3,000 units, over a fixed set of ids.
      assert.ok(
        Math.abs(seen - share) < 5 * Math.sqrt((share * (1 - share)) / units.length),
        `${key}: ${seen}`,
      );
    }
    assert.equal(counts.size, 4);
  });

  test("does not depend on the order in which variants are listed", () => {
    fc.assert(
      fc.property(anyId, fc.shuffledSubarray(["control", "a", "b", "c"], { minLength: 4 }), (id, order) => {
        const listed = experimentWith({ variants: variantsOf({ control: 1, a: 1, b: 1, c: 1 }) });
        const shuffled = {
          ...listed,
          variants: variantsOf(Object.fromEntries(order.map((name) => [name, 1]))),
        };
        assert.deepEqual(assign(shuffled, id), assign(listed, id));
      }),
    );
  });
});

describe("a ramp", () => {
  test("of two variants moves no exposed unit when coverage grows", () => {
    fc.assert(
      fc.property(anyId, steps, steps, fc.integer({ min: 1, max: 99 }), (id, one, other, control) => {
        const variants = variantsOf({ control, candidate: 100 - control });
        const before = assign(experimentWith({ coverage: Math.min(one, other), variants }), id);
        const after = assign(experimentWith({ coverage: Math.max(one, other), variants }), id);
        if (before.reason === "split") assert.deepEqual(after, before);
      }),
      { numRuns: 500 },
    );
  });

  test("of two variants moves no exposed unit when the treatment grows and the control keeps its share", () => {
    fc.assert(
      fc.property(
        anyId,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 300 }),
        (id, control, candidate, growth) => {
          const before = assign(experimentOfShares(control, candidate), id);
          const after = assign(experimentOfShares(control, candidate + growth), id);
          if (before.reason === "split") assert.deepEqual(after, before);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("of more variants moves no exposed unit when coverage grows", () => {
    fc.assert(
      fc.property(anyId, steps, steps, (id, one, other) => {
        const variants = variantsOf({ control: 1, a: 1, b: 1 });
        const before = assign(experimentWith({ coverage: Math.min(one, other), variants }), id);
        const after = assign(experimentWith({ coverage: Math.max(one, other), variants }), id);
        if (before.reason === "split") assert.deepEqual(after, before);
      }),
      { numRuns: 500 },
    );
  });

  // Shares in thousandths of the whole line.
  function experimentOfShares(control: number, candidate: number): ExperimentConfig {
    return experimentWith({
      coverage: (control + candidate) / 1000,
      variants: variantsOf({ control, candidate }),
    });
  }
});

describe("a layer", () => {
  const one = experimentWith({ id: "one", salt: "one", layer: { name: "copy", start: 0, end: 0.4 } });
  const other = experimentWith({ id: "other", salt: "other", layer: { name: "copy", start: 0.4, end: 1 } });

  test("puts every unit in exactly one of the experiments that share it out", () => {
    for (const id of units) {
      const inside = [one, other].filter((experiment) => assign(experiment, id).reason !== "not_in_layer");
      assert.equal(inside.length, 1);
    }
  });

  test("moves nobody between variants when a slice grows", () => {
    const grown = { ...one, layer: { name: "copy", start: 0, end: 0.7 } };
    for (const id of units) {
      const before = assign(one, id);
      if (before.reason === "split") assert.deepEqual(assign(grown, id), before);
    }
  });

  test("says nothing of the variant: each gets its share inside the slice", () => {
    const inside = units.map((id) => assign(one, id)).filter((assigned) => assigned.reason === "split");
    const treated = inside.filter((assigned) => assigned.variantId === "candidate").length;
    assert.ok(Math.abs(treated / inside.length - 0.5) < 5 * Math.sqrt(0.25 / inside.length));
  });
});

test("the holdout gets the control and is told apart from the split", () => {
  const experiment = experimentWith({ holdout: 0.2 });
  const held = units.map((id) => assign(experiment, id)).filter((assigned) => assigned.reason === "holdout");
  assert.ok(held.length > 0);
  assert.ok(
    held.every((assigned) => assigned.variantId === "control" && assigned.position >= 0.8 * 2 ** 32 - 1),
  );
});

function structuredCloneOf(experiment: ExperimentConfig): ExperimentConfig {
  const { hashSecret, ...rest } = experiment;
  const text = hashSecret?.reveal();
  return { ...structuredClone(rest), hashSecret: text === undefined ? undefined : secretOf(text) };
}

function countBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
