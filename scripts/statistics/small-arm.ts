/** A small arm and values with a long tail: where always-valid intervals are at their weakest. */

import { normalQuantile } from "../../src/analysis/distributions.ts";
import { alwaysValid, type Effect, fixedHorizon } from "../../src/analysis/pooled-effect.ts";
import type { Random } from "../../src/analysis/random.ts";
import { compareRatios } from "../../src/analysis/ratio.ts";
import type { Estimate, Inconclusive } from "../../src/domain/estimate.ts";
import { type Method, Score } from "./score.ts";
import type { Study } from "./study.ts";

const shares = [0.01, 0.05, 0.1, 0.25, 0.5];
/** Units of both arms for which the sequence is tuned: a small arm then decides by its first hundreds. */
const plannedN = 10_000;
/** Units of the small arm at the end. */
const mostSmall = 3_000;
/** Of the small arm's values, where there is an effect. */
const slowdown = 1.5;
/** Looks while the small arm grows by half. */
const looksPerHalf = 10;

interface Tail {
  readonly name: string;
  readonly sigma: number;
  /** Of all values, the part above which they count as that quantile. */
  readonly capAt?: number;
  readonly isLog?: boolean;
}

const tails: readonly Tail[] = [
  { name: "log-normal, σ = 1 (skewness 6)", sigma: 1 },
  { name: "log-normal, σ = 1.5 (skewness 33)", sigma: 1.5 },
  { name: "log-normal, σ = 1.5, capped at 99.9 %", sigma: 1.5, capAt: 0.999 },
  { name: "log-normal, σ = 1.5, logarithms", sigma: 1.5, isLog: true },
];

export const smallArm: readonly Study[] = tails.flatMap((tail) =>
  shares.map(
    (share): Study => ({
      id: `small arm ${tail.name} ${share}`,
      table: "small_arm",
      part: share < 0.05 ? 0.15 : 0.3,
      run: ({ runs, of }) => {
        const watches = methods.map((method) => ({ method, score: new Score(method) }));
        for (let run = 0; run < runs; run++) {
          const quiet = follow(of(run, "null"), { tail, share, slowdown: 1 });
          const slow = follow(of(run, "effect"), { tail, share, slowdown });
          for (const { method, score } of watches) {
            // An alarm at or above the floor is one that the floor does not prevent.
            score.alarm(quiet[method.kind].some(({ small }) => small >= method.floor));
            score.findAt(
              slow[method.kind].find(({ small, isHigher }) => isHigher && small >= method.floor)?.units,
            );
          }
        }
        const scenario = `${100 * share} % of the units, ${tail.name}`;
        return watches.map(({ score }) => score.row(scenario));
      },
    }),
  ),
);

type Kind = "sequence" | "levelled" | "fixed";

const methods: readonly (Method & { readonly kind: Kind; readonly floor: number })[] = [
  ...[30, 100, 300, 1_000].map((floor) => ({
    kind: "sequence" as const,
    floor,
    name: `confidence sequence, from ${floor.toLocaleString("en")} units of the arm on`,
    isOurs: true,
    nominal: 0.05,
  })),
  ...[30, 100].map((floor) => ({
    kind: "levelled" as const,
    floor,
    name: `proposed: the larger of both variances for both arms, from ${floor} units on`,
    isOurs: false,
    nominal: 0.05,
  })),
  {
    kind: "fixed",
    floor: 30,
    name: "Welch at every look, from 30 units of the arm on",
    isOurs: false,
    nominal: 0.05,
  },
];

/** Mean and squares of an arm, value by value (Welford 1962). */
interface Arm {
  n: number;
  mean: number;
  m2: number;
}

function push(arm: Arm, value: number): void {
  arm.n += 1;
  const before = value - arm.mean;
  arm.mean += before / arm.n;
  arm.m2 += before * (value - arm.mean);
}

/** An effect that a look claimed, and the units at that look. */
interface Claimed {
  readonly small: number;
  readonly units: number;
  readonly isHigher: boolean;
}

function follow(
  random: Random,
  {
    tail,
    share,
    slowdown: times,
  }: { readonly tail: Tail; readonly share: number; readonly slowdown: number },
): Readonly<Record<Kind, readonly Claimed[]>> {
  const draw = drawerOf(random, tail);
  const [small, large]: readonly [Arm, Arm] = [emptyArm(), emptyArm()];
  const claimed: Record<Kind, Claimed[]> = { sequence: [], levelled: [], fixed: [] };
  let next = 30;
  for (const most = mostSmall / share; small.n + large.n < most; ) {
    if (random.uniform() < share) push(small, draw(times));
    else push(large, draw(1));
    if (small.n < next || large.n < 30) continue;
    next = Math.max(small.n + 1, Math.ceil(small.n * 1.5 ** (1 / looksPerHalf)));
    const effect = effectOf(small, large);
    const look = { alpha: 0.05, plannedN };
    const at = { small: small.n, units: small.n + large.n, isHigher: small.mean > large.mean };
    if (isClaim(alwaysValid(effect, look))) claimed.sequence.push(at);
    if (isClaim(alwaysValid(effectOf(...levelled(small, large)), look))) claimed.levelled.push(at);
    if (isClaim(fixedHorizon(effect, 0.05))) claimed.fixed.push(at);
  }
  return claimed;
}

function isClaim(estimate: Estimate | Inconclusive): boolean {
  return estimate.kind === "estimate" && estimate.pValue < 0.05;
}

function emptyArm(): Arm {
  return { n: 0, mean: 0, m2: 0 };
}

/** The report's own difference, of one value a unit. */
function effectOf(small: Arm, large: Arm): Effect | Inconclusive {
  const found = compareRatios(pairsOf(small), pairsOf(large));
  if (found.kind === "inconclusive") return found;
  const { value, standardError, df } = found;
  const units = small.n + large.n;
  return { kind: "effect", value, standardError, df, units, treatment: small.mean, control: large.mean };
}

/** Neither arm's variance is taken to be less than the other's: a small arm that has not met its tail yet thinks that it has none. */
function levelled(small: Arm, large: Arm): readonly [Arm, Arm] {
  const variance = Math.max(small.m2 / (small.n - 1), large.m2 / (large.n - 1));
  return [
    { ...small, m2: variance * (small.n - 1) },
    { ...large, m2: variance * (large.n - 1) },
  ];
}

function pairsOf({ n, mean, m2 }: Arm) {
  return { n, meanX: mean, m2X: m2, meanY: 1, m2Y: 0, cXY: 0 };
}

/** One value of a unit whose values are that many times as large. */
function drawerOf(random: Random, { sigma, capAt, isLog }: Tail): (times: number) => number {
  if (isLog === true) return (times) => Math.log(times) + random.normal(0, sigma);
  const cap = capAt === undefined ? Number.POSITIVE_INFINITY : Math.exp(sigma * normalQuantile(capAt));
  return (times) => Math.min(cap, times * Math.exp(random.normal(0, sigma)));
}
