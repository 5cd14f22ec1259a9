/** Keeps what was read of each experiment, reads what is new, and answers. */
import type { AnalysisPlan, ExperimentReport, LiveStats } from "../domain/report.ts";
import type { FactSource } from "../domain/store.ts";
import { FactColumns } from "./fact-columns.ts";
import { OutcomeColumns } from "./outcome-columns.ts";
import { type Evidence, liveStats, report } from "./report.ts";

export class FactAnalyst {
  readonly #source: FactSource;
  /** Epoch milliseconds. */
  readonly #now: () => number;
  readonly #facts = new Map<string, FactColumns>();
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

  warm(experimentIds: readonly string[]): void {
    for (const id of experimentIds) this.#read(id);
  }

  #read(experimentId: string): Evidence {
    const generation = this.#source.generation();
    if (generation !== this.#generation) {
      this.#facts.clear();
      this.#outcomes = new OutcomeColumns();
      this.#generation = generation;
    }
    let facts = this.#facts.get(experimentId);
    if (facts === undefined) {
      facts = new FactColumns();
      this.#facts.set(experimentId, facts);
    }
    const columns = facts;
    const outcomes = this.#outcomes;
    this.#source.eachFact(experimentId, columns.lastRow, (fact) => columns.push(fact));
    this.#source.eachOutcome(outcomes.lastRow, (outcome) => outcomes.push(outcome));
    return {
      facts,
      outcomes,
      phases: this.#source.phases(experimentId),
      boots: this.#source.boots(),
      orphans: this.#source.orphans(),
      now: this.#now(),
    };
  }
}
