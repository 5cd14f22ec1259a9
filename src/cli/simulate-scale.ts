/** Values between two bounds, drawn for a share: 0 stands for the low end and 1 for the high one. */
import type { Random } from "../analysis/random.ts";
import type { Interval } from "../domain/estimate.ts";

/** The expectation of a value drawn for the share q is low + (high − low)·q: an effect on shares is one on values. */
export interface Scale extends Interval {
  /** Of the control, where nobody says another mean. */
  readonly usualShare: number;
  /** The ρ of shares of variance ρ·m(1 − m) that gives values this intraclass correlation, where m is the mean share. */
  dispersion(icc: number, meanShare: number): number;
  draw(share: number, random: Random): boolean | number | string;
}

/** Yes or no. */
export function shareScale(usualShare: number): Scale {
  return {
    low: 0,
    high: 1,
    usualShare,
    dispersion: (icc) => icc,
    draw: (share, random) => random.uniform() < share,
  };
}

const mostStars = 10;
const evenSteps = 4;

/** Stars where the bounds are whole numbers that few stand between; else anything between them. */
export function rangeScale({ low, high }: Interval): Scale {
  const width = high - low;
  const isStars = Number.isInteger(low) && Number.isInteger(high) && width <= mostStars;
  const steps = isStars ? width : evenSteps;
  return {
    low,
    high,
    usualShare: 0.6,
    // A binomial draw of `steps` scatters as a beta draw of size steps − 1 does: by q(1 − q)/steps within a unit.
    dispersion: (icc) => icc / (steps * (1 - icc) + icc),
    draw: (share, random) => {
      if (isStars) return low + hits(steps, share, random);
      const value = low + width * random.beta(share * (steps - 1), (1 - share) * (steps - 1));
      return Math.max(low, Math.min(high, Math.round(value * 1e6) / 1e6));
    },
  };
}

function hits(trials: number, probability: number, random: Random): number {
  let count = 0;
  for (let trial = 0; trial < trials; trial++) if (random.bernoulli(probability)) count += 1;
  return count;
}

const mostDispersion = 0.99;

/** The best or the worst category by the share, and one time in four any of more than two. */
export function categoryScale(categories: Readonly<Record<string, number>>): Scale {
  const names = Object.entries(categories).toSorted(([, a], [, b]) => a - b);
  const [worst = ["", 0], best = worst] = [names[0], names.at(-1)];
  const anyShare = names.length > 2 ? 0.25 : 0;
  const mean = (of: (score: number) => number) =>
    names.reduce((sum, [, score]) => sum + of(score), 0) / Math.max(1, names.length);
  const average = mean((score) => score);
  const mixed = (score: number) => anyShare * average + (1 - anyShare) * score;
  const [low, high] = [mixed(worst[1]), mixed(best[1])];
  const variance = (share: number) => {
    const square = (1 - share) * worst[1] ** 2 + share * best[1] ** 2;
    const expected = low + (high - low) * share;
    return anyShare * mean((score) => score ** 2) + (1 - anyShare) * square - expected ** 2;
  };
  return {
    low,
    high,
    usualShare: 0.6,
    dispersion: (icc, share) =>
      high === low
        ? 0
        : Math.min(mostDispersion, (icc * variance(share)) / ((high - low) ** 2 * share * (1 - share))),
    draw: (share, random) => {
      if (random.bernoulli(anyShare)) return names[random.integer(names.length)]?.[0] ?? worst[0];
      return (random.bernoulli(share) ? best : worst)[0];
    },
  };
}
