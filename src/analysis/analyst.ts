/** Keeps what was read of each experiment, reads what is new, and answers. */
import type { RampQuestion, RampReadings } from "../domain/ramp.ts";
import type { AnalysisPlan, ExperimentReport, LiveStats } from "../domain/report.ts";
import type { FactSource } from "../domain/store.ts";
import { FactColumns } from "./fact-columns.ts";
import { OutcomeColumns } from "./outcome-columns.ts";
import { rampReadings } from "./ramp-readings.ts";
import { type Evidence, liveStats, report } from "./report.ts";

export class FactAnalyst {
  readonly #source: FactSource;
  /** Epoch milliseconds. */
  readonly #now: () => number;
  readonly #facts = new Map<string, FactColumns>();
  /** Of each ramp, the facts of the generation that was asked about last. */
  readonly #ramps = new Map<
    string,
    { readonly since: number; readonly facts: FactColumns; lastRow: number }
  >();
  #outcomes = new OutcomeColumns();
  #generation: number | undefined;

  constructor(source: FactSource, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  results(plan: AnalysisPlan): ExperimentReport {
    return report(plan, this.#read(plan.experimentId));
  }

  stats(plan: AnalysisPlan): LiveStats {
    return liveStats(plan, this.#read(plan.experimentId));
  }

  /** What one look at a ramp goes by: facts of its generation alone. */
  ramp({ plan, definitions, startedAt, stepStartedAt, isKilled, gate }: RampQuestion): RampReadings {
    const { experimentId } = plan;
    this.#renew();
    const since = startedAt ?? Number.POSITIVE_INFINITY;
    let kept = this.#ramps.get(experimentId);
    if (kept?.since !== since) {
      kept = { since, facts: new FactColumns(), lastRow: 0 };
      this.#ramps.set(experimentId, kept);
    }
    const read = kept;
    this.#source.eachFact(experimentId, read.lastRow, (fact) => {
      read.lastRow = fact.row;
      if (fact.receivedAt >= since) read.facts.push(fact);
    });
    const evidence = { ...this.#around(experimentId), facts: read.facts, config: plan, definitions };
    return rampReadings({ ...evidence, stepStartedAt: stepStartedAt ?? evidence.now }, { isKilled, gate });
  }

  warm(experimentIds: readonly string[]): void {
    for (const id of experimentIds) this.#read(id);
  }

  #read(experimentId: string): Evidence {
    this.#renew();
    let facts = this.#facts.get(experimentId);
    if (facts === undefined) {
      facts = new FactColumns();
      this.#facts.set(experimentId, facts);
    }
    const columns = facts;
    this.#source.eachFact(experimentId, columns.lastRow, (fact) => columns.push(fact));
    return { facts, ...this.#around(experimentId) };
  }

  /** Rows that were taken away are in nothing that was read before. */
  #renew(): void {
    const generation = this.#source.generation();
    if (generation === this.#generation) return;
    this.#facts.clear();
    this.#ramps.clear();
    this.#outcomes = new OutcomeColumns();
    this.#generation = generation;
  }

  #around(experimentId: string): Omit<Evidence, "facts"> {
    const outcomes = this.#outcomes;
    this.#source.eachOutcome(outcomes.lastRow, (outcome) => outcomes.push(outcome));
    return {
      outcomes,
      phases: this.#source.phases(experimentId),
      boots: this.#source.boots(),
      orphans: this.#source.orphans(),
      now: this.#now(),
    };
  }
}
