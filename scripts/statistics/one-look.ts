/** One look, at the planned size: what a fixed-horizon interval promises. */
import { fixedHorizon, pooledEffect } from "../../src/analysis/pooled-effect.ts";
import { clusteredQuantile, compareQuantiles } from "../../src/analysis/quantile.ts";
import { summarize } from "../../src/analysis/summary.ts";
import { welch } from "../../src/analysis/welch.ts";
import { type Claim, chiSquaredClaim, claimOf, holds } from "./claim.ts";
import { Score } from "./score.ts";
import { iccs, type Study } from "./study.ts";
import { drawTraffic, type Population, type Traffic, trueEffects } from "./traffic.ts";
import { totalOf, UnitSums } from "./unit-sums.ts";

export const oneLook: readonly Study[] = [
  { perArm: 300, effect: 0.1, slowdown: 1.25, part: 1 },
  { perArm: 2_000, effect: 0.04, slowdown: 1.1, part: 0.25 },
].flatMap(({ perArm, effect, slowdown, part }) =>
  iccs.map((icc): Study => {
    const population = { units: 2 * perArm, icc, order: "one_by_one" } as const;
    return {
      id: `one look ${perArm} ${icc}`,
      table: "one_look",
      part,
      run: ({ runs, of }) => {
        const scores = questions.map(({ name, isOurs }) => new Score({ name, isOurs, nominal: 0.05 }));
        for (let run = 0; run < runs; run++) {
          const none = { ...population, effect: 0, slowdown: 1 };
          judge(drawTraffic(of(run, "null"), none)).forEach((claim, i) => {
            scores[i]?.alarm(claim !== undefined && claim.pValue < 0.05);
          });
          const some = { ...population, effect, slowdown };
          const truths = truthsOf(some);
          judge(drawTraffic(of(run, "effect"), some)).forEach((claim, i) => {
            scores[i]?.cover(claim !== undefined && holds(claim.interval, truths[i] ?? 0));
            scores[i]?.find(claim !== undefined && claim.pValue < 0.05 && claim.value > 0);
          });
        }
        const scenario = `${perArm.toLocaleString("en")} users an arm, ICC ${icc}`;
        return scores.map((score) => score.row(scenario));
      },
    };
  }),
);

const questions = [
  { name: "success, delta method by unit", isOurs: true },
  { name: "success, chi-squared on requests", isOurs: false },
  { name: "mean latency, delta method by unit", isOurs: true },
  { name: "mean latency, Welch on requests", isOurs: false },
  { name: "p95 latency, clustered by unit", isOurs: true },
  { name: "p95 latency, requests as if independent", isOurs: false },
];

function truthsOf(population: Population): readonly number[] {
  const { success, meanLatencyMs, p95LatencyMs } = trueEffects(population);
  return [success, success, meanLatencyMs, meanLatencyMs, p95LatencyMs, p95LatencyMs];
}

/** In the order of `questions`; undefined where there is no interval. */
function judge(traffic: Traffic): readonly (Claim | undefined)[] {
  const success = new UnitSums(traffic.isTreatment);
  const latency = new UnitSums(traffic.isTreatment);
  traffic.unit.forEach((unit, i) => {
    success.add(unit, traffic.success[i] ?? 0);
    latency.add(unit, traffic.latencyMs[i] ?? 0);
  });
  const asked = { unitCount: traffic.units };
  const strata = [success.stratum()];
  const [pairs] = strata;
  const treatment = byArm(traffic, 1);
  const control = byArm(traffic, 0);
  return [
    claimOf(fixedHorizon(pooledEffect({ ...asked, strata, unit: "share" }), 0.05)),
    pairs && chiSquaredClaim(totalOf(pairs.treatment.pairs), totalOf(pairs.control.pairs)),
    claimOf(fixedHorizon(pooledEffect({ ...asked, strata: [latency.stratum()], unit: "ms" }), 0.05)),
    claimOf(welch(summarize(treatment.values), summarize(control.values))),
    claimOf(p95Difference(treatment, control, traffic.units)),
    claimOf(p95Difference(alone(treatment), alone(control), traffic.unit.length)),
  ];
}

interface Values {
  readonly values: Float64Array;
  readonly units: Uint32Array;
}

function byArm({ isTreatment, unit, latencyMs }: Traffic, arm: 0 | 1): Values {
  const isMine = (_: number, i: number) => isTreatment[unit[i] ?? 0] === arm;
  return { values: latencyMs.filter(isMine), units: unit.filter(isMine) };
}

function alone({ values }: Values): Values {
  return { values, units: Uint32Array.from(values, (_, i) => i) };
}

function p95Difference(treatment: Values, control: Values, unitCount: number) {
  const quantile = (arm: Values) => clusteredQuantile({ ...arm, unitCount, p: 0.95 });
  return compareQuantiles(quantile(treatment), quantile(control));
}
