import { normalSf } from "./distributions.ts";
import { excessOverLog, stirlingError } from "./stirling.ts";

/**
 * P(T > t) of the noncentral t distribution, T = (Z + ncp) / √(χ²/df): the mean of P(Z > t·s − ncp) over s = √(χ²/df). The integral
 * over log s is a plain sum at equal steps, which converges faster than any power of the step for what is analytic and falls off at
 * both ends (Trefethen and Weideman 2014). Relative error under 1e-12; throws a RangeError unless df > 0 and the others are finite.
 */
export function noncentralTSf(t: number, df: number, ncp: number): number {
  if (!(df > 0) || !Number.isFinite(t) || !Number.isFinite(ncp)) {
    throw new RangeError(`t is ${t}, df ${df}, ncp ${ncp}: give finite numbers, df above 0`);
  }
  if (df === Number.POSITIVE_INFINITY) return normalSf(t - ncp);
  // Into the complex plane the integrand grows as e^{(df + t²/2)·a²}, and at a = π/4 it stops being analytic.
  const step = Math.min(0.1, 0.35 / Math.sqrt(df + (t * t) / 2));
  const scale = Math.sqrt(df / Math.PI) * Math.exp(-stirlingError(df / 2)) * step;
  let sum = 0;
  for (let logS = greatestLogS(df); ; logS -= step) {
    const logDensity = logDensityOf(logS, df);
    const term = Math.exp(logDensity) * normalSf(t * Math.exp(logS) - ncp);
    sum += term;
    const isPast = logS < 0 && (logDensity < -750 || (sum > 0 && term <= 1e-19 * sum));
    if (isPast) return Math.min(1, scale * sum);
  }
}

/** log of s^df·e^(−df·(s² − 1)/2), from s² − 1, which close to 0 keeps its digits at any df. */
function logDensityOf(logS: number, df: number): number {
  const beyond = Math.expm1(2 * logS);
  return (-df / 2) * (Math.abs(beyond) < 0.5 ? excessOverLog(beyond) : beyond - 2 * logS);
}

/** Beyond it the density of log s is under e^−745. */
function greatestLogS(df: number): number {
  const e = 1490 / df;
  // An upper bound of the v at which v − log(1 + v) = e.
  return 0.5 * Math.log1p(e + Math.sqrt(2 * e));
}
