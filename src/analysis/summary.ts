/**
 * Count, mean and sum of squared deviations: what every method here is fed with. Two summaries merge into that of both
 * samples together, so records may be summarised in any order and in any number of parts.
 */

export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Σ (x − mean)². Kept in place of Σ x², whose difference to n·mean² loses every digit of {1e9, 1e9 + 1, 1e9 + 2}. */
  readonly m2: number;
}

/** Of pairs (x, y): both summaries and how they vary together. */
export interface PairSummary {
  readonly n: number;
  readonly meanX: number;
  readonly meanY: number;
  readonly m2X: number;
  readonly m2Y: number;
  /** Σ (x − meanX)(y − meanY). */
  readonly cXY: number;
}

export const emptyPairSummary: PairSummary = { n: 0, meanX: 0, meanY: 0, m2X: 0, m2Y: 0, cXY: 0 };

export function summarize(values: Iterable<number>): Summary {
  let n = 0;
  let mean = 0;
  let m2 = 0;
  // Welford 1962.
  for (const value of values) {
    n += 1;
    const before = value - mean;
    mean += before / n;
    m2 += before * (value - mean);
  }
  return { n, mean, m2 };
}

/** Chan, Golub and LeVeque 1979. */
export function merge(one: Summary, other: Summary): Summary {
  if (one.n === 0) return other;
  if (other.n === 0) return one;
  const n = one.n + other.n;
  const apart = other.mean - one.mean;
  return {
    n,
    mean: one.mean + (apart * other.n) / n,
    m2: one.m2 + other.m2 + (apart * apart * one.n * other.n) / n,
  };
}

/** Pairs by index; throws a RangeError when the lengths differ. */
export function summarizePairs(xs: ArrayLike<number>, ys: ArrayLike<number>): PairSummary {
  if (xs.length !== ys.length) throw new RangeError(`${xs.length} values of x and ${ys.length} of y`);
  let meanX = 0;
  let meanY = 0;
  let m2X = 0;
  let m2Y = 0;
  let cXY = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i] ?? Number.NaN;
    const y = ys[i] ?? Number.NaN;
    const beforeX = x - meanX;
    const beforeY = y - meanY;
    meanX += beforeX / (i + 1);
    meanY += beforeY / (i + 1);
    m2X += beforeX * (x - meanX);
    m2Y += beforeY * (y - meanY);
    cXY += beforeX * (y - meanY);
  }
  return { n: xs.length, meanX, meanY, m2X, m2Y, cXY };
}

export function mergePairs(one: PairSummary, other: PairSummary): PairSummary {
  if (one.n === 0) return other;
  if (other.n === 0) return one;
  const n = one.n + other.n;
  const weight = (one.n * other.n) / n;
  const apartX = other.meanX - one.meanX;
  const apartY = other.meanY - one.meanY;
  return {
    n,
    meanX: one.meanX + (apartX * other.n) / n,
    meanY: one.meanY + (apartY * other.n) / n,
    m2X: one.m2X + other.m2X + apartX * apartX * weight,
    m2Y: one.m2Y + other.m2Y + apartY * apartY * weight,
    cXY: one.cXY + other.cXY + apartX * apartY * weight,
  };
}

/** With n − 1 below; NaN for fewer than two values. */
export function variance({ n, m2 }: Summary): number {
  return n < 2 ? Number.NaN : m2 / (n - 1);
}
