import type { Interval } from "../domain/estimate.ts";
import { logDirichletBayesFactor } from "./dirichlet-multinomial.ts";

/**
 * Mixing precision at which the normal mixture bound is nearly tightest when the variance process stands at `vOpt` (Howard,
 * Ramdas, McAuliffe and Sekhon 2021, Time-uniform, nonparametric, nonasymptotic confidence sequences, section 3.5, with the first
 * terms of the Lambert function). Agrees with `best_rho` of confseq.
 */
export function normalMixtureRho(vOpt: number, alpha: number): number {
  const twice = -2 * Math.log(alpha);
  return vOpt / (twice + Math.log1p(twice));
}

/**
 * What a sub-Gaussian sum with variance process `v` never leaves, to either side, with probability 1 − alpha (Robbins 1970; Howard
 * et al. 2021, two-sided normal mixture).
 */
export function normalMixtureBound(v: number, alpha: number, rho: number): number {
  return Math.sqrt((v + rho) * (Math.log1p(v / rho) - 2 * Math.log(alpha)));
}

/**
 * log of the two-sided beta-binomial mixture at the sum `s` of centred values that lie in [−g, h], with variance process
 * `v` = g·h·n (Howard et al. 2021, two-sided beta-binomial mixture). `rho` as of `normalMixtureRho(vOpt, alpha)`.
 */
export function betaBinomialLogMixture(
  s: number,
  v: number,
  { g, h, rho }: { readonly g: number; readonly h: number; readonly rho: number },
): number {
  const n = v / (g * h);
  const successes = (s + g * n) / (g + h);
  return bernoulliLogMixture(successes, n, g / (g + h), concentrationOf(rho / (g * h)));
}

/** The same for `successes` of `n` draws that each succeed with probability `p`: a martingale that starts at log 1. */
export function bernoulliLogMixture(successes: number, n: number, p: number, concentration: number): number {
  return logDirichletBayesFactor([successes, n - successes], [p, 1 - p], concentration);
}

/**
 * Weight of the beta prior, counted in draws, that makes `bernoulliLogMixture` tightest near `tunedFor` draws. It is the same for
 * every p, and has to be fixed before the first draw.
 */
export function bernoulliConcentration(tunedFor: number, alpha: number): number {
  return concentrationOf(normalMixtureRho(tunedFor, alpha));
}

/**
 * Probabilities of success that no look so far has ruled out: all looks together miss the true one with probability at most
 * `alpha`. Agrees with `bernoulli_confidence_interval` of confseq. `n` = 0 gives [0, 1].
 */
export function bernoulliSequence(successes: number, n: number, alpha: number, tunedFor: number): Interval {
  const concentration = bernoulliConcentration(tunedFor, alpha);
  const isRuledOut = (p: number) => bernoulliLogMixture(successes, n, p, concentration) >= -Math.log(alpha);
  return {
    low: successes === 0 ? 0 : edge(0, successes / n, isRuledOut),
    high: successes === n ? 1 : edge(1, successes / n, isRuledOut),
  };
}

// A Beta prior needs some weight: confseq keeps a thousandth of a draw.
function concentrationOf(rhoInDraws: number): number {
  return Math.max(rhoInDraws - 1, 1e-3);
}

/** Where `isRuledOut` ends on the way from `outside`, where it holds, to `inside`. */
function edge(outside: number, inside: number, isRuledOut: (p: number) => boolean): number {
  let out = outside;
  let within = inside;
  for (;;) {
    const middle = (out + within) / 2;
    if (middle === out || middle === within) return out;
    if (isRuledOut(middle)) out = middle;
    else within = middle;
  }
}
