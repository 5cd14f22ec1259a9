/** The arithmetic of the figures. All of it is about orders and middles: one slow round must not move a figure. */

/** The smallest value that at least this share of the values does not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export interface Spread {
  readonly median: number;
  /** Where others share the machine the quicker rounds are nearer to the truth: disturbance only ever adds. */
  readonly lowerQuartile: number;
  readonly least: number;
  readonly most: number;
}

export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    lowerQuartile: quantile(values, 0.25),
    least: quantile(values, 0),
    most: quantile(values, 1),
  };
}

/** The middle value, or the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return (low + high) / 2;
}

export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Probability that an interval made like this one holds the true median; below 0.95 there were too few rounds. */
  readonly coverage: number;
}

/**
 * The median of the ratios round by round, so that what the machine does to both cancels out, with the tightest interval
 * of order statistics that covers it with 95 %, or else the whole range. It assumes no distribution: whether a round
 * lies above the true median is a fair coin (the sign test turned round).
 */
export function ratio(values: readonly number[], others: readonly number[]): Ratio {
  const sorted = values
    .map((value, round) => value / (others[round] ?? Number.NaN))
    .filter((one) => !Number.isNaN(one))
    .toSorted((a, b) => a - b);
  let cut = 0;
  while (2 * (cut + 1) < sorted.length && coverage(sorted.length, cut + 1) >= 0.95) cut += 1;
  return {
    median: median(sorted),
    low: sorted[cut] ?? Number.NaN,
    high: sorted[sorted.length - 1 - cut] ?? Number.NaN,
    coverage: coverage(sorted.length, cut),
  };
}

/** Of the interval that leaves out `cut` values on each side: 1 − 2 · P(Binomial(n, ½) ≤ cut). */
function coverage(n: number, cut: number): number {
  let ways = 1;
  let tail = 1;
  for (let k = 1; k <= cut; k++) {
    ways = (ways * (n - k + 1)) / k;
    tail += ways;
  }
  return 1 - 2 * tail * 2 ** -n;
}
