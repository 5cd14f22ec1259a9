import type { Inconclusive } from "../domain/estimate.ts";
import { inconclusive } from "./inconclusive.ts";
import { quantileOf } from "./quantile.ts";

export interface Winsorised {
  readonly kind: "winsorised";
  readonly cap: number;
  /** In the order they came in. */
  readonly values: Float64Array;
  readonly cappedCount: number;
  readonly mean: number;
  /** To be shown beside `mean`: capping changes the question from the mean to that of a shorter tail. */
  readonly uncappedMean: number;
}

/**
 * Values above a high quantile, put down to it (Winsor's rule, on the upper tail only: costs, tokens and latencies end at 0).
 * Take the cap from the units of both arms together and give it to `winsoriseTo` for each arm: a cap of one arm's own would move
 * with the effect that is measured.
 */
export function winsoriseAt(values: Float64Array, quantile = 0.999): Winsorised | Inconclusive {
  const cap = capAt(values, quantile);
  return typeof cap === "number" ? winsoriseTo(values, cap) : cap;
}

/**
 * The value that `winsoriseAt` caps at. Where nearly all values are the same and the quantile is their least, it is the
 * greatest value, which caps nothing: a metric of rare values must not lose all of them.
 */
export function capAt(values: Float64Array, quantile = 0.999): number | Inconclusive {
  const cap = quantileOf(values.slice(), quantile);
  if (typeof cap !== "number") return cap;
  const { least, greatest } = extremes(values);
  return cap > least ? cap : greatest;
}

export function winsoriseTo(values: Float64Array, cap: number): Winsorised | Inconclusive {
  const n = values.length;
  if (n === 0) return inconclusive("no_data", "no value was seen");
  const capped = new Float64Array(n);
  let cappedCount = 0;
  let sum = 0;
  let uncappedSum = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i] ?? 0;
    const kept = Math.min(value, cap);
    if (kept < value) cappedCount += 1;
    capped[i] = kept;
    sum += kept;
    uncappedSum += value;
  }
  if (!Number.isFinite(sum) || !Number.isFinite(uncappedSum)) {
    return inconclusive("invalid_input", "some value is not a finite number, or too large to be added");
  }
  return {
    kind: "winsorised",
    cap,
    values: capped,
    cappedCount,
    mean: sum / n,
    uncappedMean: uncappedSum / n,
  };
}

function extremes(values: Float64Array): { least: number; greatest: number } {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { least, greatest };
}
