import { logitBetaQuantile } from "./beta-quantile.ts";
import { betaTails } from "./beta-tails.ts";
import { erfc, errorSeries, gammaUpper, logBeta, regularizedBeta, regularizedBetaUpper } from "./special.ts";

/**
 * Cumulative probabilities (`Cdf`), upper tails (`Sf`: full relative accuracy however small, never 1 − cdf) and their inverses.
 * Arguments outside of a function's domain, NaN among them, throw a RangeError.
 */

/** P(Z ≤ z). */
export function normalCdf(z: number): number {
  return 0.5 * erfc(-z * Math.SQRT1_2);
}

/** P(Z > z). */
export function normalSf(z: number): number {
  return 0.5 * erfc(z * Math.SQRT1_2);
}

/** The z with P(Z ≤ z) = p; infinite at 0 and 1. */
export function normalQuantile(p: number): number {
  requireProbability(p);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  return p > 0.25 ? -normalCentre(0.5 - p) : -normalTail(p);
}

/** P(T > t) of Student's t; df may be fractional, and Infinity means the normal distribution. */
export function tSf(t: number, df: number): number {
  requireDegrees(df);
  if (Number.isNaN(t)) throw new RangeError("t is NaN: give a number");
  // Here the two differ by less than the last digit, at any t whose tail is not 0.
  if (df > 1e20) return normalSf(t);
  if (t < 0) return 1 - tSf(-t, df);
  if (t === Number.POSITIVE_INFINITY) return 0;
  // t² would overflow; the first term of the tail's series is already exact.
  if (t > 1e100)
    return 0.5 * Math.exp(df * (0.5 * Math.log(df) - Math.log(t)) - Math.log(df / 2) - logBeta(df / 2, 0.5));
  const t2 = t * t;
  if (t2 === 0) return 0.5;
  return 0.5 * Math.exp(betaTails(0.5, df / 2, t2 / (df + t2), df / (df + t2)).upper);
}

/** The t with P(T ≤ t) = p; infinite at 0 and 1. df as in `tSf`. */
export function tQuantile(p: number, df: number): number {
  requireProbability(p);
  requireDegrees(df);
  if (df > 1e20) return normalQuantile(p);
  if (p > 0.5) return -tQuantile(1 - p, df);
  if (p === 0.5) return 0;
  if (p === 0) return Number.NEGATIVE_INFINITY;
  // t²/df is the odds of a Beta(½, df/2) variable.
  const isTail = p < 0.25;
  const logTail = Math.log(isTail ? 2 * p : 2 * (0.5 - p));
  const logOdds = logitBetaQuantile({ tail: isTail ? "upper" : "lower", logTail, a: 0.5, b: df / 2 });
  return -Math.exp(0.5 * (logOdds + Math.log(df)));
}

/** P(X > x) of chi-squared. */
export function chiSquaredSf(x: number, df: number): number {
  return x <= 0 ? 1 : gammaUpper(df / 2, x / 2);
}

/** P(X ≤ x) of Beta(a, b). */
export function betaCdf(x: number, a: number, b: number): number {
  return regularizedBeta(clamp(x), a, b);
}

/** P(X > x) of Beta(a, b). */
export function betaSf(x: number, a: number, b: number): number {
  return regularizedBetaUpper(clamp(x), a, b);
}

/** The x with P(X ≤ x) = p of Beta(a, b). */
export function betaQuantile(p: number, a: number, b: number): number {
  requireProbability(p);
  if (p === 0 || p === 1) return p;
  const tail = p <= 0.5 ? "lower" : "upper";
  const logTail = Math.log(p <= 0.5 ? p : 1 - p);
  const logOdds = logitBetaQuantile({ tail, logTail, a, b });
  return 1 / (1 + Math.exp(-logOdds));
}

/** P(X ≤ k) of n draws, each a success with probability p. */
export function binomialCdf(k: number, n: number, p: number): number {
  requireProbability(p);
  const whole = Math.floor(k);
  if (whole < 0) return 0;
  return whole >= n ? 1 : regularizedBetaUpper(p, whole + 1, n - whole);
}

/** P(X > k) of n draws, each a success with probability p. */
export function binomialSf(k: number, n: number, p: number): number {
  requireProbability(p);
  const whole = Math.floor(k);
  if (whole < 0) return 1;
  return whole >= n ? 0 : regularizedBeta(p, whole + 1, n - whole);
}

/** The z with P(Z > z) = p, p ≤ ¼, by Newton's method on log P, which is concave: it comes down to the root from one side. */
function normalTail(p: number): number {
  let z = Math.sqrt(-2 * Math.log(p));
  for (let step = 0; step < 50; step++) {
    const tail = normalSf(z);
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    const move = tail > 0 && density > 0 ? (tail / density) * Math.log(tail / p) : -0.1;
    z += move;
    if (Math.abs(move) < 1e-15 * z) break;
  }
  return z;
}

/** The z with P(0 < Z < z) = c, c < ¼, by Newton's method. */
function normalCentre(c: number): number {
  let z = c * Math.sqrt(2 * Math.PI);
  for (let step = 0; step < 50 && z > 0; step++) {
    const move = (c - 0.5 * errorSeries(z * Math.SQRT1_2)) * Math.sqrt(2 * Math.PI) * Math.exp(0.5 * z * z);
    z += move;
    if (Math.abs(move) < 1e-15 * z) break;
  }
  return z;
}

function clamp(x: number): number {
  return Math.min(1, Math.max(0, x));
}

function requireProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`the probability is ${p}: give a number of 0 to 1`);
}

function requireDegrees(df: number): void {
  if (!(df > 0)) throw new RangeError(`df is ${df}: give a positive number`);
}
