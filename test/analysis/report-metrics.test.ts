/** What single metrics make of requests: by assignment, by session, as shares and quantiles, with three variants. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../src/analysis/random.ts";
import { confidenceSequence } from "../../src/analysis/sequential.ts";
import { near, nearRelative } from "./near.ts";
import {
  comparisonOf,
  flagsWith,
  goal,
  guardrail,
  metricOf,
  phase,
  planWith,
  reportOn,
  requestFact,
  traffic,
  unitsOf,
} from "./report-fixture.ts";

describe("what fell back", () => {
  /** No effect at all: hard units fail more, and the treatment's failures are served by the control. */
  const withFallbacks = (seed: number) => {
    const random = createRandom(seed);
    return unitsOf(random, { control: 500, warm: 500 }, ({ variant, nature }) => {
      const isFallback = variant === "warm" && random.bernoulli(0.6 * nature);
      return {
        served: isFallback ? "control" : variant,
        latencyMs: 300 + 600 * nature + random.normal(0, 50),
        flags: isFallback ? flagsWith("success", "error", "fallback") : flagsWith("success"),
      };
    });
  };

  test("counts for the variant it was assigned to; by the one that served, nothing looks like an effect", () => {
    const plan = planWith({ metrics: [goal("latency")], plannedUnits: 1_000 });
    for (let seed = 0; seed < 5; seed++) {
      const { sequence, asTreated } = comparisonOf(reportOn({ facts: withFallbacks(seed) }, plan), "latency");
      assert.ok(sequence.kind === "estimate" && sequence.interval.low < 0 && sequence.interval.high > 0);
      assert.ok(asTreated?.kind === "estimate" && asTreated.interval.high < 0, JSON.stringify(asTreated));
    }
  });

  test("as served, values are capped as they are by assignment", () => {
    const facts = traffic(11, { control: 500, warm: 500 }).map((fact, i) => ({
      ...fact,
      // One request of nobody's; without it there is no other view.
      served: i === 0 ? undefined : fact.served,
      latencyMs: i === 10 ? 1e7 : fact.latencyMs,
    }));
    const { sequence, asTreated } = comparisonOf(
      reportOn({ facts }, planWith({ metrics: [goal("latency")] })),
      "latency",
    );
    assert.ok(sequence.kind === "estimate" && asTreated?.kind === "estimate");
    near(asTreated.value, sequence.value, 1);
  });
});

describe("a unit that two variants served", () => {
  test("is one unit, and what is its own takes itself out of the difference", () => {
    const random = createRandom(12);
    // Each unit of the treatment is served by both, and is slow or quick with both.
    const facts = unitsOf(
      random,
      { warm: 60 },
      ({ nature, index }) => ({
        served: index === 0 ? "warm" : "control",
        latencyMs: 300 + 3_000 * nature + random.normal(0, 1),
      }),
      () => 2,
    );
    const plan = planWith({ metrics: [goal("latency")] });
    const { asTreated } = comparisonOf(reportOn({ facts }, plan), "latency");
    assert.ok(asTreated?.kind === "estimate" && asTreated.standardError < 1, JSON.stringify(asTreated));
    const { value, standardError, df } = asTreated;
    const again = confidenceSequence({ value, standardError, df, n: 60, alpha: 0.05, plannedN: 2_000 });
    assert.deepEqual(again.kind === "estimate" && again.interval, asTreated.interval);
  });
});

describe("a quantile as a guardrail", () => {
  const judgement = (slower: number) => {
    const random = createRandom(13);
    const facts = unitsOf(
      random,
      { control: 3_000, warm: 3_000 },
      ({ variant }) => ({ latencyMs: 500 + random.exponential(20) + (variant === "warm" ? slower : 0) }),
      () => 1,
    );
    const plan = planWith({ metrics: [guardrail("latency_p50", 0.1, "relative")], plannedUnits: 6_000 });
    return comparisonOf(reportOn({ facts }, plan), "latency_p50").guardrail;
  };

  test("tolerates a little harm within its margin, and tells what is beyond it", () => {
    const [little, much] = [judgement(20), judgement(150)];
    near(little?.margin ?? 0, 51.4, 0.2);
    assert.deepEqual([little?.isNonInferior, little?.isHarmed], [true, false]);
    assert.deepEqual([much?.isNonInferior, much?.isHarmed], [false, true]);
  });
});

describe("a share that nothing has happened to", () => {
  const plan = planWith({
    metrics: [goal("success_rate"), guardrail("error_rate", 0.02)],
    plannedUnits: 4_000,
  });
  const spotless = (units: number) =>
    reportOn({ facts: unitsOf(createRandom(1), { control: units, warm: units }, () => ({})) }, plan);

  test("passes its guardrail once there are enough units, and not before", () => {
    const [few, many] = [spotless(40), spotless(2_000)].map((one) => comparisonOf(one, "error_rate"));
    assert.equal(few?.guardrail?.isNonInferior, false);
    assert.equal(many?.guardrail?.isNonInferior, true);
    assert.ok(many?.sequence.kind === "estimate" && many.sequence.value === 0);
  });

  test("several yeses of one unit are no share, and still an effect", () => {
    const arm = metricOf(spotless(40), "error_rate").arms[0];
    assert.deepEqual([arm?.value, arm?.halfWidth], [0, 0]);
  });
});

describe("three variants", () => {
  const plan = planWith({
    variantIds: ["control", "warm", "terse"],
    metrics: [goal("success_rate"), goal("latency")],
    plannedUnits: 900,
  });
  const phases = [phase("p1", { shares: { control: 0.3, warm: 0.3, terse: 0.3 } })];
  const better = { control: 0.5, warm: 0.75, terse: 0.5 };
  const facts = traffic(2, { control: 300, warm: 300, terse: 300 }, (v) => Reflect.get(better, v) ?? 0.5);

  test("are each held against the control, and Holm counts every goal of each", () => {
    const found = reportOn({ facts, phases }, plan);
    assert.equal(found.decision.verdict, "ship");
    assert.equal(found.decision.variantId, "warm");
    const { sequence, adjustedPValue } = comparisonOf(found, "success_rate", "warm");
    assert.ok(sequence.kind === "estimate");
    nearRelative(adjustedPValue ?? 0, 4 * sequence.pValue, 1e-9);
  });

  test("a goal that cannot be judged yet keeps its part of alpha", () => {
    const silent = facts.map((fact) => ({ ...fact, latencyMs: Number.NaN }));
    const { sequence, adjustedPValue } = comparisonOf(
      reportOn({ facts: silent }, plan),
      "success_rate",
      "warm",
    );
    assert.ok(sequence.kind === "estimate");
    nearRelative(adjustedPValue ?? 0, 4 * sequence.pValue, 1e-9);
    assert.equal(
      comparisonOf(reportOn({ facts: silent }, plan), "latency", "warm").adjustedPValue,
      undefined,
    );
  });
});

describe("per session", () => {
  test("a request outside of any session is nobody's", () => {
    const facts = [1, 2, 3, 4].flatMap((unit) =>
      [7, 7, 8, 0].map((session, i) =>
        requestFact({
          row: unit * 10 + i,
          unit,
          session: session === 0 ? 0 : unit * 100 + session,
          assigned: unit % 2 === 0 ? "warm" : "control",
          costUsd: session === 0 ? 5 : unit,
        }),
      ),
    );
    const [control] = metricOf(reportOn({ facts }), "cost_per_session").arms;
    // Units 1 and 3: three requests each in two sessions.
    assert.deepEqual([control?.n, control?.value], [4, (3 * 1 + 3 * 3) / 4]);
  });
});
