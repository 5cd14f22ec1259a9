import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  chiSquared,
  chiSquaredYates,
  clopperPearson,
  compareProportions,
  fisherExact,
  newcombe,
  type Share,
  type Table,
  wilson,
  zPooled,
} from "../../src/analysis/proportion.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { anyNumber, assertNoNaN, conclusive, reasonOf } from "./estimates.ts";
import { near, nearRelative } from "./near.ts";

type Ends = readonly [number, number];

interface TwoByTwo {
  readonly table: Table;
  readonly z_pooled?: number;
  readonly chi2?: number;
  readonly p?: number;
  readonly chi2_yates?: number;
  readonly p_yates?: number;
  readonly fisher: number;
  readonly fisher_greater?: number;
}

const published = readVectors<{
  readonly two_by_two: readonly [Required<TwoByTwo>, TwoByTwo];
  readonly chi2_3x2: {
    readonly table: Table;
    readonly chi2: number;
    readonly df: number;
    readonly p: number;
  };
  readonly ci: readonly [
    { readonly newcombe_diff: { readonly a: Ends; readonly b: Ends; readonly ci: Ends } },
    { readonly wilson_81_263: Ends; readonly wilson_0_20: Ends; readonly clopper_0_20: Ends },
  ];
}>("analysis");

const vectors = readVectors<{
  readonly fisher: readonly (readonly [Table, number, number, number])[];
  readonly chiSquared: readonly {
    readonly table: Table;
    readonly statistic: number;
    readonly df: number;
    readonly p: number;
    readonly expectedMin: number;
    readonly yates?: number;
    readonly pYates?: number;
  }[];
  readonly shares: readonly (readonly [number, number, number, Ends, Ends])[];
  readonly newcombe: readonly (readonly [number, number, number, number, Ends])[];
}>("plain-tests");

const share = fc
  .integer({ min: 1, max: 500 })
  .chain((n) => fc.record({ successes: fc.integer({ min: 0, max: n }), n: fc.constant(n) }));
const count = fc.integer({ min: 0, max: 60 });
const twoByTwo = fc.tuple(fc.tuple(count, count), fc.tuple(count, count));

function nearEnds({ low, high }: { low: number; high: number }, [from, to]: Ends, tolerance: number): void {
  near(low, from, tolerance);
  near(high, to, tolerance);
}

describe("chi-squared", () => {
  test("agrees with the published values", () => {
    const [first] = published.two_by_two;
    const plain = conclusive(chiSquared(first.table));
    nearRelative(plain.statistic, first.chi2, 1e-12);
    nearRelative(plain.pValue, first.p, 1e-12);
    const yates = conclusive(chiSquaredYates(first.table));
    nearRelative(yates.statistic, first.chi2_yates, 1e-12);
    nearRelative(yates.pValue, first.p_yates, 1e-12);
    const three = conclusive(chiSquared(published.chi2_3x2.table));
    nearRelative(three.statistic, published.chi2_3x2.chi2, 1e-12);
    nearRelative(three.pValue, published.chi2_3x2.p, 1e-12);
    assert.equal(three.df, published.chi2_3x2.df);
  });

  test("agrees with scipy for any number of rows and columns", () => {
    for (const { table, statistic, df, p, expectedMin, yates, pYates } of vectors.chiSquared) {
      const found = conclusive(chiSquared(table));
      nearRelative(found.statistic, statistic, 1e-12);
      nearRelative(found.pValue, p, 1e-12);
      nearRelative(found.expectedMin, expectedMin, 1e-14);
      assert.equal(found.df, df);
      if (yates === undefined || pYates === undefined) continue;
      nearRelative(conclusive(chiSquaredYates(table)).statistic, yates, 1e-12);
      nearRelative(conclusive(chiSquaredYates(table)).pValue, pYates, 1e-12);
    }
  });

  test("is the square of the pooled z, which has the sign of the difference", () => {
    const [first] = published.two_by_two;
    const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = first.table;
    const found = conclusive(zPooled({ successes: a, n: a + b }, { successes: c, n: c + d }));
    nearRelative(found.z, first.z_pooled, 1e-12);
    nearRelative(found.z ** 2, first.chi2, 1e-12);
    nearRelative(found.pValue, first.p, 1e-12);
  });

  test("does not depend on the order of rows or columns, or on which are which", () => {
    const [first] = published.two_by_two;
    const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = first.table;
    for (const table of [
      [
        [c, d],
        [a, b],
      ],
      [
        [b, a],
        [d, c],
      ],
      [
        [a, c],
        [b, d],
      ],
    ]) {
      nearRelative(conclusive(chiSquared(table)).statistic, first.chi2, 1e-13);
    }
  });

  test("is inconclusive where nothing is expected", () => {
    assert.equal(
      reasonOf(
        chiSquared([
          [0, 5],
          [0, 7],
        ]),
      ),
      "zero_denominator",
    );
    assert.equal(
      reasonOf(
        chiSquared([
          [0, 0],
          [0, 0],
        ]),
      ),
      "no_data",
    );
    assert.equal(reasonOf(chiSquared([[1, 2]])), "invalid_input");
    assert.equal(reasonOf(chiSquared([[1, 2], [3]])), "invalid_input");
    assert.equal(
      reasonOf(
        chiSquared([
          [1, -2],
          [3, 4],
        ]),
      ),
      "invalid_input",
    );
    assert.equal(
      reasonOf(
        chiSquaredYates([
          [1, 2, 3],
          [3, 4, 5],
        ]),
      ),
      "invalid_input",
    );
  });

  test("corrected is never beyond the observed difference, so equal shares have p = 1", () => {
    assert.equal(
      conclusive(
        chiSquaredYates([
          [10, 10],
          [11, 10],
        ]),
      ).pValue,
      1,
    );
  });
});

describe("Fisher's exact test", () => {
  test("agrees with the published values", () => {
    for (const { table, fisher, fisher_greater } of published.two_by_two) {
      nearRelative(fisherExact(table), fisher, 1e-12);
      if (fisher_greater !== undefined) nearRelative(fisherExact(table, "greater"), fisher_greater, 1e-12);
    }
  });

  test("agrees with sums of every term at 40 digits, up to a million units and p below 1e-300", () => {
    for (const [table, both, greater, less] of vectors.fisher) {
      nearRelative(fisherExact(table), both, 1e-11);
      nearRelative(fisherExact(table, "greater"), greater, 1e-11);
      nearRelative(fisherExact(table, "less"), less, 1e-11);
    }
  });

  test("looks at a billion units in thousands of steps, not in a billion", () => {
    const wide = [
      [500_000_000, 500_000_000],
      [500_020_000, 499_980_000],
    ];
    const { pValue } = conclusive(chiSquared(wide));
    nearRelative(fisherExact(wide), pValue, 1e-2);
  });

  test("does not care which rows and columns are which, but for the direction", () => {
    fc.assert(
      fc.property(twoByTwo, ([[a, b], [c, d]]) => {
        const found = fisherExact([
          [a, b],
          [c, d],
        ]);
        for (const table of [
          [
            [c, d],
            [a, b],
          ],
          [
            [b, a],
            [d, c],
          ],
          [
            [a, c],
            [b, d],
          ],
        ])
          near(fisherExact(table), found, 1e-11);
        near(
          fisherExact(
            [
              [a, b],
              [c, d],
            ],
            "greater",
          ),
          fisherExact(
            [
              [c, d],
              [a, b],
            ],
            "less",
          ),
          1e-12,
        );
        assert.ok(found >= 0 && found <= 1);
      }),
    );
  });

  test("has two sides that overlap in the observed table alone", () => {
    fc.assert(
      fc.property(twoByTwo, (table) => {
        const both = fisherExact(table, "greater") + fisherExact(table, "less");
        assert.ok(both >= 1 - 1e-12 && both <= 2);
        assert.ok(
          fisherExact(table) >= Math.min(fisherExact(table, "greater"), fisherExact(table, "less")) - 1e-12,
        );
      }),
    );
  });

  test("is 1 where only one table is possible", () => {
    assert.equal(
      fisherExact([
        [0, 7],
        [0, 9],
      ]),
      1,
    );
    assert.equal(
      fisherExact(
        [
          [0, 0],
          [3, 9],
        ],
        "greater",
      ),
      1,
    );
    assert.equal(
      fisherExact([
        [0, 0],
        [0, 0],
      ]),
      1,
    );
  });

  test("throws for what are no counts", () => {
    for (const table of [
      [
        [1.5, 2],
        [3, 4],
      ],
      [
        [-1, 2],
        [3, 4],
      ],
      [[1, 2]],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [Number.NaN, 1],
        [1, 1],
      ],
    ]) {
      assert.throws(() => fisherExact(table), RangeError);
    }
  });
});

describe("intervals of shares", () => {
  test("agree with the published values", () => {
    const [{ newcombe_diff }, one] = published.ci;
    const [a, b] = [newcombe_diff.a, newcombe_diff.b].map(([successes, n]) => ({ successes, n }));
    nearEnds(newcombe(a ?? none, b ?? none), newcombe_diff.ci, 1e-12);
    nearEnds(wilson(81, 263), one.wilson_81_263, 1e-12);
    nearEnds(wilson(0, 20), one.wilson_0_20, 1e-12);
    nearEnds(clopperPearson(0, 20), one.clopper_0_20, 1e-12);
  });

  test("agree with statsmodels, near 0 and 1 as well", () => {
    for (const [successes, n, confidence, score, exact] of vectors.shares) {
      nearEnds(wilson(successes, n, confidence), score, 1e-12);
      nearEnds(clopperPearson(successes, n, confidence), exact, 1e-12);
    }
    for (const [x, n, y, m, ends] of vectors.newcombe) {
      nearEnds(newcombe({ successes: x, n }, { successes: y, n: m }), ends, 1e-12);
    }
  });

  test("mirror when successes become failures, and stay within 0 and 1", () => {
    fc.assert(
      fc.property(
        share,
        fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
        ({ successes, n }, confidence) => {
          for (const interval of [wilson, clopperPearson]) {
            const { low, high } = interval(successes, n, confidence);
            const mirrored = interval(n - successes, n, confidence);
            near(mirrored.low, 1 - high, 1e-12);
            near(mirrored.high, 1 - low, 1e-12);
            assert.ok(low >= 0 && low <= successes / n && high >= successes / n && high <= 1);
          }
        },
      ),
    );
  });

  test("widen with confidence and narrow with n", () => {
    fc.assert(
      fc.property(share, share, (a, b) => {
        const doubled = ({ successes, n }: Share) => ({ successes: 2 * successes, n: 2 * n });
        const width = ({ low, high }: { low: number; high: number }) => high - low;
        assert.ok(width(newcombe(a, b, 0.99)) > width(newcombe(a, b, 0.9)));
        assert.ok(width(newcombe(doubled(a), doubled(b))) < width(newcombe(a, b)));
        assert.ok(width(clopperPearson(a.successes, a.n)) > 0);
      }),
    );
  });

  test("of no unit say nothing, and impossible counts throw", () => {
    assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
    assert.deepEqual(clopperPearson(0, 0), { low: 0, high: 1 });
    assert.deepEqual(newcombe({ successes: 0, n: 0 }, { successes: 1, n: 2 }), { low: -1, high: 1 });
    for (const [successes, n] of [
      [3, 2],
      [-1, 2],
      [0.5, 2],
      [Number.NaN, 2],
    ] as const) {
      assert.throws(() => wilson(successes, n), RangeError);
      assert.throws(() => clopperPearson(successes, n), RangeError);
    }
    assert.throws(() => wilson(1, 2, 1), RangeError);
  });
});

describe("the comparison of shares", () => {
  test("is by chi-squared where every expected count is 5, else by Fisher, and says which", () => {
    const large = conclusive(compareProportions({ successes: 45, n: 500 }, { successes: 70, n: 500 }));
    assert.equal(large.method, "chi_squared");
    nearRelative(large.pValue, published.two_by_two[0].p, 1e-12);
    nearRelative(large.statistic ?? 0, published.two_by_two[0].chi2, 1e-12);
    const small = conclusive(compareProportions({ successes: 3, n: 4 }, { successes: 1, n: 4 }));
    assert.deepEqual([small.method, small.statistic], ["fisher", undefined]);
    nearRelative(small.pValue, published.two_by_two[1].fisher, 1e-12);
    assert.deepEqual(
      [small.value, small.interval],
      [0.5, newcombe({ successes: 3, n: 4 }, { successes: 1, n: 4 })],
    );
  });

  test("has an answer where nobody succeeds, and where all of one arm do", () => {
    const none = conclusive(compareProportions({ successes: 0, n: 30 }, { successes: 0, n: 30 }));
    assert.deepEqual([none.value, none.pValue, none.method], [0, 1, "fisher"]);
    assert.ok(none.standardError > 0 && none.interval.low < 0 && none.interval.high > 0);
    const apart = conclusive(compareProportions({ successes: 8, n: 8 }, { successes: 0, n: 8 }));
    nearRelative(apart.pValue, 2 / 12_870, 1e-12);
    assert.ok(apart.standardError > 0);
  });

  test("changes only signs when the arms change places", () => {
    fc.assert(
      fc.property(share, share, (a, b) => {
        const found = conclusive(compareProportions(a, b));
        const swapped = conclusive(compareProportions(b, a));
        assert.equal(found.value + swapped.value, 0);
        near(swapped.pValue, found.pValue, 1e-11);
        near(swapped.interval.low, -found.interval.high, 1e-14);
        near(swapped.standardError, found.standardError, 1e-14);
      }),
    );
  });

  test("has the standard error of the textbook where there is enough of everything", () => {
    const { standardError } = conclusive(
      compareProportions({ successes: 4000, n: 10_000 }, { successes: 5000, n: 10_000 }),
    );
    nearRelative(standardError, Math.sqrt((0.4 * 0.6 + 0.5 * 0.5) / 10_000), 1e-3);
  });

  test("says why it cannot tell, and never NaN", () => {
    const some = { successes: 1, n: 4 };
    assert.equal(reasonOf(compareProportions(none, some)), "no_data");
    assert.equal(reasonOf(compareProportions({ successes: 5, n: 4 }, some)), "invalid_input");
    assert.equal(reasonOf(compareProportions(some, some, { confidence: 0 })), "invalid_input");
    assert.equal(reasonOf(zPooled({ successes: 0, n: 4 }, { successes: 0, n: 9 })), "no_variance");
    assert.equal(reasonOf(zPooled(none, some)), "no_data");
    const anyShare = fc.record({ successes: anyNumber, n: anyNumber });
    fc.assert(
      fc.property(anyShare, anyShare, (a, b) => {
        assertNoNaN(compareProportions(a, b));
        assertNoNaN(zPooled(a, b));
        assertNoNaN(
          chiSquared([
            [a.successes, a.n],
            [b.successes, b.n],
          ]),
        );
      }),
    );
  });
});

const none: Share = { successes: 0, n: 0 };
