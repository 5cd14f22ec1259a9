import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allocate, allocationProblem } from "../../src/core/allocation.ts";
import { boundaryAt, lineLength, shareOf } from "../../src/core/line.ts";
import { experimentWith, secretOf, variantsOf } from "./experiment-fixture.ts";

const boundaries = (change: Parameters<typeof experimentWith>[0]) =>
  allocate(experimentWith(change)).ranges.map(({ variantId, start, end }) => [variantId, start, end]);

describe("two variants", () => {
  test("grow from both ends of the line: the treatment from 0, the control from 1", () => {
    assert.deepEqual(boundaries({ coverage: 0.1, variants: variantsOf({ control: 30, candidate: 70 }) }), [
      ["candidate", 0, boundaryAt(0.07)],
      ["control", boundaryAt(0.97), lineLength],
    ]);
  });

  test("meet without gap or overlap in any full split", () => {
    const weight = fc.double({ min: 0.001, max: 1000, noNaN: true });
    fc.assert(
      fc.property(weight, weight, (control, candidate) => {
        const { ranges } = allocate(experimentWith({ variants: variantsOf({ control, candidate }) }));
        assert.deepEqual([ranges[0]?.start, ranges.at(-1)?.end], [0, lineLength]);
        if (ranges.length === 2) assert.equal(ranges[0]?.end, ranges[1]?.start);
      }),
    );
  });

  test("meet without gap even where the two shares round to different positions", () => {
    for (let half = 1; half < 2_000; half += 2) {
      // An odd number of half positions, through a sum of weights that no double holds exactly.
      const share = half / (2 * lineLength);
      const variants = variantsOf({ control: (1 - share) * 3.7, candidate: share * 3.7 });
      const [first, second] = allocate(experimentWith({ variants })).ranges;
      assert.equal(first?.end, second?.start);
    }
  });

  test("lie the same whatever the order in which they are listed", () => {
    const variants = variantsOf({ control: 1, candidate: 3 });
    assert.deepEqual(
      allocate(experimentWith({ coverage: 0.4, variants: variants.toReversed() })),
      allocate(experimentWith({ coverage: 0.4, variants })),
    );
  });

  test("a variant without weight owns nothing", () => {
    assert.deepEqual(boundaries({ variants: variantsOf({ control: 1, candidate: 0 }) }), [
      ["control", 0, lineLength],
    ]);
  });
});

test("a control alone owns the end of the line, where a treatment added later leaves it", () => {
  assert.deepEqual(boundaries({ coverage: 0.25, variants: variantsOf({ control: 1 }) }), [
    ["control", boundaryAt(0.75), lineLength],
  ]);
});

describe("more variants", () => {
  const weights = { control: 1, b: 1, a: 1 };

  test("fill a band each from its start: the control first, then the treatments by id", () => {
    assert.deepEqual(boundaries({ coverage: 0.3, variants: variantsOf(weights) }), [
      ["control", 0, boundaryAt(0.1)],
      ["a", boundaryAt(1 / 3), boundaryAt(1 / 3 + 0.1)],
      ["b", boundaryAt(2 / 3), boundaryAt(2 / 3 + 0.1)],
    ]);
  });

  test("lie the same whatever the order in which they are listed", () => {
    const variants = variantsOf(weights);
    assert.deepEqual(
      allocate(experimentWith({ coverage: 0.7, variants: variants.toReversed() })),
      allocate(experimentWith({ coverage: 0.7, variants })),
    );
  });

  test("of equal weight cover the line without gap or overlap", () => {
    for (let count = 3; count <= 50; count += 1) {
      const equal = Object.fromEntries(
        Array.from({ length: count }, (_, at) => [at === 0 ? "control" : `v${at}`, 1]),
      );
      const { ranges } = allocate(experimentWith({ variants: variantsOf(equal) }));
      assert.equal(ranges.length, count);
      for (const [at, range] of ranges.entries())
        assert.equal(range.end, ranges[at + 1]?.start ?? lineLength);
      assert.equal(allocationProblem(experimentWith({ variants: variantsOf(equal) })), undefined);
    }
  });

  test("are refused when a share is bigger than its band, with the coverage that fits", () => {
    const variants = variantsOf({ control: 50, a: 25, b: 25 });
    assert.equal(
      allocationProblem(experimentWith({ variants })),
      'variant "control" of experiment "tone" gets 50 % of the line, and each of 3 variants can own at most ' +
        "33.33 %; set coverage to 0.6666 or less, or even the weights out",
    );
    assert.equal(allocationProblem(experimentWith({ variants, coverage: 0.6666 })), undefined);
  });
});

describe("the holdout", () => {
  test("is the end of the line for two variants, carved out of the control's share", () => {
    const allocation = allocate(experimentWith({ coverage: 0.4, holdout: 0.05 }));
    assert.deepEqual(allocation.holdout, { start: boundaryAt(0.95), end: lineLength });
    assert.deepEqual(allocation.ranges.at(-1), {
      variantId: "control",
      start: boundaryAt(0.8),
      end: boundaryAt(0.95),
    });
  });

  test("is the start of the control's band for more variants, and stands still while the coverage grows", () => {
    const variants = variantsOf({ control: 1, a: 1, b: 1 });
    for (const coverage of [0.2, 0.6, 1]) {
      const allocation = allocate(experimentWith({ coverage, holdout: 0.05, variants }));
      assert.deepEqual(allocation.holdout, { start: 0, end: boundaryAt(0.05) });
      assert.deepEqual(allocation.ranges[0], {
        variantId: "control",
        start: boundaryAt(0.05),
        end: boundaryAt(coverage / 3),
      });
    }
  });

  test("is refused when it is more than the control owns", () => {
    assert.equal(
      allocationProblem(experimentWith({ coverage: 0.1, holdout: 0.06 })),
      'holdout 0.06 of experiment "tone" is more than the 5 % that its control "control" owns; ' +
        "lower the holdout or give the control more weight",
    );
    assert.equal(allocationProblem(experimentWith({ coverage: 0.1, holdout: 0.05 })), undefined);
  });

  test("and the ranges are disjoint and make up the coverage", () => {
    const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);
    fc.assert(
      fc.property(share, share, fc.integer({ min: 2, max: 6 }), (coverage, part, count) => {
        const weights = Object.fromEntries(
          Array.from({ length: count }, (_, at) => [at === 0 ? "control" : `v${at}`, 1]),
        );
        const holdout = (part * coverage) / count;
        const experiment = experimentWith({ coverage, holdout, variants: variantsOf(weights) });
        assert.equal(allocationProblem(experiment), undefined);
        const { ranges, holdout: kept } = allocate(experiment);
        const all = [...ranges, ...(kept === undefined ? [] : [kept])].toSorted((a, b) => a.start - b.start);
        for (const [at, range] of all.entries())
          assert.ok(at === 0 || range.start >= (all[at - 1]?.end ?? 0));
        assert.ok(Math.abs(shareOf(all) - coverage) < 1e-8);
      }),
    );
  });
});

describe("allocationProblem", () => {
  test("names weights that sum to 0", () => {
    assert.match(
      allocationProblem(experimentWith({ variants: variantsOf({ control: 0, candidate: 0 }) })) ?? "",
      /weights of experiment "tone" sum to 0; give at least one variant a weight/,
    );
  });

  test("refuses a coverage that Unleash would draw from another hash", () => {
    assert.match(
      allocationProblem(experimentWith({ hash: "unleash_murmur3", coverage: 0.5 })) ?? "",
      /set coverage to 1/,
    );
    assert.equal(allocationProblem(experimentWith({ hash: "unleash_murmur3" })), undefined);
  });

  test("refuses a key for a hash that has no keyed form", () => {
    const problem = allocationProblem(experimentWith({ hash: "growthbook_v2", hashSecret: secretOf("k") }));
    assert.match(problem ?? "", /cannot be keyed/);
  });
});
