import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allocate, allocationProblem } from "../../../src/core/allocation.ts";
import { plannedMoves } from "../../../src/core/ramp/planned-moves.ts";
import { rampProblem } from "../../../src/core/ramp/problem.ts";
import { rampShares } from "../../../src/core/ramp/shares.ts";
import { newEntries } from "../../../src/core/range-ledger.ts";
import { shared } from "../../../src/core/shares.ts";
import type { RampState } from "../../../src/domain/ramp.ts";
import { experimentWith, variantsOf } from "../experiment-fixture.ts";
import { observing, rampWith, stepWith } from "./ramp-fixture.ts";

describe("what a ramp wants in force", () => {
  const config = rampWith();

  test("the control is as large as the treatment at every step", () => {
    for (const [step, { share }] of config.steps.entries()) {
      const { shares, incumbentId } = rampShares(observing(config, { step }), config);
      assert.deepEqual(shares, { coverage: 2 * share, weights: { control: 0.5, candidate: 0.5 } });
      assert.equal(incumbentId, "control");
    }
  });

  test("nobody is exposed before it begins, after a rollback and after an abort; a hold and a pause keep their step", () => {
    const coverage = (status: RampState["status"]) =>
      rampShares(observing(config, { status, step: 1 }), config).shares.coverage;
    for (const status of ["draft", "scheduled", "rolling_back", "rolled_back", "aborted"] as const) {
      assert.equal(coverage(status), 0);
    }
    for (const status of ["warming", "observing", "holding", "paused"] as const)
      assert.equal(coverage(status), 0.5);
  });

  test("whatever it wants can be laid out", () => {
    const statuses = ["draft", "observing", "completing", "rolled_back"] as const;
    for (const status of statuses) {
      const { shares } = rampShares(observing(config, { status, step: 2 }), config);
      assert.equal(allocationProblem(shared(experimentWith(), shares)), undefined);
    }
  });

  test("completed, the treatment is the incumbent, and the control keeps the holdback at its end of the line", () => {
    const { shares, incumbentId } = rampShares(observing(config, { status: "completed", step: 2 }), config);
    const { ranges } = allocate(shared(experimentWith(), shares));
    assert.equal(incumbentId, "candidate");
    const parts = ranges.map(({ variantId, start, end }) => [variantId, start / 2 ** 32, end / 2 ** 32]);
    assert.deepEqual(
      parts.map(([id, start, end]) => [id, Number(start).toFixed(4), Number(end).toFixed(4)]),
      [
        ["candidate", "0.0000", "0.5000"],
        ["control", "0.9500", "1.0000"],
      ],
    );
  });
});

describe("the moves that a ramp plans", () => {
  const experiment = experimentWith();

  test("each step lets in what is new, as much for either arm", () => {
    const moves = plannedMoves(experiment, rampWith(), []);
    assert.deepEqual(
      moves.map((move) =>
        [move.treatmentShare, move.entersTreatment, move.entersControl].map((one) => one.toFixed(3)),
      ),
      [
        ["0.100", "0.100", "0.100"],
        ["0.250", "0.150", "0.150"],
        ["0.500", "0.250", "0.250"],
        ["0.950", "0.000", "0.000"],
      ],
    );
  });

  test("no unit ever changes arm, whatever the steps and the holdback", () => {
    const steps = fc
      .uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 })
      .map((shares) =>
        shares.toSorted((one, other) => one - other).map((share) => stepWith({ share: share / 1_000 })),
      );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 500 }), (some, holdback) => {
        const config = rampWith({ steps: some, holdback: holdback / 1_000 });
        assert.equal(rampProblem(experiment, config), undefined);
        for (const { changesArm } of plannedMoves(experiment, config, [])) assert.equal(changesArm, 0);
      }),
    );
  });

  test("units that have met an arm before are not new, and those that would change it are counted", () => {
    const before = shared(experiment, { coverage: 1, weights: { control: 0.8, candidate: 0.2 } });
    const ledger = newEntries([], before, allocate(before));
    const moves = plannedMoves(experiment, rampWith(), ledger);
    assert.deepEqual(
      moves.map((move) => [move.entersTreatment, move.changesArm].map((one) => one.toFixed(3))),
      [
        ["0.000", "0.000"],
        ["0.050", "0.050"],
        ["0.250", "0.300"],
        ["0.000", "0.300"],
      ],
    );
  });
});

describe("what cannot be ramped", () => {
  test("says why, and what to do", () => {
    const cases: readonly [RegExp, Parameters<typeof rampProblem>][] = [
      [
        /one treatment/,
        [experimentWith({ variants: variantsOf({ control: 1, a: 1, candidate: 1 }) }), rampWith()],
      ],
      [/is the control; ramp "candidate"/, [experimentWith(), rampWith({ variantId: "control" })]],
      [/no variant "warm"; ramp "candidate"/, [experimentWith(), rampWith({ variantId: "warm" })]],
      [/assay_v1/, [experimentWith({ hash: "unleash_murmur3" }), rampWith()]],
      [/holdback/, [experimentWith({ holdout: 0.05 }), rampWith()]],
      [/no steps/, [experimentWith(), rampWith({ steps: [] })]],
      [/an SLO/, [experimentWith(), rampWith({ slos: [] })]],
      [/up to 50 %/, [experimentWith(), rampWith({ steps: [stepWith({ share: 0.6 })] })]],
      [
        /steps rise/,
        [experimentWith(), rampWith({ steps: [stepWith({ share: 0.2 }), stepWith({ share: 0.2 })] })],
      ],
      [
        /lasts 10m at least and 1ms at most/,
        [experimentWith(), rampWith({ steps: [stepWith({ mostMs: 1 })] })],
      ],
      [/no time zone/, [experimentWith(), rampWith({ schedule: hours("Europe/Atlantis", "09:00") })]],
      [/no time of day/, [experimentWith(), rampWith({ schedule: hours("UTC", "9 am") })]],
    ];
    for (const [expected, asked] of cases) assert.match(rampProblem(...asked) ?? "", expected);
    assert.equal(rampProblem(experimentWith(), rampWith({ schedule: hours("UTC", "09:00") })), undefined);
  });

  function hours(timeZone: string, from: string) {
    return { startAt: undefined, hours: { from, to: "17:00", days: [1], timeZone }, freezes: [] };
  }
});
