import { exactExcess, halfDeviance, stirlingError } from "./stirling.ts";

/** Logarithms of both tails, and of the density by the logit of x: x^a·y^b / B(a, b). */
export interface LogTails {
  readonly lower: number;
  readonly upper: number;
  readonly density: number;
}

/**
 * Both tails of the regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 < x, y < 1 with y = 1 − x. The smaller of
 * x and y is believed and the other one follows from it, so that x = 1e-300 and y = 1e-300 are equally exact. Finite for tails far
 * below the least double. Relative error of a tail under 1e-12 for a and b of 0.01 to 1e7 (test/vectors/special.json).
 */
export function betaTails(a: number, b: number, x: number, y: number): LogTails {
  const excess = x <= y ? exactExcess(a, b, x) : -exactExcess(b, a, y);
  const density = logDensity(a, b, x, y, excess);
  if (excess + 2 * x < 1) {
    const lower = density - Math.log(fraction(a, b, x, y, -excess));
    return { lower, upper: complement(lower), density };
  }
  const upper = density - Math.log(fraction(b, a, y, x, excess));
  return { lower: complement(upper), upper, density };
}

/** log B(a, b), without the cancellation of three log Γ. */
export function logBetaFunction(a: number, b: number): number {
  const large = Math.max(a, b);
  const small = Math.min(a, b);
  const n = large + small;
  return (
    0.5 * (Math.log(2 * Math.PI) + Math.log(n / large) - Math.log(small)) -
    large * Math.log1p(small / large) +
    small * Math.log(small / n) +
    (stirlingError(large) - stirlingError(n)) +
    stirlingError(small)
  );
}

/** Loader's saddle-point form; excess = (a + b)·x − a. */
function logDensity(a: number, b: number, x: number, y: number, excess: number): number {
  const n = a + b;
  const large = Math.max(a, b);
  const scale = 0.5 * (Math.log(Math.min(a, b)) + Math.log(large / n) - Math.log(2 * Math.PI));
  const errors = stirlingError(n) - stirlingError(large) - stirlingError(Math.min(a, b));
  return scale + errors - halfDeviance(a, n * x, excess) - halfDeviance(b, n * y, -excess);
}

/**
 * x^a·y^b / (B(a, b)·I_x(a, b)) by the contracted continued fraction of Didonato and Morris 1992 (ACM TOMS algorithm 708, eq. 9),
 * whose terms stay positive up to the mean, and Lentz's evaluation. shortfall = a − (a + b)·x.
 */
function fraction(a: number, b: number, x: number, y: number, shortfall: number): number {
  let value = (a * (shortfall + 1)) / (a + 1);
  let c = value;
  let d = 0;
  for (let m = 1; ; m++) {
    const before = a + 2 * m - 1;
    const spread = (m * (b - m) * x) / before;
    const numerator = ((a + m - 1) / before) * (a + b + m - 1) * x * spread;
    const denominator = m + spread + ((a + m) * (shortfall + 1 + m * (1 + y))) / (before + 2);
    d = 1 / (denominator + numerator * d);
    c = denominator + numerator / c;
    const factor = c * d;
    value *= factor;
    if (!(Math.abs(factor - 1) > 3e-16)) return value;
  }
}

/**
 * log(1 − p) where log p is known, for the tail that was not computed: it is the larger of the two, but for shapes under 1, where
 * it may be as small as a sixth of the shape.
 */
function complement(logTail: number): number {
  return Math.log1p(-Math.exp(logTail));
}
