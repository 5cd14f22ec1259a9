/** Outcomes as columns, of all experiments together: which one they belong to shows when they meet its facts. */
import type { OutcomeFact } from "../domain/store.ts";

export interface OutcomeRow {
  readonly metric: string;
  readonly at: number;
  readonly requestRow: number | undefined;
  readonly session: number | undefined;
  readonly unit: number | undefined;
  readonly value: number | undefined;
  readonly category: string | undefined;
  readonly isCorrect: boolean | undefined;
}

export class OutcomeColumns {
  /** By metric, in the order of commits. */
  readonly byMetric = new Map<string, OutcomeRow[]>();
  lastRow = 0;

  push(fact: OutcomeFact): void {
    this.lastRow = Math.max(this.lastRow, fact.row);
    let rows = this.byMetric.get(fact.metric);
    if (rows === undefined) {
      rows = [];
      this.byMetric.set(fact.metric, rows);
    }
    rows.push({
      metric: fact.metric,
      at: fact.at,
      requestRow: fact.requestRow,
      session: fact.session,
      unit: fact.unit,
      value: fact.value,
      category: fact.category,
      isCorrect: correctness(fact),
    });
  }
}

/** A label is right or wrong of a prediction; without one it says nothing. */
function correctness({ label, prediction }: OutcomeFact): boolean | undefined {
  return label === undefined || prediction === undefined ? undefined : label === prediction;
}
