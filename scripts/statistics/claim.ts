import { chiSquared, newcombe } from "../../src/analysis/proportion.ts";
import type { Estimate, Inconclusive, Interval } from "../../src/domain/estimate.ts";

/** What a method says at one look. */
export type Claim = Pick<Estimate, "value" | "interval" | "pValue">;

interface Total {
  readonly sum: number;
  readonly count: number;
}

/** Rejects by chi-squared; the interval that people draw beside it is Newcombe's. */
export function chiSquaredClaim(treatment: Total, control: Total): Claim | undefined {
  const share = ({ sum, count }: Total) => ({ successes: Math.round(sum), n: Math.round(count) });
  const [one, other] = [share(treatment), share(control)];
  const tested = chiSquared([
    [one.successes, one.n - one.successes],
    [other.successes, other.n - other.successes],
  ]);
  if (tested.kind === "inconclusive") return undefined;
  const value = one.successes / one.n - other.successes / other.n;
  return { value, interval: newcombe(one, other, 0.95), pValue: tested.pValue };
}

export function claimOf(estimate: Estimate | Inconclusive): Claim | undefined {
  return estimate.kind === "estimate" ? estimate : undefined;
}

export function holds({ low, high }: Interval, value: number): boolean {
  return low <= value && value <= high;
}
