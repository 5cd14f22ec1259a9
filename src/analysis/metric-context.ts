import type { AnalysisPlan } from "../domain/report.ts";
import type { CellIndex } from "./arms.ts";
import type { FactColumns } from "./fact-columns.ts";
import type { OutcomeColumns } from "./outcome-columns.ts";
import type { QuantileSamples } from "./quantile-samples.ts";
import type { TableMaker } from "./unit-table.ts";

/** What every metric of one report is worked out from. */
export interface MetricContext {
  readonly plan: AnalysisPlan;
  readonly facts: FactColumns;
  readonly outcomes: OutcomeColumns;
  readonly cells: CellIndex;
  readonly tables: TableMaker;
  readonly samples: QuantileSamples;
  /** Phases in which this variant may be compared with the control, oldest first. */
  readonly phasesOf: (variantId: string) => readonly number[];
  readonly now: number;
  readonly isPlanReached: boolean;
  /** Leave the comparisons out. */
  readonly armsOnly: boolean;
}
