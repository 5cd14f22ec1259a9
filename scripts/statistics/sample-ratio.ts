/** Units that one arm loses, and how soon that shows. */

import type { Random } from "../../src/analysis/random.ts";
import { sampleRatio, sampleRatioSequential } from "../../src/analysis/sample-ratio.ts";
import { Score } from "./score.ts";
import type { Study } from "./study.ts";

const looks = 100;

export const sampleRatioStudies: readonly Study[] = [
  { units: 2_000, losses: [0, 0.05, 0.1, 0.5] },
  { units: 20_000, losses: [0, 0.02, 0.05, 0.1] },
  { units: 200_000, losses: [0, 0.01, 0.02, 0.05] },
].map(({ units, losses }) => ({
  id: `sample ratio ${units}`,
  table: "sample_ratio",
  part: units === 200_000 ? 0.25 : 1,
  run: ({ runs, of }) =>
    losses.flatMap((loss, which) => {
      const scores = methods.map((method) => new Score(method));
      for (let run = 0; run < runs; run++) {
        const random = of(which * 1_000_000 + run, loss === 0 ? "null" : "effect");
        foundAt(random, units, loss).forEach((at, i) => {
          if (loss === 0) scores[i]?.alarm(at !== undefined);
          else scores[i]?.findAt(at);
        });
      }
      const what = loss === 0 ? "nothing lost" : `the treatment loses ${100 * loss} %`;
      return scores.map((score) => score.row(`${units.toLocaleString("en")} units, ${what}`));
    }),
}));

const methods = [
  { name: "sequential Bayes factor ≥ 1,000, 100 looks", isOurs: true, nominal: 0.001 },
  { name: "chi-squared p < 0.001, at the end", isOurs: true, nominal: 0.001 },
  { name: "either of both, 100 looks (the report)", isOurs: true, nominal: undefined },
  { name: "chi-squared p < 0.05, 100 looks", isOurs: false, nominal: 0.05 },
];

/** Units at which each method raised its alarm, in the order of `methods`. */
function foundAt(random: Random, units: number, loss: number): readonly (number | undefined)[] {
  const treatmentShare = (1 - loss) / (2 - loss);
  let treatment = 0;
  let seen = 0;
  const at: [sequential?: number, end?: number, either?: number, naive?: number] = [];
  for (let look = 1; look <= looks; look++) {
    for (const until = (units * look) / looks; seen < until; seen++) {
      if (random.uniform() < treatmentShare) treatment += 1;
    }
    const counts = [treatment, seen - treatment];
    const fixed = sampleRatio(counts, [0.5, 0.5]);
    const sequential = sampleRatioSequential(counts, [0.5, 0.5]);
    const isFixed = fixed.kind === "sample_ratio" && fixed.isMismatch;
    const isSequential = sequential.kind === "sequential_sample_ratio" && sequential.isMismatch;
    if (isSequential) at[0] ??= seen;
    if (isFixed && look === looks) at[1] = seen;
    if (isFixed || isSequential) at[2] ??= seen;
    if (fixed.kind === "sample_ratio" && fixed.pValue < 0.05) at[3] ??= seen;
  }
  return methods.map((_, i) => at[i]);
}
