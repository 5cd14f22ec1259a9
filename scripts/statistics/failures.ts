/** Failing units, counted one by one: how soon a bad variant is accused, and how often a good one. */
import { logBetaEProcess } from "../../src/analysis/e-process.ts";
import { chiSquared } from "../../src/analysis/proportion.ts";
import type { Random } from "../../src/analysis/random.ts";
import { Score } from "./score.ts";
import type { Study } from "./study.ts";

export const failures: readonly Study[] = [
  {
    id: "failures",
    table: "failures",
    part: 1,
    run: ({ runs, of }) =>
      treatments.flatMap(({ rate, outage = 0 }, which) => {
        const isNull = rate === controlRate;
        const scores = methods.map((method) => new Score(method));
        for (let run = 0; run < runs; run++) {
          const random = of(which * 1_000_000 + run, isNull ? "null" : "effect");
          accusedAt(random, rate, outage).forEach((at, i) => {
            if (isNull) scores[i]?.alarm(at !== undefined);
            else scores[i]?.findAt(at);
          });
        }
        const during = outage > 0 ? `; both at ${100 * outage} % for a tenth of the time` : "";
        const scenario = `${100 * rate} % of the treatment's units fail, ${100 * controlRate} % of the control's${during}`;
        return scores.map((score) => score.row(scenario));
      }),
  },
];

const controlRate = 0.01;
const mostUnits = 4_000;
const treatments: readonly { readonly rate: number; readonly outage?: number }[] = [
  { rate: 0.01 },
  { rate: 0.01, outage: 0.8 },
  { rate: 0.02 },
  { rate: 0.05 },
  { rate: 0.1 },
  { rate: 0.5 },
  { rate: 0.05, outage: 0.8 },
];

const methods = [
  { name: "beta e-process ≥ 20, every unit", isOurs: true, nominal: 0.05 },
  { name: "chi-squared p < 0.05, every unit from 60 on", isOurs: false, nominal: 0.05 },
  { name: "more than 10 % of the treatment's last 50 units", isOurs: false, nominal: undefined },
];

function accusedAt(random: Random, rate: number, outage: number): readonly (number | undefined)[] {
  const failed = [0, 0];
  const seen = [0, 0];
  const recent: boolean[] = [];
  const at: [process?: number, chiSquared?: number, recent?: number] = [];
  for (let units = 1; units <= mostUnits; units++) {
    const arm = random.bernoulli(0.5) ? 1 : 0;
    const isOutage = outage > 0 && units > 0.4 * mostUnits && units <= 0.5 * mostUnits;
    const isFailure = random.uniform() < (isOutage ? outage : arm === 1 ? rate : controlRate);
    seen[arm] = (seen[arm] ?? 0) + 1;
    if (isFailure) failed[arm] = (failed[arm] ?? 0) + 1;
    if (arm === 1) recent.push(isFailure);
    if (arm === 1 && recent.length > 50) recent.shift();
    const [control = 0, treatment = 0] = failed;
    if (isFailure && at[0] === undefined && isAccused(treatment, control)) at[0] = units;
    if (isFailure && at[1] === undefined && units >= 60 && isDifferent(seen, failed)) at[1] = units;
    if (isFailure && at[2] === undefined && recent.filter(Boolean).length > 5) at[2] = units;
  }
  return methods.map((_, i) => at[i]);
}

function isAccused(failuresTreatment: number, control: number): boolean {
  return (
    logBetaEProcess({ failuresTreatment, failures: failuresTreatment + control, theta0: 0.5 }) >= Math.log(20)
  );
}

function isDifferent(seen: readonly number[], failed: readonly number[]): boolean {
  const rows = seen.map((n, arm) => [failed[arm] ?? 0, n - (failed[arm] ?? 0)]);
  const tested = chiSquared(rows);
  const [control = 0, treatment = 0] = failed.map((count, arm) => count / (seen[arm] ?? 1));
  return tested.kind === "chi_squared" && tested.pValue < 0.05 && treatment > control;
}
