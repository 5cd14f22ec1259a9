import { betaTails, logBetaFunction } from "./beta-tails.ts";
import { logGammaFunction } from "./gamma-function.ts";
import { gammaTails } from "./gamma-tails.ts";

/** log Γ(x); throws a RangeError unless 0 < x < ∞. */
export function logGamma(x: number): number {
  requirePositive("x", x);
  return logGammaFunction(x);
}

/** log B(a, b); throws a RangeError unless both are positive and finite. */
export function logBeta(a: number, b: number): number {
  requirePositive("a", a);
  requirePositive("b", b);
  return logBetaFunction(a, b);
}

/** I_x(a, b), the regularised incomplete beta function. Throws a RangeError unless 0 ≤ x ≤ 1 and a, b are positive and finite. */
export function regularizedBeta(x: number, a: number, b: number): number {
  return Math.exp(logRegularizedBeta(x, a, b));
}

/** 1 − I_x(a, b), to full relative accuracy however small; throws as `regularizedBeta`. */
export function regularizedBetaUpper(x: number, a: number, b: number): number {
  return Math.exp(logRegularizedBetaUpper(x, a, b));
}

/** log I_x(a, b), finite for tails far below the least double; throws as `regularizedBeta`. */
export function logRegularizedBeta(x: number, a: number, b: number): number {
  requireBetaArguments(x, a, b);
  if (x === 0) return Number.NEGATIVE_INFINITY;
  return x === 1 ? 0 : betaTails(a, b, x, 1 - x).lower;
}

/** log(1 − I_x(a, b)), finite for tails far below the least double; throws as `regularizedBeta`. */
export function logRegularizedBetaUpper(x: number, a: number, b: number): number {
  requireBetaArguments(x, a, b);
  if (x === 1) return Number.NEGATIVE_INFINITY;
  return x === 0 ? 0 : betaTails(a, b, x, 1 - x).upper;
}

/** P(a, x), the regularised lower incomplete gamma function. Throws a RangeError unless a is positive and finite and x ≥ 0. */
export function gammaLower(a: number, x: number): number {
  requireGammaArguments(a, x);
  if (x === 0) return 0;
  return x === Number.POSITIVE_INFINITY ? 1 : Math.exp(gammaTails(a, x).lower);
}

/** Q(a, x) = 1 − P(a, x), to full relative accuracy however small; throws as `gammaLower`. */
export function gammaUpper(a: number, x: number): number {
  requireGammaArguments(a, x);
  if (x === 0) return 1;
  return x === Number.POSITIVE_INFINITY ? 0 : Math.exp(gammaTails(a, x).upper);
}

/** The complementary error function, to full relative accuracy up to where it underflows (x = 26.5); throws a RangeError for NaN. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) throw new RangeError("erfc of NaN");
  if (x < 0) return 2 - erfc(-x);
  if (x < 1.5) return 1 - errorSeries(x);
  // Past this it is 0 as a double, and an infinite x would make NaN below.
  if (x > 28) return 0;
  return gaussian(x) / (Math.sqrt(Math.PI) * laplaceFraction(x));
}

/** erf(x) for small x ≥ 0, DLMF 7.6.2: its terms are positive, so that it is also exact at 0. */
export function errorSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * gaussian(x) * sum;
}

/** e^(−x²). Of x only the upper digits are squared, exactly: the error of a rounded x² would be multiplied by x². */
function gaussian(x: number): number {
  const upper = Math.round(x * 1024) / 1024;
  return Math.exp(-upper * upper) * Math.exp(-(x - upper) * (x + upper));
}

/** x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …))), DLMF 7.9.1, from the inside out; enough terms for x ≥ 1.5. */
function laplaceFraction(x: number): number {
  let value = x;
  for (let k = Math.ceil(20 + 250 / (x * x)); k > 0; k--) value = x + k / 2 / value;
  return value;
}

function requirePositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`${name} is ${value}: give a positive number`);
}

function requireBetaArguments(x: number, a: number, b: number): void {
  requirePositive("a", a);
  requirePositive("b", b);
  if (!(x >= 0 && x <= 1)) throw new RangeError(`x is ${x}: give a number of 0 to 1`);
}

function requireGammaArguments(a: number, x: number): void {
  requirePositive("a", a);
  if (!(x >= 0)) throw new RangeError(`x is ${x}: give a number of 0 or more`);
}
