import { halfDeviance, stirlingError } from "./stirling.ts";

/** Of `population` items `marked` are marked, and `drawn` are taken: the distribution of how many of these are marked. */
export interface Hypergeometric {
  readonly population: number;
  readonly marked: number;
  readonly drawn: number;
}

export type Alternative = "two-sided" | "greater" | "less";

/**
 * P(X ≥ observed), P(X ≤ observed), or the sum of all probabilities that are not above that of `observed`. Terms follow from their
 * neighbours and are added outward until they no longer count, so that a population of 1e9 needs a few thousand of them.
 */
export function hypergeometricP(of: Hypergeometric, observed: number, alternative: Alternative): number {
  const [low, high] = support(of);
  if (low === high) return 1;
  if (alternative === "greater") return upward(of, observed);
  if (alternative === "less") return downward(of, observed);
  const mode = modeOf(of);
  // R's tolerance: terms that are equal but for rounding belong to the sum.
  const limit = logProbability(of, observed) + 1e-7;
  if (logProbability(of, mode) <= limit) return 1;
  const side = observed < mode ? 1 : -1;
  const opposite = firstWithin(of, mode, side, limit);
  const near = side === 1 ? downward(of, observed) : upward(of, observed);
  const far = opposite === undefined ? 0 : side === 1 ? upward(of, opposite) : downward(of, opposite);
  return Math.min(1, near + far);
}

/** Loader 2000: of three binomial probabilities, whose saddle-point forms keep their digits at any size. */
function logProbability(of: Hypergeometric, k: number): number {
  const { population, marked, drawn } = of;
  return (
    logBinomial(k, marked, of) +
    logBinomial(drawn - k, population - marked, of) -
    logBinomial(drawn, population, of)
  );
}

/** log of the probability of x successes in n, each with probability drawn/population. */
function logBinomial(x: number, n: number, { population, drawn }: Hypergeometric): number {
  if (x === 0) return n * Math.log1p(-drawn / population);
  if (x === n) return n * Math.log(drawn / population);
  // Whole numbers up to 2^53 make this exact, and it is what the deviances hang on.
  const excess = (n * drawn - x * population) / population;
  const scale = 0.5 * Math.log(n / (2 * Math.PI * x * (n - x)));
  const errors = stirlingError(n) - stirlingError(x) - stirlingError(n - x);
  const successes = halfDeviance(x, (n * drawn) / population, excess);
  return scale + errors - successes - halfDeviance(n - x, (n * (population - drawn)) / population, -excess);
}

function upward(of: Hypergeometric, from: number): number {
  const [low, high] = support(of);
  if (from <= low) return 1;
  // Before the mode the terms would grow; the other tail is the small one.
  if (from < modeOf(of)) return 1 - downward(of, from - 1);
  const { population, marked, drawn } = of;
  let term = 1;
  let sum = 1;
  for (let k = from; k < high && term > 1e-17 * sum; k++) {
    term *= ((marked - k) / (k + 1)) * ((drawn - k) / (population - marked - drawn + k + 1));
    sum += term;
  }
  return Math.exp(logProbability(of, from)) * sum;
}

/** P(X ≤ k) is that of at least `drawn − k` unmarked items. */
function downward({ population, marked, drawn }: Hypergeometric, from: number): number {
  return upward({ population, marked: population - marked, drawn }, drawn - from);
}

/** The nearest to the mode, on one side of it, whose log probability is within the limit. */
function firstWithin(of: Hypergeometric, mode: number, side: 1 | -1, limit: number): number | undefined {
  const [low, high] = support(of);
  let above = mode;
  let within = side === 1 ? high : low;
  if (logProbability(of, within) > limit) return undefined;
  while (Math.abs(within - above) > 1) {
    const middle = Math.floor((above + within) / 2);
    if (logProbability(of, middle) > limit) above = middle;
    else within = middle;
  }
  return within;
}

function support({ population, marked, drawn }: Hypergeometric): readonly [number, number] {
  return [Math.max(0, marked + drawn - population), Math.min(marked, drawn)];
}

function modeOf({ population, marked, drawn }: Hypergeometric): number {
  return Math.floor(((marked + 1) * (drawn + 1)) / (population + 2));
}
