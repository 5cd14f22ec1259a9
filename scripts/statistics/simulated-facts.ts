/** Traffic as the store would hand it over, what was lost on the way left out, and the report on it at any time. */
import { FactColumns } from "../../src/analysis/fact-columns.ts";
import { OutcomeColumns } from "../../src/analysis/outcome-columns.ts";
import type { Random } from "../../src/analysis/random.ts";
import { report } from "../../src/analysis/report.ts";
import type { OutcomeMetric } from "../../src/domain/metric.ts";
import type { AnalysisPlan, ExperimentReport } from "../../src/domain/report.ts";
import { factFlags, type Phase } from "../../src/domain/store.ts";
import { drawTraffic, type Population } from "./traffic.ts";

export interface Situation extends Population {
  /** Of requests whose first attempt fails, in the treatment; the control's is `baseErrors`. */
  readonly errors: number;
  /** Both arms fail in this part of the requests. */
  readonly outage?: { readonly from: number; readonly to: number };
  /** Share of each arm, phase by phase; half unless told. Users in between are not in the experiment. */
  readonly shares?: readonly number[];
  readonly loss?: Loss;
}

/** The chance that each is lost. */
export interface Loss {
  /** A record, numbered as all are. */
  readonly record?: (of: Lossy) => number;
  /** A user's whole traffic, before it is numbered. */
  readonly user?: (of: Pick<Lossy, "isTreatment">) => number;
  readonly outcome?: (of: Lossy) => number;
  /** All outcomes of a user. */
  readonly answers?: (of: Pick<Lossy, "isTreatment">) => number;
}

interface Lossy {
  readonly isTreatment: boolean;
  readonly success: boolean;
}

export const baseErrors = 0.03;
/** Of requests that get an outcome. */
const answerRate = 0.5;
const startedAt = Date.UTC(2026, 0, 5);
const betweenMs = 60_000;

export class SimulatedExperiment {
  readonly requests: number;
  readonly #facts = new FactColumns();
  readonly #outcomes = new OutcomeColumns();
  readonly #situation: Situation;
  readonly #plan: AnalysisPlan;
  readonly #random: Random;
  readonly #traffic: ReturnType<typeof drawTraffic>;
  /** A place on the line for each user: the treatment from 0 up, the control from 1 down. */
  readonly #place: Float64Array;
  readonly #isGone: readonly boolean[];
  readonly #isSilent: readonly boolean[];
  #next = 0;
  #numbered = 0;
  #kept = 0;

  constructor(random: Random, situation: Situation) {
    const traffic = drawTraffic(random, situation);
    const chance = (of: ((of: Pick<Lossy, "isTreatment">) => number) | undefined) =>
      Array.from(
        traffic.isTreatment,
        (treated) => random.uniform() < (of?.({ isTreatment: treated === 1 }) ?? 0),
      );
    this.#situation = situation;
    this.#random = random;
    this.#traffic = traffic;
    this.requests = traffic.unit.length;
    this.#place = Float64Array.from(traffic.isTreatment, (treated) => (random.uniform() + 1 - treated) / 2);
    this.#isGone = chance(situation.loss?.user);
    this.#isSilent = chance(situation.loss?.answers);
    this.#plan = planFor(situation);
  }

  /** The report after so many requests; never fewer than before. */
  reportAfter(requests: number): ExperimentReport {
    for (; this.#next < requests; this.#next++) this.#push(this.#next);
    const now = startedAt + this.#next * betweenMs;
    return report(this.#plan, {
      facts: this.#facts,
      outcomes: this.#outcomes,
      phases: this.#phases(),
      boots: [
        {
          instance: "1",
          boot: "1",
          startedAt,
          aliveAt: now,
          isClosed: false,
          lastSequence: this.#numbered,
          rows: this.#kept,
        },
      ],
      orphans: new Map(),
      now,
    });
  }

  /** Outcomes and requests by unit, for checks that the report does not make. */
  get columns(): { readonly facts: FactColumns; readonly outcomes: OutcomeColumns } {
    return { facts: this.#facts, outcomes: this.#outcomes };
  }

  #push(request: number): void {
    const { loss, errors, outage } = this.#situation;
    const random = this.#random;
    const unit = this.#traffic.unit[request] ?? 0;
    const isTreatment = this.#traffic.isTreatment[unit] === 1;
    const part = request / this.requests;
    const phase = this.#phaseAt(request);
    if (!this.#isExposed(unit, phase) || this.#isGone[unit] === true) return;
    this.#numbered++;
    const isDown = outage !== undefined && part >= outage.from && part < outage.to;
    const isError = isDown || random.uniform() < (isTreatment ? errors : baseErrors);
    const success = !isDown && this.#traffic.success[request] === 1;
    const isLost = random.uniform() < (loss?.record?.({ isTreatment, success }) ?? 0);
    const isAnswered = random.uniform() < answerRate && this.#isSilent[unit] !== true;
    const isOutcomeLost = random.uniform() < (loss?.outcome?.({ isTreatment, success }) ?? 0);
    if (isLost) return;
    this.#kept++;
    const at = startedAt + request * betweenMs;
    this.#facts.push({
      row: request + 1,
      receivedAt: at,
      unit: unit + 1,
      session: 0,
      phase: `${phase + 1}`,
      assigned: isTreatment ? "candidate" : "control",
      served: undefined,
      flags: factFlags.exposed | (isError ? factFlags.error : factFlags.success),
      latencyMs: this.#traffic.latencyMs[request] ?? 0,
      firstChunkMs: undefined,
      inputTokens: undefined,
      outputTokens: undefined,
      cachedTokens: undefined,
      costUsd: undefined,
      responseModel: undefined,
    });
    if (isAnswered && !isOutcomeLost) this.#answer(request, at, success);
  }

  #answer(request: number, at: number, success: boolean): void {
    this.#outcomes.push({
      row: request + 1,
      metric: "resolved",
      at,
      receivedAt: at,
      requestRow: request + 1,
      session: undefined,
      unit: undefined,
      value: success ? 1 : 0,
      category: undefined,
      label: undefined,
      prediction: undefined,
    });
  }

  get #shares(): readonly number[] {
    return this.#situation.shares ?? [0.5];
  }

  #phaseAt(request: number): number {
    return Math.min(this.#shares.length - 1, Math.floor((request * this.#shares.length) / this.requests));
  }

  #isExposed(unit: number, phase: number): boolean {
    const place = this.#place[unit] ?? 0;
    return Math.min(place, 1 - place) < (this.#shares[phase] ?? 0);
  }

  #phases(): readonly Phase[] {
    return this.#shares.map((share, phase) => ({
      id: `${phase + 1}`,
      experimentId: "simulated",
      startedAt,
      revision: "1",
      shares: { control: share, candidate: share },
      killed: [],
    }));
  }
}

const resolved: OutcomeMetric = {
  name: "resolved",
  description: "",
  kind: "boolean",
  better: "higher",
  per: "outcome",
  combine: "last",
  minimum: undefined,
  maximum: undefined,
  categories: {},
  cap: undefined,
  windowMs: Number.POSITIVE_INFINITY,
};

function planFor({ units }: Situation): AnalysisPlan {
  const guardrail = { role: "guardrail", smallestEffect: undefined } as const;
  return {
    experimentId: "simulated",
    description: "",
    unit: "user",
    controlId: "control",
    variantIds: ["control", "candidate"],
    scope: "used",
    alpha: 0.05,
    plannedUnits: units,
    minimumUnits: 30,
    metrics: [
      { metric: "resolved", role: "goal", margin: undefined, smallestEffect: undefined },
      { ...guardrail, metric: "error_rate", margin: { kind: "absolute", value: 0.03 } },
      { ...guardrail, metric: "latency_log", margin: { kind: "relative", value: 0.25 } },
    ],
    definitions: [
      { name: "resolved", description: "", better: "higher", unit: "share", outcome: resolved },
      { name: "error_rate", description: "", better: "lower", unit: "share", outcome: undefined },
      { name: "latency_log", description: "", better: "lower", unit: "ms", outcome: undefined },
    ],
  };
}

/** Of `resolved`, treatment minus control. */
export function trueGoal({ effect, outage }: Situation): number {
  return outage === undefined ? effect : effect * (1 - (outage.to - outage.from));
}
