/**
 * δ in Γ(x) = √(2π/x)·(x/e)^x·e^δ(x), for x > 0. Tails are written with it so that the large parts of log Γ, which cancel, are
 * never subtracted (Loader 2000, Fast and accurate computation of binomial probabilities). Absolute error near 1e-15.
 */
export function stirlingError(x: number): number {
  let shifted = x;
  let error = 0;
  // δ(x) = δ(x + 1) + (x + ½)·log(1 + 1/x) − 1 carries small x to where the series holds.
  while (shifted < 10) {
    error += (shifted + 0.5) * Math.log1p(1 / shifted) - 1;
    shifted += 1;
  }
  const w = 1 / (shifted * shifted);
  const series =
    1 / 12 -
    w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w * (1 / 156))))));
  return error + series / shifted;
}

/** u − log(1 + u) for u > −1: of full relative accuracy, whereas the difference as written loses all of it at u → 0. */
export function excessOverLog(u: number): number {
  if (u < -0.5 || u > 0.5) return u - Math.log1p(u);
  // With r = u / (2 + u): log(1 + u) = 2(r + r³/3 + r⁵/5 + …) and u − 2r = u·r.
  const r = u / (2 + u);
  const r2 = r * r;
  let power = 1;
  let series = 0;
  for (let k = 3; power > 1e-18; k += 2) {
    series += power / k;
    power *= r2;
  }
  return u * r - 2 * r * r2 * series;
}

/**
 * expected·(u − log(1 + u)) with u = excess/expected: half the deviance of a count of mean `actual = expected + excess` (Loader's
 * D₀). `excess` is given apart since near 0 the caller knows it better than the difference of the two.
 */
export function halfDeviance(expected: number, actual: number, excess: number): number {
  const u = excess / expected;
  // Close to u = −1 the sum 1 + u has lost what `actual` still knows.
  return expected * (u < -0.5 ? u - Math.log(actual / expected) : excessOverLog(u));
}

/** a·x + b·x − a, rounded once: the products are split exactly (Dekker 1971), for at a = 1e7 a plain sum loses seven digits. */
export function exactExcess(a: number, b: number, x: number): number {
  const ax = a * x;
  const bx = b * x;
  const partial = ax - a;
  const total = bx + partial;
  const error =
    productError(a, x, ax) +
    productError(b, x, bx) +
    sumError(ax, -a, partial) +
    sumError(bx, partial, total);
  return total + error;
}

// Knuth, volume 2, 4.2.2.
function sumError(x: number, y: number, sum: number): number {
  const yRounded = sum - x;
  return x - (sum - yRounded) + (y - yRounded);
}

function productError(x: number, y: number, product: number): number {
  const xHigh = highHalf(x);
  const yHigh = highHalf(y);
  const xLow = x - xHigh;
  const yLow = y - yHigh;
  return xHigh * yHigh - product + xHigh * yLow + xLow * yHigh + xLow * yLow;
}

/** The upper 26 of 53 bits; values beyond 1e290 pass unsplit, for the factor would overflow. */
function highHalf(x: number): number {
  if (Math.abs(x) > 1e290) return x;
  const scaled = 134217729 * x;
  return scaled - (scaled - x);
}
