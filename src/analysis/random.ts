/** Draws that keys decide, for simulations: the same in every run and on every machine. */
export interface Random {
  /** Of [0, 1), in steps of 2⁻³². */
  uniform(): number;
  normal(mean?: number, sd?: number): number;
  exponential(mean?: number): number;
  /** Of scale 1: its mean is the shape. */
  gamma(shape: number): number;
  beta(a: number, b: number): number;
  poisson(mean: number): number;
  bernoulli(probability: number): boolean;
  /** Of 0 … below − 1. */
  integer(below: number): number;
}

/**
 * One stream of draws for each list of integers: the seed alone, or with what the draws are for, so that one user's do not
 * depend on how many another one has used.
 */
export function createRandom(seed: number, ...keys: readonly number[]): Random {
  const uniform = xoshiro128(seed, keys);
  const positive = () => 1 - uniform();
  const normal = (mean = 0, sd = 1) =>
    mean + sd * Math.sqrt(-2 * Math.log(positive())) * Math.cos(2 * Math.PI * uniform());
  const gamma = (shape: number): number => gammaDraw(shape, uniform, normal);
  return {
    uniform,
    normal,
    exponential: (mean = 1) => -mean * Math.log(positive()),
    gamma,
    beta: (a, b) => betaDraw(a, b, { uniform, gamma }),
    poisson: (mean) => poissonDraw(mean, uniform, gamma),
    bernoulli: (probability) => uniform() < probability,
    integer: (below) => Math.floor(uniform() * below),
  };
}

// Blackman and Vigna 2018, xoshiro128**; its state is filled by Weyl steps through the finaliser of MurmurHash3, once for
// each key: four words that would all have to collide.
function xoshiro128(seed: number, keys: readonly number[]): () => number {
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) {
    const step = Math.imul(i + 1, 0x9e3779b9);
    state[i] = keys.reduce((word, key) => scramble(((word ^ key) + step) | 0), scramble((seed + step) | 0));
  }
  // Zero is the one state that it never leaves.
  if (state.every((word) => word === 0)) state[0] = 1;
  let [a = 1, b = 2, c = 3, d = 4] = state;
  return () => {
    const out = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return out / 2 ** 32;
  };
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function scramble(word: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

interface Source {
  readonly uniform: () => number;
  readonly gamma: (shape: number) => number;
}

// Two gamma draws; where both underflow (shapes near 0) nearly all of the mass is at the ends, a share a/(a + b) of it at 1.
function betaDraw(a: number, b: number, { uniform, gamma }: Source): number {
  const x = gamma(a);
  const sum = x + gamma(b);
  return sum > 0 ? x / sum : Number(uniform() * (a + b) < a);
}

// Marsaglia and Tsang 2000; a shape under 1 by the power of a uniform draw.
function gammaDraw(shape: number, uniform: () => number, normal: () => number): number {
  if (shape < 1) return gammaDraw(shape + 1, uniform, normal) * (1 - uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

// Products of uniform draws (Knuth, volume 2, 3.4.1), after large means were halved through gamma arrivals (Ahrens and Dieter 1974).
function poissonDraw(mean: number, uniform: () => number, gamma: (shape: number) => number): number {
  if (mean > 30) {
    const events = Math.floor((7 * mean) / 8);
    const at = gamma(events);
    if (at > mean) {
      let count = 0;
      for (let i = 1; i < events; i++) if (uniform() < mean / at) count += 1;
      return count;
    }
    return events + poissonDraw(mean - at, uniform, gamma);
  }
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = uniform(); product > floor; product *= uniform()) count += 1;
  return count;
}
