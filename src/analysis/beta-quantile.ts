import { betaTails, logBetaFunction } from "./beta-tails.ts";

/**
 * log(x / (1 − x)) of the x at which a tail of Beta(a, b) has the probability e^logTail. In the logit both tails are log-concave,
 * so that Newton's method on the logarithm of a tail overshoots at most once and then comes to the root from one side; and no
 * quantile is too near to 0 or 1 to be told.
 */
export function logitBetaQuantile({ tail, logTail, a, b }: BetaQuantile): number {
  if (tail === "upper") return -logitBetaQuantile({ tail: "lower", logTail, a: b, b: a });
  // x^a / (a·B(a, b)) is all there is of the tail so near to 0.
  const logX = (logTail + Math.log(a) + logBetaFunction(a, b)) / a;
  if (logX + Math.log1p(b) < -40) return logX;
  // The power of 1 − x bounded by its value at x = ½: the root is not below, and an overshoot may not underflow.
  const least = Math.max(-700, Math.min(0, logX - (Math.max(0, 1 - a - b) * Math.LN2) / a));
  let logit = Math.log(a / b);
  for (let step = 0; step < 200; step++) {
    const { lower, density } = betaTails(a, b, 1 / (1 + Math.exp(-logit)), 1 / (1 + Math.exp(logit)));
    const move = (logTail - lower) * Math.exp(lower - density);
    logit = Math.max(least, logit + move);
    if (Math.abs(move) < 1e-16 + 4e-16 * Math.abs(logit)) break;
  }
  return logit;
}

interface BetaQuantile {
  readonly tail: "lower" | "upper";
  readonly logTail: number;
  readonly a: number;
  readonly b: number;
}
