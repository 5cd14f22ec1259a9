import { halfDeviance, stirlingError } from "./stirling.ts";

/**
 * log of P(counts | shares drawn from a Dirichlet of mean `shares`) / P(counts | exactly `shares`): a test martingale as counts
 * grow one by one, so that `exp` of it reaches 1/α with probability at most α however often one looks (Ville 1939; Lindon and
 * Malek 2022, Anytime-valid inference for multinomial count data). `shares` are above 0 and sum to 1; `concentration`, the
 * sum of the Dirichlet's parameters, has to be fixed before the first count. Throws a RangeError for anything else.
 *
 * Written in Stirling errors: the log Γ of a million counts are near 1e7 each and would leave five digits of their difference.
 */
export function logDirichletBayesFactor(
  counts: readonly number[],
  shares: readonly number[],
  concentration: number,
): number {
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (
    counts.length !== shares.length ||
    !(concentration > 0 && concentration + n < Number.POSITIVE_INFINITY)
  ) {
    throw new RangeError(`${counts.length} counts, ${shares.length} shares, concentration ${concentration}`);
  }
  const total = concentration + n;
  let log =
    stirlingError(concentration) -
    stirlingError(total) -
    0.5 * (counts.length - 1) * Math.log1p(n / concentration);
  shares.forEach((share, i) => {
    const count = counts[i] ?? 0;
    if (!(share > 0 && count >= 0)) throw new RangeError(`a count of ${count} at a share of ${share}`);
    const expected = total * share;
    const actual = concentration * share + count;
    const excess = count - n * share;
    // Σ excess = 0, which is why the half deviances are the whole of Σ actual·log(actual / expected).
    log +=
      halfDeviance(actual, expected, -excess) -
      0.5 * Math.log(actual / expected) +
      stirlingError(actual) -
      stirlingError(concentration * share);
  });
  return log;
}
