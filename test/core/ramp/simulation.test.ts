import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { finishing, harmful, harmless, type Scenario } from "../../../scripts/ramps/scenarios.ts";
import { simulateRamp } from "../../../scripts/ramps/simulate.ts";
import { harmlessTable, type Tally, tallyOf } from "../../../scripts/ramps/tables.ts";
import { binomialSf } from "../../../src/analysis/distributions.ts";
import { createRandom } from "../../../src/analysis/random.ts";

// The short version of `npm run ramps`; docs/ramps.md has the long one.
describe("simulated ramps", () => {
  test("a harmless treatment is rolled back in no more than 5 % of ramps, with margins of 0 too", () => {
    const scenarios = named(harmless, /ICC 0\.3|^as bad as/);
    assert.equal(scenarios.length, 3);
    for (const scenario of scenarios) holdsItsPromise(tally(scenario, 8));
  });

  test("an outage of both arms holds the ramp and never rolls it back", () => {
    const outages = named(harmless, /outage/);
    assert.equal(outages.length, 3);
    for (const scenario of outages) {
      const { rolledBack, held } = tally(scenario, 6);
      assert.deepEqual([rolledBack, held > 0], [0, true], scenario.name);
    }
  });

  test("traffic that stops passes nothing and rolls nothing back", () => {
    for (const scenario of named(harmless, /no requests/)) {
      const { rolledBack, raisedInSilence } = tally(scenario, 10);
      assert.deepEqual([rolledBack, raisedInSilence], [0, 0], scenario.name);
    }
  });

  test("a treatment that fails is rolled back, the sooner the worse it is", () => {
    const mostRequests = { "100 %": 60, "50 %": 120, "10 %": 900, "5 %": 2_500 };
    for (const [rate, most] of Object.entries(mostRequests)) {
      const [scenario] = named(harmful, new RegExp(`^${rate} fail`));
      assert.ok(scenario);
      const { rolledBack, untilRollback } = tally(scenario, 9);
      assert.equal(rolledBack, 9, scenario.name);
      assert.ok((untilRollback[4] ?? most) < most, `${scenario.name}: ${untilRollback.join(", ")}`);
    }
  });

  test("a p95 that is 30 % longer is found", () => {
    const [scenario] = named(harmful, /latency/);
    assert.ok(scenario);
    const { rolledBack, untilRollback } = tally(scenario, 5);
    assert.equal(rolledBack, 5);
    assert.ok((untilRollback[2] ?? 6_000) < 6_000, untilRollback.join(", "));
  });

  test("a good treatment comes to its end, step by step", () => {
    const [, faster] = finishing;
    assert.ok(faster);
    const ramp = simulateRamp(createRandom(1, 0), faster.world, faster.config);
    assert.equal(ramp.end.status, "completing");
    // The first step, two more, and completion: ten minutes apart at least.
    assert.equal(ramp.raisedAtMinutes.length, 4);
    const apart = ramp.raisedAtMinutes.slice(1).map((minute, at) => minute - (ramp.raisedAtMinutes[at] ?? 0));
    assert.ok(Math.min(...apart) >= 10, apart.join(", "));
  });

  test("the same seed gives the same figures", () => {
    const [scenario] = named(harmful, /^50 %/);
    assert.ok(scenario);
    assert.deepEqual(tally(scenario, 2), tally(scenario, 2));
    assert.match(harmlessTable([tally(scenario, 2)]), /100\.0 \(34\.2–100\.0\)/);
  });

  function named(scenarios: readonly Scenario[], pattern: RegExp): readonly Scenario[] {
    return scenarios.filter(({ name }) => pattern.test(name));
  }

  function tally(scenario: Scenario, runs: number): Tally {
    return tallyOf(scenario, runs, 1);
  }

  /** Fails where so many at 5 % would come once in a million. */
  function holdsItsPromise({ name, runs, rolledBack }: Tally): void {
    assert.ok(binomialSf(rolledBack - 1, runs, 0.05) > 1e-6, `${name}: ${rolledBack} of ${runs} rolled back`);
  }
});
