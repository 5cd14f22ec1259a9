import { halfDeviance, stirlingError } from "./stirling.ts";

/**
 * Logarithms of the regularised incomplete gamma functions P(a, x) and Q(a, x), for a > 0 and 0 < x < ∞. Relative error of a tail
 * under 1e-12 (test/vectors/special.json).
 */
export function gammaTails(a: number, x: number): { readonly lower: number; readonly upper: number } {
  // x^a·e^−x / Γ(a), Loader's saddle-point form.
  const density = 0.5 * Math.log(a / (2 * Math.PI)) - stirlingError(a) - halfDeviance(a, x, x - a);
  if (x < a + 1) {
    const lower = density + Math.log(series(a, x));
    return { lower, upper: Math.log1p(-Math.exp(lower)) };
  }
  const upper = density - Math.log(fraction(a, x));
  return { lower: Math.log1p(-Math.exp(upper)), upper };
}

/** P(a, x)·Γ(a) / (x^a·e^−x), DLMF 8.11.4. */
function series(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return sum;
}

/** x^a·e^−x / (Γ(a)·Q(a, x)), the contracted continued fraction of DLMF 8.9.2 by Lentz's evaluation. */
function fraction(a: number, x: number): number {
  let value = x - a + 1;
  let c = value;
  let d = 0;
  for (let m = 1; ; m++) {
    const numerator = m * (a - m);
    const denominator = x - a + (2 * m + 1);
    d = 1 / (denominator + numerator * d);
    c = denominator + numerator / c;
    const factor = c * d;
    value *= factor;
    if (!(Math.abs(factor - 1) > 3e-16)) return value;
  }
}
