/** A treatment that cannot answer the hard questions, and hands them to the control: leaving those out flatters it. */
import { fixedHorizon, pooledEffect } from "../../src/analysis/pooled-effect.ts";
import type { Random } from "../../src/analysis/random.ts";
import { claimOf, holds } from "./claim.ts";
import { Score } from "./score.ts";
import { iccs, type Study } from "./study.ts";
import { ownRate, visitsOf } from "./traffic.ts";
import { UnitSums } from "./unit-sums.ts";

const hardShare = 0.3;
/** Of success, by whether the question is hard; of falling back likewise. */
const successOf = { easy: 0.8, hard: 0.4 };
const fallbackOf = { easy: 0.02, hard: 0.4 };
const effect = 0.08;

const methods = [
  { name: "by assigned variant, all requests", isOurs: true, nominal: 0.05 },
  { name: "without the requests that fell back", isOurs: false, nominal: 0.05 },
  { name: "by the variant that served", isOurs: false, nominal: 0.05 },
];

export const fallbacks: readonly Study[] = iccs.map((icc) => ({
  id: `fallbacks ${icc}`,
  table: "fallbacks",
  part: 1,
  run: ({ runs, of }) => {
    const scores = methods.map((method) => new Score(method));
    for (let run = 0; run < runs; run++) {
      judge(of(run, "null"), icc, 0).forEach((claim, i) => {
        scores[i]?.alarm(claim !== undefined && claim.pValue < 0.05);
      });
      judge(of(run, "effect"), icc, effect).forEach((claim, i) => {
        scores[i]?.cover(claim !== undefined && holds(claim.interval, assignedEffect));
        scores[i]?.find(claim !== undefined && claim.pValue < 0.05 && claim.value > 0);
      });
    }
    return scores.map((score) => score.row(`300 users an arm, ICC ${icc}`));
  },
}));

/** What assigning everybody to the treatment brings: nothing where it falls back. */
const assignedEffect = effect * (1 - hardShare * fallbackOf.hard - (1 - hardShare) * fallbackOf.easy);

function judge(random: Random, icc: number, lift: number) {
  const units = 600;
  const isTreatment = Uint8Array.from({ length: units }, () => Number(random.bernoulli(0.5)));
  const assigned = new UnitSums(isTreatment);
  const kept = new UnitSums(isTreatment);
  // A user who was served by both stands in both arms, as one unit in each.
  const served = new UnitSums(Uint8Array.from({ length: 2 * units }, (_, unit) => Number(unit >= units)));
  for (let unit = 0; unit < units; unit++) {
    const ownHardShare = ownRate(random, hardShare, icc);
    const treated = isTreatment[unit] === 1;
    for (let visit = visitsOf(random); visit > 0; visit--) {
      const kind = random.uniform() < ownHardShare ? "hard" : "easy";
      const isFallback = treated && random.uniform() < fallbackOf[kind];
      const isByTreatment = treated && !isFallback;
      const value = random.uniform() < successOf[kind] + (isByTreatment ? lift : 0) ? 1 : 0;
      assigned.add(unit, value);
      if (!isFallback) kept.add(unit, value);
      served.add(isByTreatment ? units + unit : unit, value);
    }
  }
  return [assigned, kept, served].map((sums) =>
    claimOf(
      fixedHorizon(pooledEffect({ strata: [sums.stratum()], unitCount: sums.length, unit: "share" }), 0.05),
    ),
  );
}
