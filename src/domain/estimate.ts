/** Bounds of a confidence interval or sequence; either may be infinite. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An effect with its uncertainty: treatment minus control, unless the maker says otherwise. */
export interface Estimate {
  readonly kind: "estimate";
  readonly value: number;
  readonly standardError: number;
  /** Degrees of freedom of the t distribution; infinite where the normal one is meant. */
  readonly df: number;
  readonly interval: Interval;
  /** Two-sided, of no difference. */
  readonly pValue: number;
}

/** What cannot be computed, and why, in a word that code may ask for and a sentence that people read. Never 0, 1 or NaN. */
export interface Inconclusive {
  readonly kind: "inconclusive";
  readonly reason: InconclusiveReason;
  readonly message: string;
}

export type InconclusiveReason =
  | "no_data"
  | "too_few_units"
  | "too_few_points"
  | "no_variance"
  | "zero_denominator"
  | "not_positive"
  | "invalid_input";
