import type { Estimate, Inconclusive, Interval } from "../domain/estimate.ts";
import { betaQuantile, chiSquaredSf, normalQuantile, normalSf } from "./distributions.ts";
import { type Alternative, hypergeometricP } from "./hypergeometric.ts";
import { inconclusive } from "./inconclusive.ts";
import type { ConfidenceOptions } from "./student-estimate.ts";

/** Successes of n independent units. */
export interface Share {
  readonly successes: number;
  readonly n: number;
}

export interface ChiSquared {
  readonly kind: "chi_squared";
  readonly statistic: number;
  readonly df: number;
  readonly pValue: number;
  /** The least expected count: below 5 the p-value is not to be trusted. */
  readonly expectedMin: number;
}

/** Rows of counts, as many columns in each; of two by two the upper left cell is the one that alternatives are about. */
export type Table = readonly (readonly number[])[];

/** A difference of shares, the test its p-value is of, and that test's statistic, which Fisher's has none of. */
export type ProportionEstimate = Estimate & {
  readonly method: "chi_squared" | "fisher";
  readonly statistic: number | undefined;
};

/**
 * Difference of shares, treatment − control, with Newcombe's interval; the p-value is of chi-squared without Yates' correction where
 * every expected count is at least 5 (Cochran 1954), else of Fisher's exact test. So close to α the two may disagree. `standardError` is
 * the interval's half-width over z, which unlike Wald's is not 0 where nobody, or everybody, succeeded.
 */
export function compareProportions(
  treatment: Share,
  control: Share,
  { confidence = 0.95 }: ConfidenceOptions = {},
): ProportionEstimate | Inconclusive {
  if (!isShare(treatment) || !isShare(control)) return inconclusive("invalid_input", sharesExpected);
  if (treatment.n === 0 || control.n === 0) return inconclusive("no_data", "one of the variants has no unit");
  if (!isConfidence(confidence)) {
    return inconclusive("invalid_input", `a confidence of ${confidence} is not between 0 and 1`);
  }
  const table = [countsOf(treatment), countsOf(control)];
  const interval = newcombe(treatment, control, confidence);
  const tested = chiSquared(table);
  const isLarge = tested.kind === "chi_squared" && tested.expectedMin >= 5;
  return {
    kind: "estimate",
    value: rateOf(treatment) - rateOf(control),
    standardError: (interval.high - interval.low) / (2 * criticalZ(confidence)),
    df: Number.POSITIVE_INFINITY,
    interval,
    pValue: isLarge ? tested.pValue : fisherExact(table),
    method: isLarge ? "chi_squared" : "fisher",
    statistic: isLarge ? tested.statistic : undefined,
  };
}

/** Pearson's test of independence of rows and columns (1900), without continuity correction. */
export function chiSquared(table: Table): ChiSquared | Inconclusive {
  return pearson(table, 0);
}

/** The same of two by two counts with Yates' correction (1934), never beyond the difference itself. Conservative. */
export function chiSquaredYates(table: Table): ChiSquared | Inconclusive {
  if (!isTwoByTwo(table)) return inconclusive("invalid_input", "Yates' correction is of two by two counts");
  return pearson(table, 0.5);
}

/**
 * Fisher's exact test of two by two counts: `greater` asks whether the odds of the first row are, `two-sided` sums all tables that
 * are no more probable than the observed one, to a relative tolerance of 1e-7 (as R does). Throws a RangeError for what is not a
 * table of whole counts.
 */
export function fisherExact(table: Table, alternative: Alternative = "two-sided"): number {
  const [[a, b], [c, d]] = wholeCounts(table);
  return hypergeometricP({ population: a + b + c + d, marked: a + b, drawn: a + c }, a, alternative);
}

/** Wilson's score interval of one share (1927). Throws a RangeError for impossible counts; of no unit it is [0, 1]. */
export function wilson(successes: number, n: number, confidence = 0.95): Interval {
  requireShare({ successes, n }, confidence);
  if (n === 0) return { low: 0, high: 1 };
  const p = successes / n;
  const w = criticalZ(confidence) ** 2 / n;
  const high = successes === n ? 1 : (2 * p + w + Math.sqrt(w * (w + 4 * p * (1 - p)))) / (2 * (1 + w));
  // The product of the two ends is p²/(1 + w); their difference would lose digits near 0.
  return { low: (p * p) / ((1 + w) * high), high };
}

/** Interval of the difference of two shares, a − b, from their Wilson intervals (Newcombe 1998, method 10). Throws as `wilson`. */
export function newcombe(a: Share, b: Share, confidence = 0.95): Interval {
  const one = wilson(a.successes, a.n, confidence);
  const other = wilson(b.successes, b.n, confidence);
  if (a.n === 0 || b.n === 0) return { low: -1, high: 1 };
  const [p, q] = [rateOf(a), rateOf(b)];
  return {
    low: p - q - Math.hypot(p - one.low, other.high - q),
    high: p - q + Math.hypot(one.high - p, q - other.low),
  };
}

/** The exact interval of one share (Clopper and Pearson 1934), which covers at least as often as it says. Throws as `wilson`. */
export function clopperPearson(successes: number, n: number, confidence = 0.95): Interval {
  requireShare({ successes, n }, confidence);
  const outside = (1 - confidence) / 2;
  const low = successes === 0 ? 0 : betaQuantile(outside, successes, n - successes + 1);
  const high = successes === n ? 1 : betaQuantile(1 - outside, successes + 1, n - successes);
  return { low, high };
}

/** Score test of two equal shares, treatment − control: its square is chi-squared of the same counts. */
export function zPooled(
  treatment: Share,
  control: Share,
): { readonly kind: "z"; readonly z: number; readonly pValue: number } | Inconclusive {
  if (!isShare(treatment) || !isShare(control)) return inconclusive("invalid_input", sharesExpected);
  if (treatment.n === 0 || control.n === 0) return inconclusive("no_data", "one of the variants has no unit");
  const pooled = (treatment.successes + control.successes) / (treatment.n + control.n);
  const variance = pooled * (1 - pooled) * (1 / treatment.n + 1 / control.n);
  if (!(variance > 0)) return inconclusive("no_variance", "all units of both variants have the same result");
  const z = (rateOf(treatment) - rateOf(control)) / Math.sqrt(variance);
  return { kind: "z", z, pValue: Math.min(1, 2 * normalSf(Math.abs(z))) };
}

function pearson(table: Table, correction: number): ChiSquared | Inconclusive {
  const columns = table[0]?.length ?? 0;
  const isCounts = table.every((row) => row.length === columns && row.every(isCount));
  if (table.length < 2 || columns < 2 || !isCounts) {
    return inconclusive(
      "invalid_input",
      "give two rows or more of as many counts, two or more, none below 0",
    );
  }
  const rowSums = table.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columnSums = Array.from({ length: columns }, (_, j) =>
    table.reduce((sum, row) => sum + (row[j] ?? 0), 0),
  );
  const total = rowSums.reduce((sum, count) => sum + count, 0);
  if (total === 0) return inconclusive("no_data", "all counts are 0");
  if (rowSums.includes(0) || columnSums.includes(0)) {
    return inconclusive("zero_denominator", "a row or a column has no count, so nothing is expected there");
  }
  const cells = rowSums.flatMap((row, i) =>
    columnSums.map((column, j) => ({ expected: row * (column / total), observed: table[i]?.[j] ?? 0 })),
  );
  const statistic = cells.reduce((sum, { observed, expected }) => {
    const apart = Math.abs(observed - expected);
    return sum + (apart - Math.min(correction, apart)) ** 2 / expected;
  }, 0);
  if (!Number.isFinite(statistic))
    return inconclusive("invalid_input", "the counts are too large to be squared");
  const df = (table.length - 1) * (columns - 1);
  const expectedMin = Math.min(...cells.map(({ expected }) => expected));
  return { kind: "chi_squared", statistic, df, pValue: chiSquaredSf(statistic, df), expectedMin };
}

function rateOf({ successes, n }: Share): number {
  return successes / n;
}

function countsOf({ successes, n }: Share): readonly [number, number] {
  return [successes, n - successes];
}

function criticalZ(confidence: number): number {
  return -normalQuantile((1 - confidence) / 2);
}

function isCount(count: number): boolean {
  return count >= 0 && count < Number.POSITIVE_INFINITY;
}

function isTwoByTwo(table: Table): boolean {
  return table.length === 2 && table.every((row) => row.length === 2);
}

function wholeCounts(table: Table): readonly [readonly [number, number], readonly [number, number]] {
  const [[a = Number.NaN, b = Number.NaN] = [], [c = Number.NaN, d = Number.NaN] = []] = table;
  const isWhole = [a, b, c, d].every((count) => Number.isSafeInteger(count) && count >= 0);
  if (!isTwoByTwo(table) || !isWhole) throw new RangeError("give two rows of two whole counts, none below 0");
  return [
    [a, b],
    [c, d],
  ];
}

const sharesExpected = "successes and n must be whole, and successes between 0 and n";

function isShare({ successes, n }: Share): boolean {
  return Number.isSafeInteger(n) && Number.isSafeInteger(successes) && successes >= 0 && successes <= n;
}

function isConfidence(confidence: number): boolean {
  return confidence > 0 && confidence < 1;
}

function requireShare(share: Share, confidence: number): void {
  if (!isShare(share)) throw new RangeError(`${share.successes} of ${share.n}: ${sharesExpected}`);
  if (!isConfidence(confidence)) throw new RangeError(`a confidence of ${confidence} is not between 0 and 1`);
}
