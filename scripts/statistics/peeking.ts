/** Looking again and again until something shows. */
import { quantileDifferenceSequence } from "../../src/analysis/anytime-quantile.ts";
import { alwaysValid, fixedHorizon, pooledEffect } from "../../src/analysis/pooled-effect.ts";
import { clusteredQuantile, compareQuantiles } from "../../src/analysis/quantile.ts";
import type { MetricUnit } from "../../src/domain/metric.ts";
import { type Claim, chiSquaredClaim, claimOf } from "./claim.ts";
import { leastUnits, Watch } from "./looks.ts";
import { type Draws, iccs, type Study } from "./study.ts";
import { drawTraffic, type Population, type Traffic, trueEffects } from "./traffic.ts";
import { totalOf, UnitSums } from "./unit-sums.ts";

const schedules = { "14 looks": 14, "60 looks": 60 } as const;
const orders = { one_by_one: "users one after another", returning: "users coming back" } as const;

const situations: readonly { readonly perArm: number; readonly icc: number; readonly order: Order }[] = [
  ...iccs.map((icc) => ({ perArm: 300, icc, order: "one_by_one" as const })),
  ...iccs.map((icc) => ({ perArm: 300, icc, order: "returning" as const })),
  { perArm: 2_000, icc: 0.3, order: "returning" },
];
type Order = Population["order"];

export const peeking: readonly Study[] = situations.map(({ perArm, icc, order }) => ({
  id: `peeking ${perArm} ${icc} ${order}`,
  table: "peeking",
  part: perArm === 300 ? 0.6 : 0.15,
  run: (draws) => {
    const population = { units: 2 * perArm, icc, order };
    const scenario = `${perArm.toLocaleString("en")} users an arm, ICC ${icc}, ${orders[order]}`;
    const effects = { effect: perArm === 300 ? 0.1 : 0.05, slowdown: 1 };
    return runLooks(draws, { population, effects, scenario, question: successQuestion });
  },
}));

export const peekingLatency: readonly Study[] = [0, 0.3].flatMap((icc) =>
  (["one_by_one", "returning"] as const).map(
    (order): Study => ({
      id: `peeking latency ${icc} ${order}`,
      table: "peeking_latency",
      part: 0.25,
      run: (draws) => {
        const population = { units: 600, icc, order };
        const scenario = `300 users an arm, ICC ${icc}, ${orders[order]}`;
        const effects = { effect: 0, slowdown: 1.5 };
        return runLooks(draws, { population, effects, scenario, question: latencyQuestion });
      },
    }),
  ),
);

interface Question {
  readonly methods: readonly { readonly name: string; readonly isOurs: boolean }[];
  /** By method. */
  readonly truths: (population: Population) => readonly number[];
  readonly start: (traffic: Traffic, plannedN: number) => Looker;
}

interface Looker {
  readonly add: (request: number) => void;
  /** Units of both arms; fewer than `leastUnits` in one of them gives undefined. */
  readonly look: () =>
    | { readonly units: number; readonly claims: readonly (Claim | undefined)[] }
    | undefined;
}

const successQuestion: Question = {
  methods: [
    { name: "success, confidence sequence by unit", isOurs: true },
    { name: "success, z beyond ±1.96 by unit", isOurs: false },
    { name: "success, chi-squared on requests", isOurs: false },
  ],
  truths: (population) => {
    const { success } = trueEffects(population);
    return [success, success, success];
  },
  start: (traffic, plannedN) => {
    const sums = new UnitSums(traffic.isTreatment);
    return {
      add: (i) => sums.add(traffic.unit[i] ?? 0, traffic.success[i] ?? 0),
      look: () => {
        const found = effectOf(sums, "share");
        if (found === undefined) return undefined;
        const { effect, pairs, units } = found;
        const onRequests = chiSquaredClaim(totalOf(pairs.treatment), totalOf(pairs.control));
        const sequence = claimOf(alwaysValid(effect, { alpha: 0.05, plannedN }));
        return { units, claims: [sequence, claimOf(fixedHorizon(effect, 0.05)), onRequests] };
      },
    };
  },
};

const latencyQuestion: Question = {
  methods: [
    { name: "mean latency, confidence sequence by unit", isOurs: true },
    { name: "mean latency, Welch by unit", isOurs: false },
    { name: "p95 latency, Howard and Ramdas, one request a user", isOurs: true },
    { name: "p95 latency, fixed interval clustered by unit", isOurs: false },
  ],
  truths: (population) => {
    const { meanLatencyMs, p95LatencyMs } = trueEffects(population);
    return [meanLatencyMs, meanLatencyMs, p95LatencyMs, p95LatencyMs];
  },
  start: (traffic, plannedN) => {
    const sums = new UnitSums(traffic.isTreatment);
    const samples = [new Sample(traffic, 1), new Sample(traffic, 0)] as const;
    return {
      add: (i) => {
        sums.add(traffic.unit[i] ?? 0, traffic.latencyMs[i] ?? 0);
        for (const sample of samples) sample.add(i);
      },
      look: () => {
        const found = effectOf(sums, "ms");
        if (found === undefined) return undefined;
        const { effect, units } = found;
        const claims = [
          claimOf(alwaysValid(effect, { alpha: 0.05, plannedN })),
          claimOf(fixedHorizon(effect, 0.05)),
        ];
        return {
          units,
          claims: [...claims, anytimeP95(samples, plannedN), fixedP95(samples, traffic.units)],
        };
      },
    };
  },
};

function effectOf(sums: UnitSums, unit: MetricUnit) {
  const stratum = sums.stratum();
  const pairs = { treatment: stratum.treatment.pairs, control: stratum.control.pairs };
  if (Math.min(pairs.treatment.n, pairs.control.n) < leastUnits) return undefined;
  const units = pairs.treatment.n + pairs.control.n;
  return { effect: pooledEffect({ strata: [stratum], unitCount: sums.length, unit }), pairs, units };
}

/** One arm's latencies so far, and the first of each user. */
class Sample {
  readonly #traffic: Traffic;
  readonly #arm: 0 | 1;
  readonly #values: number[] = [];
  readonly #units: number[] = [];
  readonly #firsts: number[] = [];
  readonly #seen: Uint8Array;

  constructor(traffic: Traffic, arm: 0 | 1) {
    this.#traffic = traffic;
    this.#arm = arm;
    this.#seen = new Uint8Array(traffic.units);
  }

  add(request: number): void {
    const unit = this.#traffic.unit[request] ?? 0;
    if (this.#traffic.isTreatment[unit] !== this.#arm) return;
    const value = this.#traffic.latencyMs[request] ?? 0;
    this.#values.push(value);
    this.#units.push(unit);
    if (this.#seen[unit] === 0) this.#firsts.push(value);
    this.#seen[unit] = 1;
  }

  sortedFirsts(): Float64Array {
    return Float64Array.from(this.#firsts).sort();
  }

  p95(unitCount: number) {
    const values = Float64Array.from(this.#values);
    return clusteredQuantile({ values, units: Uint32Array.from(this.#units), unitCount, p: 0.95 });
  }
}

type Samples = readonly [treatment: Sample, control: Sample];

function anytimeP95([treatment, control]: Samples, plannedN: number): Claim | undefined {
  const tuning = { tunedFor: plannedN / 2 };
  const found = quantileDifferenceSequence(
    treatment.sortedFirsts(),
    control.sortedFirsts(),
    0.95,
    0.05,
    tuning,
  );
  return found.kind === "inconclusive" ? undefined : found;
}

function fixedP95([treatment, control]: Samples, unitCount: number): Claim | undefined {
  return claimOf(compareQuantiles(treatment.p95(unitCount), control.p95(unitCount)));
}

interface Asked {
  readonly population: Pick<Population, "units" | "icc" | "order">;
  readonly effects: Pick<Population, "effect" | "slowdown">;
  readonly scenario: string;
  readonly question: Question;
}

function runLooks({ runs, of }: Draws, { population, effects, scenario, question }: Asked) {
  const watches = Object.keys(schedules).map((schedule) =>
    question.methods.map(
      ({ name, isOurs }) => new Watch({ name: `${name}, ${schedule}`, isOurs, nominal: 0.05 }),
    ),
  );
  const follow = (traffic: Traffic, truths: readonly number[]) =>
    Object.values(schedules).forEach((looks, schedule) => {
      followLooks(question.start(traffic, population.units), traffic.unit.length, looks, (units, claims) => {
        for (const [i, watch] of (watches[schedule] ?? []).entries()) {
          watch.look(claims[i], { units, truth: truths[i] ?? 0 });
        }
      });
    });
  for (let run = 0; run < runs; run++) {
    const none = { ...population, effect: 0, slowdown: 1 };
    follow(drawTraffic(of(run, "null"), none), question.truths(none));
    for (const watch of watches.flat()) watch.endNull();
    const some = { ...population, ...effects };
    follow(drawTraffic(of(run, "effect"), some), question.truths(some));
    for (const watch of watches.flat()) watch.endEffect();
  }
  return watches.flat().map(({ score }) => score.row(scenario));
}

/** Looks at equal distances, the last at the planned size. */
function followLooks(
  looker: Looker,
  requests: number,
  looks: number,
  visit: (units: number, claims: readonly (Claim | undefined)[]) => void,
): void {
  let next = 0;
  for (let look = 1; look <= looks; look++) {
    for (const end = Math.round((requests * look) / looks); next < end; next++) looker.add(next);
    const seen = looker.look();
    if (seen !== undefined) visit(seen.units, seen.claims);
  }
}
