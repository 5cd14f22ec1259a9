import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allocate } from "../../src/core/allocation.ts";
import { assignUnit } from "../../src/core/assign.ts";
import { lineLength } from "../../src/core/line.ts";
import { conflicts, lineOf, newEntries } from "../../src/core/range-ledger.ts";
import type { ExperimentConfig } from "../../src/domain/config.ts";
import type { LedgerEntry } from "../../src/domain/experiment.ts";
import { experimentWith, secretOf, variantsOf } from "./experiment-fixture.ts";

const conflictsOf = (ledger: readonly LedgerEntry[], experiment: ExperimentConfig) =>
  conflicts(ledger, experiment, allocate(experiment));

/** The ledger after these revisions took effect, one after the other. */
function ledgerOf(...revisions: readonly ExperimentConfig[]): readonly LedgerEntry[] {
  const ledger: LedgerEntry[] = [];
  for (const experiment of revisions) ledger.push(...newEntries(ledger, experiment, allocate(experiment)));
  return ledger;
}

const weighted = (control: number, candidate: number, change: Partial<ExperimentConfig> = {}) =>
  experimentWith({ variants: variantsOf({ control, candidate }), ...change });

describe("newEntries", () => {
  test("names experiment, line, variant and positions of what is exposed", () => {
    const experiment = weighted(50, 50, { coverage: 0.5 });
    assert.deepEqual(ledgerOf(experiment), [
      {
        experimentId: "tone",
        line: lineOf(experiment),
        variantId: "candidate",
        start: 0,
        end: lineLength / 4,
      },
      {
        experimentId: "tone",
        line: lineOf(experiment),
        variantId: "control",
        start: (lineLength / 4) * 3,
        end: lineLength,
      },
    ]);
  });

  test("has only what is new: nothing the second time, the difference when coverage grows", () => {
    const small = weighted(50, 50, { coverage: 0.5 });
    const ledger = ledgerOf(small);
    assert.deepEqual(newEntries(ledger, small, allocate(small)), []);
    const large = weighted(50, 50);
    const added = newEntries(ledger, large, allocate(large));
    assert.deepEqual(
      added.map(({ variantId, start, end }) => [variantId, start / lineLength, end / lineLength]),
      [
        ["candidate", 0.25, 0.5],
        ["control", 0.5, 0.75],
      ],
    );
  });

  test("does not tell experiments apart by the ledger of another", () => {
    const ledger = ledgerOf(weighted(50, 50));
    const other = weighted(50, 50, { id: "other" });
    assert.equal(newEntries(ledger, other, allocate(other)).length, 2);
    assert.deepEqual(conflictsOf(ledger, weighted(10, 90, { id: "other" })), []);
  });

  test("leaves the holdout out, which met no variant as part of the experiment", () => {
    const ledger = ledgerOf(weighted(50, 50, { holdout: 0.1 }));
    assert.ok(ledger.every((entry) => entry.end <= 0.9 * lineLength + 1));
  });
});

describe("a revision on the same line", () => {
  test("may grow, shrink and grow again while no variant takes another's positions", () => {
    const ramp = [0.02, 0.1, 0.5, 0.1, 1].map((coverage) => weighted(50, 50, { coverage }));
    for (const [index, experiment] of ramp.entries()) {
      assert.deepEqual(conflictsOf(ledgerOf(...ramp.slice(0, index)), experiment), []);
    }
  });

  test("is refused when it would move units, with the share, the variants and the cure", () => {
    assert.deepEqual(conflictsOf(ledgerOf(weighted(50, 50)), weighted(25, 75)), [
      {
        kind: "moved",
        experimentId: "tone",
        from: "control",
        to: "candidate",
        share: 0.25,
        message:
          'experiment "tone" would move 25 % of its units from variant "control", which they may have met, to ' +
          '"candidate"; put coverage and weights back, or set rerandomise: true together with a new salt',
      },
    ]);
  });

  test("is refused even when the units were not exposed in between", () => {
    const ledger = ledgerOf(weighted(50, 50), weighted(50, 50, { coverage: 0.1 }));
    assert.equal(conflictsOf(ledger, weighted(10, 90)).length, 1);
  });

  test("is refused when rerandomise is set without a new salt, and says so", () => {
    const [conflict] = conflictsOf(ledgerOf(weighted(50, 50)), weighted(25, 75, { rerandomise: true }));
    assert.match(
      conflict?.message ?? "",
      /rerandomise has no effect while the salt stays "tone-1"; give the experiment a new salt/,
    );
  });

  test("is refused when a variant takes the place of one that was removed or renamed", () => {
    const renamed = experimentWith({ variants: variantsOf({ control: 50, other: 50 }) });
    const [conflict] = conflictsOf(ledgerOf(weighted(50, 50)), renamed);
    assert.deepEqual(conflict?.kind === "moved" && [conflict.from, conflict.to], ["candidate", "other"]);
  });

  test("is refused exactly when some unit of an earlier revision would change variant", () => {
    const share = fc.record({
      coverage: fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10),
      control: fc.integer({ min: 0, max: 4 }),
      candidate: fc.integer({ min: 1, max: 4 }),
    });
    const units = Array.from({ length: 400 }, (_, index) => ({ type: "user", id: `user-${index}` }) as const);
    fc.assert(
      fc.property(fc.array(share, { minLength: 2, maxLength: 4 }), (shares) => {
        const revisions = shares.map(({ control, candidate, coverage }) =>
          weighted(control, candidate, { coverage }),
        );
        const earlier = consistentPrefix(revisions.slice(0, -1));
        const next = revisions.at(-1) ?? weighted(50, 50);
        const met = (experiment: ExperimentConfig, unit: (typeof units)[number]) => {
          const { reason, variantId } = assignUnit(experiment, allocate(experiment), unit);
          return reason === "split" ? variantId : undefined;
        };
        const isMoved = units.some((unit) => {
          const after = met(next, unit);
          const before = earlier.map((experiment) => met(experiment, unit));
          return after !== undefined && before.some((one) => one !== undefined && one !== after);
        });
        assert.equal(conflictsOf(ledgerOf(...earlier), next).length > 0, isMoved);
      }),
    );
  });

  function consistentPrefix(revisions: readonly ExperimentConfig[]): readonly ExperimentConfig[] {
    const kept: ExperimentConfig[] = [];
    for (const revision of revisions) {
      if (conflictsOf(ledgerOf(...kept), revision).length === 0) kept.push(revision);
    }
    return kept;
  }
});

describe("a new line", () => {
  const changes: readonly Partial<ExperimentConfig>[] = [
    { salt: "tone-2" },
    { unit: "org" },
    { hash: "growthbook_v2" },
    { hashSecret: secretOf("k") },
  ];

  for (const change of changes) {
    test(`by another ${Object.keys(change)[0]} is refused unless it is declared`, () => {
      const ledger = ledgerOf(weighted(50, 50));
      const [conflict, ...more] = conflictsOf(ledger, weighted(50, 50, change));
      assert.equal(conflict?.kind, "line_changed");
      assert.match(conflict?.message ?? "", /experiment "tone" would rerandomise.*set rerandomise: true/);
      assert.deepEqual(more, []);
      assert.deepEqual(conflictsOf(ledger, weighted(10, 90, { ...change, rerandomise: true })), []);
    });
  }

  test("by another key is seen, and the key is not told", () => {
    const [one, other] = ["secret-one", "secret-two"].map((key) =>
      lineOf(weighted(50, 50, { hashSecret: secretOf(key) })),
    );
    assert.notEqual(one, other);
    assert.ok(!one?.includes("secret"));
  });

  test("makes only its own entries count, and stays in force without the flag", () => {
    const ledger = ledgerOf(weighted(50, 50), weighted(10, 90, { salt: "tone-2", rerandomise: true }));
    assert.deepEqual(conflictsOf(ledger, weighted(10, 90, { salt: "tone-2" })), []);
    assert.equal(conflictsOf(ledger, weighted(50, 50, { salt: "tone-2" })).length, 1);
  });

  test("that was in use before brings its old entries back", () => {
    const ledger = ledgerOf(weighted(50, 50), weighted(10, 90, { salt: "tone-2", rerandomise: true }));
    const back = weighted(50, 50, { rerandomise: true });
    assert.equal(conflictsOf(ledger, weighted(20, 80, { rerandomise: true }))[0]?.kind, "moved");
    assert.deepEqual(conflictsOf(ledger, back), []);
    const returned = [...ledger, ...newEntries(ledger, back, allocate(back))];
    assert.deepEqual(conflictsOf(returned, weighted(50, 50)), []);
    assert.equal(conflictsOf(returned, weighted(10, 90, { salt: "tone-2" }))[0]?.kind, "line_changed");
  });
});

describe("an experiment that draws a variant for each request", () => {
  test("may change its shares at any time: no request comes again", () => {
    const before = experimentWith({ unit: "request", variants: variantsOf({ control: 50, candidate: 50 }) });
    const after = experimentWith({ unit: "request", variants: variantsOf({ control: 20, candidate: 80 }) });
    const ledger = newEntries([], before, allocate(before));
    assert.deepEqual(conflicts(ledger, after, allocate(after)), []);
    const byUser = experimentWith({ variants: variantsOf({ control: 20, candidate: 80 }) });
    assert.equal(
      conflicts(newEntries([], experimentWith({}), allocate(experimentWith({}))), byUser, allocate(byUser))
        .length,
      1,
    );
  });
});
