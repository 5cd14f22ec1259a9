/** Requests of users in an experiment: some users come far more often than others, and each is like himself. */
import type { Random } from "../../src/analysis/random.ts";

export interface Population {
  /** Of both arms together. */
  readonly units: number;
  /** Of two requests of one user: in success, and in the logarithm of latency. */
  readonly icc: number;
  /** Added to the treatment's rate of success. */
  readonly effect: number;
  /** By how much the treatment's latencies are multiplied. */
  readonly slowdown: number;
  /** Users one after another with all of their requests, or all coming back again and again over the whole time. */
  readonly order: "one_by_one" | "returning";
}

/** By request, in the order of time; `isTreatment` by unit. */
export interface Traffic {
  readonly units: number;
  readonly isTreatment: Uint8Array;
  readonly unit: Uint32Array;
  readonly success: Float64Array;
  readonly latencyMs: Float64Array;
}

export const baseRate = 0.6;
export const requestsPerUser = 11;
const medianLatencyMs = 800;
/** Of the logarithm: a p95 of five times the median. */
const latencySigma = 1;
/** Of the logarithm of how often a user comes: one in a hundred makes eight times the requests of the median. */
const visitSigma = 0.9;

export function drawTraffic(random: Random, population: Population): Traffic {
  const { units, icc, order } = population;
  const isTreatment = Uint8Array.from({ length: units }, () => Number(random.bernoulli(0.5)));
  const counts = Uint32Array.from({ length: units }, () => visitsOf(random));
  const owners = ownersOf(counts);
  if (order === "returning") shuffle(random, owners);
  const rates = Float64Array.from(isTreatment, (treated) =>
    ownRate(random, baseRate + treated * population.effect, icc),
  );
  const speeds = Float64Array.from(isTreatment, () => random.normal(0, Math.sqrt(icc)));
  const success = new Float64Array(owners.length);
  const latencyMs = new Float64Array(owners.length);
  const within = Math.sqrt(1 - icc);
  for (let i = 0; i < owners.length; i++) {
    const owner = owners[i] ?? 0;
    success[i] = random.uniform() < (rates[owner] ?? 0) ? 1 : 0;
    const scale = isTreatment[owner] === 1 ? population.slowdown : 1;
    const z = (speeds[owner] ?? 0) + within * random.normal();
    latencyMs[i] = scale * medianLatencyMs * Math.exp(latencySigma * z);
  }
  return { units, isTreatment, unit: owners, success, latencyMs };
}

/** What the estimates aim at, treatment minus control. */
export function trueEffects({ effect, slowdown }: Population): {
  readonly success: number;
  readonly meanLatencyMs: number;
  readonly p95LatencyMs: number;
} {
  const more = (slowdown - 1) * medianLatencyMs;
  return {
    success: effect,
    meanLatencyMs: more * Math.exp(latencySigma ** 2 / 2),
    p95LatencyMs: more * Math.exp(latencySigma * 1.6448536269514722),
  };
}

/** Poisson around a lognormal rate, at least one; 11 on average. */
export function visitsOf(random: Random): number {
  const rate = (requestsPerUser - 1) * Math.exp(visitSigma * random.normal() - visitSigma ** 2 / 2);
  return 1 + random.poisson(rate);
}

/** A beta draw around `mean`: two Bernoulli draws at the same rate then correlate by `icc`. */
export function ownRate(random: Random, mean: number, icc: number): number {
  if (icc === 0) return mean;
  const size = 1 / icc - 1;
  return random.beta(mean * size, (1 - mean) * size);
}

function ownersOf(counts: Uint32Array): Uint32Array {
  const owners = new Uint32Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  counts.forEach((count, unit) => {
    owners.fill(unit, at, at + count);
    at += count;
  });
  return owners;
}

/** Fisher and Yates. */
export function shuffle(random: Random, values: Uint32Array): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = kept;
  }
}
