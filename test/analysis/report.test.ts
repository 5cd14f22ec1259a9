import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FactAnalyst } from "../../src/analysis/analyst.ts";
import { createRandom } from "../../src/analysis/random.ts";
import type { AnalysisPlan, ExperimentReport } from "../../src/domain/report.ts";
import type { FactSource, RequestFact } from "../../src/domain/store.ts";
import { near, nearRelative } from "./near.ts";
import {
  asJson,
  comparisonOf,
  flagsWith,
  goal,
  guardrail,
  phase,
  planWith,
  reportOn,
  requestFact,
  type Scenario,
  scenario,
  traffic,
  unitsOf,
} from "./report-fixture.ts";

const judged = planWith({
  metrics: [goal("success_rate"), guardrail("error_rate", 0.05), guardrail("cost", 0.5, "relative")],
});

/** The same with control and treatment exchanged, and every metric's better side turned. */
function mirrored(plan: AnalysisPlan): AnalysisPlan {
  const definitions = plan.definitions.map((definition) => ({
    ...definition,
    better: definition.better === "higher" ? ("lower" as const) : ("higher" as const),
  }));
  return { ...plan, controlId: "warm", variantIds: ["warm", "control"], definitions };
}

describe("a report with the names exchanged", () => {
  test("turns signs, mirrors intervals and comes to the same verdict", () => {
    const absolute = { ...judged, metrics: judged.metrics.slice(0, 2) };
    for (const [seed, better] of [0.7, 0.8, 0.95].entries()) {
      const facts = traffic(seed, { control: 400, warm: 380 }, (variant) =>
        variant === "warm" ? better : 0.8,
      );
      const there = reportOn({ facts }, absolute);
      const back = reportOn({ facts }, mirrored(absolute));
      assert.equal(back.decision.verdict, there.decision.verdict);
      for (const { metric } of there.metrics) assertMirrored(there, back, metric);
    }
  });

  function assertMirrored(there: ExperimentReport, back: ExperimentReport, metric: string): void {
    const [one, other] = [comparisonOf(there, metric, "warm"), comparisonOf(back, metric, "control")];
    for (const kind of ["sequence", "fixed"] as const) {
      const [a, b] = [one[kind], other[kind]];
      assert.equal(a.kind, b.kind, metric);
      if (a.kind !== "estimate" || b.kind !== "estimate") continue;
      near(a.value, -b.value, 1e-12);
      near(a.interval.low, -b.interval.high, 1e-12);
      near(a.interval.high, -b.interval.low, 1e-12);
      nearRelative(a.pValue, b.pValue, 1e-9);
    }
    if (one.bayes !== undefined && other.bayes !== undefined) {
      near(one.bayes.chanceBetter, other.bayes.chanceBetter, 1e-12);
    }
    assert.deepEqual(one.guardrail?.isNonInferior, other.guardrail?.isNonInferior);
    assert.deepEqual(one.guardrail?.isHarmed, other.guardrail?.isHarmed);
  }
});

describe("the order and the parts in which facts come", () => {
  const facts = traffic(7, { control: 60, warm: 60 });
  const whole = reportOn({ facts }, judged);

  test("change no ratio but by rounding", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const keyed = facts.map((fact) => [random.uniform(), fact] as const);
        const rows = keyed
          .toSorted(([one], [other]) => one - other)
          .map(([, fact], row) => ({ ...fact, row }));
        const shuffled = reportOn({ facts: rows }, judged);
        for (const { metric } of whole.metrics.filter(({ kind }) => kind === "ratio")) {
          const [one, other] = [comparisonOf(whole, metric).fixed, comparisonOf(shuffled, metric).fixed];
          assert.equal(one.kind, other.kind);
          if (one.kind !== "estimate" || other.kind !== "estimate") continue;
          near(other.value, one.value, 1e-9);
          near(other.standardError, one.standardError, 1e-9);
        }
        assert.equal(shuffled.decision.verdict, whole.decision.verdict);
      }),
      { numRuns: 20 },
    );
  });

  test("say the same when they are read in several goes", () => {
    const given = scenario({ facts });
    let known = 0;
    const analyst = new FactAnalyst(
      sourceOf(given, () => known),
      () => given.now,
    );
    for (const share of [0, 0.1, 0.5, 0.9]) {
      known = Math.floor(share * facts.length);
      analyst.stats(judged);
    }
    known = facts.length;
    assert.deepEqual(analyst.results(judged), whole);
  });

  function sourceOf(given: Scenario, known: () => number): FactSource {
    return {
      generation: () => 1,
      eachFact: (_, after, visit) => {
        for (const fact of facts.slice(0, known())) if (fact.row > after) visit(fact);
        return known();
      },
      eachOutcome: (after) => after,
      phases: () => given.phases,
      boots: () => given.boots,
      orphans: () => given.orphans,
      close: () => {},
    };
  }
});

describe("a request that exposed nobody", () => {
  const facts = traffic(3, { control: 50, warm: 50 });
  const more = (flags: number): RequestFact[] => [
    ...facts,
    ...facts.slice(0, 80).map((fact, i) => ({
      ...fact,
      row: facts.length + i + 1,
      receivedAt: fact.receivedAt + 1_000_000,
      latencyMs: 1e6,
      flags,
    })),
  ];

  test("changes nothing, be it pinned, killed or a client's retry", () => {
    const plain = reportOn({ facts }, judged);
    const unexposed = flagsWith("error") - flagsWith();
    for (const flags of [unexposed, unexposed | 16_384, unexposed | 8_192]) {
      assert.deepEqual(reportOn({ facts: more(flags) }, judged), plain);
    }
  });

  test("is taken for history where it came before, and takes variance away", () => {
    const random = createRandom(5);
    const later = unitsOf(random, { control: 100, warm: 100 }, ({ nature }) => ({
      latencyMs: 300 + 900 * nature + 30 * random.uniform(),
    }));
    const before = later
      .filter((fact, i) => later[i - 1]?.unit !== fact.unit)
      .map((fact) => ({ ...fact, flags: flagsWith("success") - 1, receivedAt: 5, assigned: "control" }));
    const rows = [...before, ...later].map((fact, row) => ({ ...fact, row: row + 1 }));
    const { cuped } = comparisonOf(
      reportOn({ facts: rows }, planWith({ metrics: [goal("latency")] })),
      "latency",
    );
    assert.ok(cuped?.kind === "estimate" && cuped.varianceReduction > 0.8, JSON.stringify(cuped));
  });
});

describe("progress", () => {
  const arrivals = (...hours: readonly number[]) =>
    hours.map((hour, i) => requestFact({ row: i + 1, unit: i + 1, receivedAt: hour * 3_600_000 }));

  test("counts a day's new units, and says how many days are left", () => {
    const found = reportOn({ facts: arrivals(1, 2, 50, 60, 70), now: 72 * 3_600_000 }, judged).progress;
    assert.deepEqual([found.units, found.unitsPerDay, found.daysLeft], [5, 3, (2_000 - 5) / 3]);
    assert.equal(found.isPlanReached, false);
  });

  test("promises nothing out of a few minutes", () => {
    const found = reportOn({ facts: arrivals(1), now: 1.5 * 3_600_000 }, judged).progress;
    assert.deepEqual([found.unitsPerDay, found.daysLeft], [undefined, undefined]);
  });
});

describe("notes", () => {
  test("tell of a model that moved, and of what was served by something else; of nothing else", () => {
    const still = traffic(14, { control: 40, warm: 40 }).map((fact) => ({ ...fact, responseModel: "small" }));
    assert.deepEqual(reportOn({ facts: still }, judged).notes, []);
    const isHalf = (fact: RequestFact) => fact.assigned === "warm" && fact.unit % 2 === 0;
    const moved = still.map((fact) => (isHalf(fact) ? { ...fact, responseModel: "small-2" } : fact));
    const alias = reportOn({ facts: moved }, judged).notes;
    assert.equal(alias.length, 1);
    assert.match(alias[0] ?? "", /variant "warm" was answered by 2 models: small/);
    // Another model that a fallback brought is no alias that moved.
    const rescued = moved.map((fact) => (isHalf(fact) ? { ...fact, served: "control" } : fact));
    const other = reportOn({ facts: rescued }, judged).notes;
    assert.equal(other.length, 1);
    assert.match(other[0] ?? "", /served by something else .*: [\d.]+ % of "warm"\. They count for/);
  });
});

describe("nothing, and next to nothing", () => {
  test("an experiment that nobody met has a report without a number too many", () => {
    for (const phases of [[], [phase("p1")]]) {
      const found = reportOn({ facts: [], phases }, judged);
      assert.deepEqual(pathsOfNaN(found), []);
      assert.equal(found.decision.verdict, "inconclusive");
      assert.match(found.decision.sentence, /too few units/);
      assert.deepEqual([found.progress.units, found.progress.startedAt], [0, undefined]);
    }
  });

  test("below the floor it is inconclusive, however large the difference", () => {
    const facts = traffic(4, { control: 29, warm: 31 }, (v) => (v === "warm" ? 1 : 0.4));
    const { decision } = reportOn({ facts }, judged);
    assert.equal(decision.verdict, "inconclusive");
    assert.match(decision.sentence, /control has 29, and 30 in each variant/);
  });
});

describe("whatever a store holds", () => {
  const anyFact = fc.record({
    unit: fc.integer({ min: 1, max: 6 }),
    session: fc.integer({ min: 0, max: 3 }),
    phase: fc.constantFrom("p1", "p2", "unheard of"),
    assigned: fc.constantFrom("control", "warm", "gone"),
    served: fc.constantFrom("control", "warm", "gone", undefined),
    flags: fc.integer({ min: 0, max: 65_535 }),
    receivedAt: fc.integer({ min: 0, max: 1e9 }),
    latencyMs: fc.oneof(
      fc.double({ min: 0 }),
      fc.constantFrom(0, Number.NaN, 1e308, Number.POSITIVE_INFINITY),
    ),
    firstChunkMs: fc.constantFrom(undefined, 0, 1e308, 5),
    costUsd: fc.constantFrom(undefined, 0, 1e-300, 1e300, 0.1),
    outputTokens: fc.constantFrom(undefined, 0, 7, 1e15),
  });

  test("makes a report in which every number is finite, or null to its reader", () => {
    fc.assert(
      fc.property(fc.array(anyFact, { maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (facts, copies) => {
        // Copies make arms that are large enough to be judged.
        const rows = Array.from({ length: copies }, (_, copy) =>
          facts.map((fact) => ({ ...fact, unit: fact.unit + 6 * copy })),
        ).flat();
        const found = reportOn(
          {
            facts: rows.map((fact, row) => ({ ...requestFact({ row: row + 1 }), ...fact })),
            phases: [phase("p1"), phase("p2", { killed: ["warm"] })],
          },
          judged,
        );
        assert.deepEqual(pathsOfNaN(found), []);
        assertNumbers(asJson(found));
      }),
      { numRuns: 300 },
    );
  });

  function assertNumbers(value: unknown): void {
    if (typeof value === "number") assert.ok(Number.isFinite(value));
    if (typeof value === "object" && value !== null) Object.values(value).forEach(assertNumbers);
  }
});

/** Where in a report a number is none. */
function pathsOfNaN(value: unknown, path = ""): string[] {
  if (Number.isNaN(value)) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => pathsOfNaN(one, `${path}.${key}`));
}
