/**
 * Holm's step-down p-values (Holm 1979), in the order given: reject what is ≤ α, and with any dependence between the tests a false
 * rejection happens with probability ≤ α. Throws a RangeError for what is not a probability.
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length);
  let greatest = 0;
  for (const [rank, { p, index }] of ascending(pValues).entries()) {
    greatest = Math.max(greatest, Math.min(1, (pValues.length - rank) * p));
    adjusted[index] = greatest;
  }
  return adjusted;
}

/**
 * Step-up p-values of Benjamini and Hochberg (1995), in the order given: of what is ≤ q a share q is false on average, if the tests
 * are independent or positively dependent. Throws a RangeError for what is not a probability.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length);
  let least = 1;
  const descending = ascending(pValues).reverse();
  for (const [rank, { p, index }] of descending.entries()) {
    least = Math.min(least, (pValues.length * p) / (pValues.length - rank));
    adjusted[index] = least;
  }
  return adjusted;
}

function ascending(pValues: readonly number[]): { p: number; index: number }[] {
  for (const p of pValues) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`the p-value is ${p}: give a number of 0 to 1`);
  }
  return pValues.map((p, index) => ({ p, index })).sort((one, other) => one.p - other.p);
}
