/** A simulated experiment of 400 users, three variants and three phases, against scipy and statsmodels: see test/reference/report.py. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { report } from "../../src/analysis/report.ts";
import type { ArmValue, Comparison } from "../../src/domain/report.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { near, nearRelative } from "./near.ts";
import {
  comparisonOf,
  evidenceOf,
  goal,
  guardrail,
  metricOf,
  outcomeMetric,
  phase,
  planWith,
  scenario,
} from "./report-fixture.ts";
import { minuteMs, referenceFacts, referenceOutcomes } from "./report-rows.ts";

/** Null is a bound at infinity. */
type Bound = number | null;
interface Sequence {
  readonly value: number;
  readonly standardError?: number;
  readonly df?: number;
  readonly low: Bound;
  readonly high: Bound;
  readonly pValue: number;
}
interface Compared {
  readonly sequence: Sequence;
  readonly fixed?: { readonly low: number; readonly high: number; readonly pValue: number };
  readonly plain?: { readonly method: string; readonly statistic: number | null; readonly pValue: number };
  readonly bayes?: { readonly chanceBetter: number; readonly expectedLoss: number };
  readonly lift?: readonly [number, Bound, Bound];
  readonly perPhase?: Readonly<Record<string, Sequence | null>>;
  readonly guardrail?: {
    readonly margin: number;
    readonly isNonInferior: boolean;
    readonly isHarmed: boolean;
  };
  readonly cuped?: (Sequence & { readonly varianceReduction: number }) | null;
  readonly asTreated?: Sequence;
  readonly intraclass?: number;
}
interface Vectors {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly arms: Readonly<
          Record<
            string,
            { units: number; n: number; value: number; halfWidth: number; uncapped?: number } | null
          >
        >;
        readonly comparisons: Readonly<Record<string, Compared>>;
      }
    >
  >;
  readonly holm: readonly (readonly [string, string, number])[];
  readonly falseDiscovery: readonly (readonly [string, string, number])[];
  readonly sampleRatio: Readonly<
    Record<string, { observed: Record<string, number>; pValue: number; logBayesFactor: number }>
  >;
  readonly loss: Readonly<Record<string, number>>;
  readonly units: Readonly<Record<string, number>>;
  readonly allUnits: number;
}

const expected = readVectors<Vectors>("report");
const shares = (control: number, warm: number, terse: number) => ({ shares: { control, warm, terse } });
const plan = planWith({
  variantIds: ["control", "warm", "terse"],
  plannedUnits: 1_000,
  metrics: [
    goal("resolved"),
    goal("csat"),
    guardrail("error_rate", 0.03),
    guardrail("latency", 0.2, "relative"),
    guardrail("latency_log", 0.1, "relative"),
    guardrail("latency_p95", 0.3, "relative"),
    guardrail("cost", 0.5, "relative"),
  ],
  outcomes: [
    outcomeMetric({ name: "resolved" }),
    outcomeMetric({ name: "thumbs", per: "request", windowMs: 1_440 * minuteMs }),
    outcomeMetric({ name: "revenue", kind: "number", combine: "sum" }),
    outcomeMetric({ name: "spend", kind: "number", per: "unit", combine: "sum", cap: 40 }),
    outcomeMetric({
      name: "csat",
      kind: "number",
      combine: "mean",
      minimum: 1,
      maximum: 5,
      windowMs: 2_880 * minuteMs,
    }),
    outcomeMetric({
      name: "quality",
      kind: "category",
      combine: "max",
      categories: { good: 1, so_so: 0.5, bad: 0 },
    }),
    outcomeMetric({ name: "correct", kind: "correctness", combine: "first" }),
    outcomeMetric({ name: "visits", kind: "number", per: "unit", combine: "sum" }),
  ],
});
const found = report(
  { ...plan, definitions: plan.definitions.filter(({ name }) => Object.hasOwn(expected.metrics, name)) },
  evidenceOf(
    scenario({
      facts: referenceFacts(),
      outcomes: referenceOutcomes(),
      phases: [
        phase("p1", shares(0.5, 0.25, 0.25)),
        phase("p2", shares(0.4, 0.3, 0.3)),
        phase("p2!terse", { ...shares(0.4, 0.3, 0.3), killed: ["terse"] }),
      ],
      now: 15 * 24 * 60 * minuteMs,
    }),
  ),
);

const tolerance = 1e-9;
const treatments = ["warm", "terse"];

function agree(actual: Comparison["sequence"] | undefined, wanted: Sequence): void {
  assert.equal(actual?.kind, "estimate", JSON.stringify(actual));
  if (actual?.kind !== "estimate") return;
  const scale = actual.standardError;
  close(actual.value, wanted.value, scale);
  if (wanted.standardError !== undefined) nearRelative(actual.standardError, wanted.standardError, tolerance);
  if (wanted.df !== undefined) nearRelative(actual.df, wanted.df, tolerance);
  close(actual.interval.low, wanted.low ?? Number.NEGATIVE_INFINITY, scale);
  close(actual.interval.high, wanted.high ?? Number.POSITIVE_INFINITY, scale);
  nearRelative(actual.pValue, wanted.pValue, tolerance);
}

/** A difference near 0 has the digits of its standard error. */
function close(actual: number, wanted: number, scale: number): void {
  if (actual === wanted) return;
  const isClose = Math.abs(actual - wanted) <= tolerance * (Math.abs(wanted) + scale);
  assert.ok(isClose, `${actual} is not ${wanted} within ${tolerance} of ${scale}`);
}

for (const [name, wanted] of Object.entries(expected.metrics)) {
  describe(`the report on ${name}`, () => {
    test("has the values of each variant", () => {
      for (const arm of metricOf(found, name).arms) agreeArm(arm, wanted.arms[arm.variantId] ?? undefined);
    });

    for (const variantId of treatments) {
      test(`compares ${variantId} as the reference does`, () => {
        const compared = wanted.comparisons[variantId];
        assert.ok(compared);
        const comparison = comparisonOf(found, name, variantId);
        agree(comparison.sequence, compared.sequence);
        agreeFixed(comparison, compared);
        agreeAsides(comparison, compared);
      });
    }
  });
}

function agreeArm(
  arm: ArmValue,
  wanted: { units: number; n: number; value: number; halfWidth: number; uncapped?: number } | undefined,
): void {
  if (wanted === undefined) {
    assert.equal(arm.value, undefined);
    return;
  }
  assert.deepEqual([arm.units, arm.n], [wanted.units, wanted.n]);
  nearRelative(arm.value ?? Number.NaN, wanted.value, tolerance);
  nearRelative(arm.halfWidth ?? Number.NaN, wanted.halfWidth, tolerance);
  if (arm.uncapped !== undefined) nearRelative(arm.uncapped, wanted.uncapped ?? Number.NaN, tolerance);
}

function agreeFixed({ fixed, sequence }: Comparison, wanted: Compared): void {
  if (wanted.fixed === undefined) {
    assert.equal(fixed.kind, "inconclusive");
    return;
  }
  assert.equal(fixed.kind, "estimate");
  if (fixed.kind !== "estimate" || sequence.kind !== "estimate") return;
  close(fixed.interval.low, wanted.fixed.low, fixed.standardError);
  close(fixed.interval.high, wanted.fixed.high, fixed.standardError);
  nearRelative(fixed.pValue, wanted.fixed.pValue, tolerance);
}

function agreeAsides(comparison: Comparison, wanted: Compared): void {
  const { plain, bayes, lift, perPhase, guardrail: kept, cuped, asTreated } = comparison;
  if (wanted.plain !== undefined) {
    assert.equal(plain.kind, "plain");
    if (plain.kind !== "plain") return;
    assert.equal(plain.method, wanted.plain.method);
    nearRelative(plain.pValue, wanted.plain.pValue, tolerance);
    if (wanted.plain.statistic !== null)
      nearRelative(plain.statistic ?? Number.NaN, wanted.plain.statistic, tolerance);
  }
  if (wanted.bayes !== undefined) {
    nearRelative(bayes?.chanceBetter ?? Number.NaN, wanted.bayes.chanceBetter, tolerance);
    nearRelative(bayes?.expectedLoss ?? Number.NaN, wanted.bayes.expectedLoss, tolerance);
  }
  if (wanted.lift !== undefined) {
    near(lift?.value ?? Number.NaN, wanted.lift[0], tolerance);
    near(lift?.interval.low ?? Number.NaN, wanted.lift[1] ?? Number.NEGATIVE_INFINITY, tolerance);
    near(lift?.interval.high ?? Number.NaN, wanted.lift[2] ?? Number.POSITIVE_INFINITY, tolerance);
  }
  for (const [phaseId, one] of Object.entries(wanted.perPhase ?? {})) {
    const estimate = perPhase.find((each) => each.phaseId === phaseId)?.estimate;
    if (one === null) assert.equal(estimate?.kind, "inconclusive");
    else agree(estimate, one);
  }
  if (wanted.guardrail !== undefined) {
    nearRelative(kept?.margin ?? Number.NaN, wanted.guardrail.margin, tolerance);
    assert.deepEqual(
      [kept?.isNonInferior, kept?.isHarmed],
      [wanted.guardrail.isNonInferior, wanted.guardrail.isHarmed],
    );
  }
  if (wanted.cuped === null) assert.equal(cuped?.kind, "inconclusive");
  else if (wanted.cuped !== undefined) {
    agree(cuped, wanted.cuped);
    if (cuped?.kind === "estimate") near(cuped.varianceReduction, wanted.cuped.varianceReduction, tolerance);
  }
  if (wanted.asTreated !== undefined) agree(asTreated, wanted.asTreated);
  if (wanted.intraclass !== undefined)
    near(comparison.intraclassCorrelation ?? Number.NaN, wanted.intraclass, tolerance);
}

describe("the report on the whole", () => {
  test("corrects goals by Holm, and what is watched by Benjamini and Hochberg", () => {
    for (const [name, variantId, p] of expected.holm) {
      nearRelative(comparisonOf(found, name, variantId).adjustedPValue ?? Number.NaN, p, tolerance);
    }
    for (const [name, variantId, p] of expected.falseDiscovery) {
      nearRelative(comparisonOf(found, name, variantId).falseDiscoveryPValue ?? Number.NaN, p, tolerance);
    }
  });

  test("asks each phase whether its units fell as its shares said", () => {
    assert.deepEqual(found.phases.map(({ phaseId }) => phaseId).toSorted(), ["p1", "p2", "p2!terse"]);
    for (const { phaseId, sampleRatio } of found.phases) {
      const wanted = expected.sampleRatio[phaseId];
      assert.equal(sampleRatio.kind, "sample_ratio");
      if (sampleRatio.kind !== "sample_ratio" || wanted === undefined) return;
      assert.deepEqual(sampleRatio.observed, wanted.observed);
      nearRelative(sampleRatio.pValue, wanted.pValue, tolerance);
      near(sampleRatio.logBayesFactor, wanted.logBayesFactor, tolerance);
    }
  });

  test("asks whether outcomes are lost by variant, phase by phase", () => {
    for (const [metric, p] of Object.entries(expected.loss)) {
      const told = found.soundness.outcomeLoss.find((one) => one.metric === metric);
      nearRelative(told?.pValue ?? Number.NaN, p, tolerance);
    }
  });

  test("counts each unit once", () => {
    assert.deepEqual(
      Object.fromEntries(found.variants.map(({ variantId, units }) => [variantId, units])),
      expected.units,
    );
    assert.equal(found.progress.units, expected.allUnits);
  });
});
