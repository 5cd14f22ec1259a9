/** Terms this much below the greatest, in logarithms, are nothing beside the sum. */
const negligible = 42;

/**
 * log ∫ exp(logF(x)) dx over the whole line, for a log-concave and analytic f that falls off at least exponentially. `start` is a
 * point with f > 0 and `scale` a length to begin with. By the trapezoidal rule, which converges geometrically for such f (Trefethen
 * and Weideman 2014, The exponentially convergent trapezoidal rule); the step is halved until the error is rounding.
 */
export function logIntegrateLogConcave(logF: (x: number) => number, start: number, scale: number): number {
  const mode = findMode(logF, start, scale);
  const top = logF(mode);
  const f = (x: number) => Math.exp(logF(x) - top);
  let step = Math.min(fallWidth(f, mode, scale), fallWidth(f, mode, -scale));
  let sum = sumFrom(f, mode, step) + sumFrom(f, mode - step, -step);
  for (let halving = 0; halving < 12; halving++) {
    const middle = mode + step / 2;
    const between = sumFrom(f, middle, step) + sumFrom(f, middle - step, -step);
    // Halving the step squares the relative error: that of both together is the square of what they differ by.
    const hasConverged = Math.abs(between - sum) <= 1e-8 * sum;
    sum += between;
    step /= 2;
    if (hasConverged) break;
  }
  return top + Math.log(sum * step);
}

function sumFrom(f: (x: number) => number, first: number, step: number): number {
  const least = Math.exp(-negligible);
  let sum = 0;
  for (let x = first; ; x += step) {
    const term = f(x);
    sum += term;
    if (!(term > least)) return sum;
  }
}

function findMode(logF: (x: number) => number, start: number, scale: number): number {
  const direction = logF(start + scale) > logF(start - scale) ? scale : -scale;
  let reach = direction;
  while (logF(start + 2 * reach) > logF(start + reach)) reach *= 2;
  let [low, high] = direction > 0 ? [start - scale, start + 2 * reach] : [start + 2 * reach, start + scale];
  // A rough mode will do: it only has to be a fair place to sum from.
  while (high - low > 0.05 * scale) {
    const third = (high - low) / 3;
    if (logF(low + third) < logF(high - third)) low += third;
    else high -= third;
  }
  return (low + high) / 2;
}

/** How far from the mode f has fallen to e^−½, about one standard deviation. */
function fallWidth(f: (x: number) => number, mode: number, direction: number): number {
  const level = Math.exp(-0.5);
  let out = direction;
  while (f(mode + out) > level) out *= 2;
  let within = 0;
  for (let i = 0; i < 12; i++) {
    const middle = (out + within) / 2;
    if (f(mode + middle) > level) within = middle;
    else out = middle;
  }
  return Math.abs(out);
}
