/** One row for each unit within a phase and variant, with the sums that every estimate is made of. */
import { FactColumns } from "../analysis/fact-columns.ts";
import { OutcomeColumns } from "../analysis/outcome-columns.ts";
import { metricShape } from "../analysis/request-values.ts";
import { exposedValues, TableMaker, type UnitTable } from "../analysis/unit-table.ts";
import { capAt } from "../analysis/winsorise.ts";
import { isBuiltIn } from "../core/built-in-metrics.ts";
import type { AnalysisPlan, MetricDefinition } from "../domain/report.ts";
import type { FactSource } from "../domain/store.ts";
import type { ExportColumn } from "./export-columns.ts";

export interface UnitExport {
  /** Cells: units within one phase and variant. */
  readonly rows: Iterable<number>;
  readonly columns: readonly ExportColumn<number>[];
}

/**
 * Everything of one experiment, as the report of `now` (epoch milliseconds) sees it: held in memory by columns, unlike the
 * other exports. Units are numbered, and the number means nothing outside of this export. Quantiles have no sums and are left out.
 */
export function unitExport(source: FactSource, plan: AnalysisPlan, now: number): UnitExport {
  const facts = new FactColumns();
  const outcomes = new OutcomeColumns();
  source.eachFact(plan.experimentId, 0, (fact) => facts.push(fact));
  source.eachOutcome(0, (outcome) => outcomes.push(outcome));
  const metrics = plan.definitions.flatMap((definition) => {
    const table = tableOf(definition, { facts, outcomes, now });
    return table === undefined || table.count.every((count) => count === 0)
      ? []
      : metricColumns(definition.name, table);
  });
  return {
    rows: Array(facts.cells).keys(),
    columns: [
      { name: "experiment", type: "text", value: () => plan.experimentId },
      { name: "phase", type: "text", value: (cell) => facts.phases[facts.cellPhase[cell] ?? 0] },
      { name: "variant", type: "text", value: (cell) => facts.variants[facts.cellVariant[cell] ?? 0] },
      { name: "unit", type: "integer", value: (cell) => facts.cellUnit[cell] },
      { name: "first_exposed_at", type: "time", value: (cell) => facts.cellStart[cell] },
      { name: "requests", type: "integer", value: (cell) => facts.cellRequests[cell] },
      { name: "sessions", type: "integer", value: (cell) => facts.cellSessions[cell] },
      ...metrics,
    ],
  };
}

interface Evidence {
  readonly facts: FactColumns;
  readonly outcomes: OutcomeColumns;
  readonly now: number;
}

/** Undefined for a quantile. The caps are the report's: see metric-report.ts. */
function tableOf(
  { name, outcome }: MetricDefinition,
  { facts, outcomes, now }: Evidence,
): UnitTable | undefined {
  // One for each table: they stand side by side until the last row is written.
  const tables = new TableMaker(facts);
  if (outcome !== undefined) return tables.ofOutcomes(outcomes, outcome, now);
  if (!isBuiltIn(name)) return undefined;
  const shape = metricShape(name, facts);
  if (shape.kind === "quantile") return undefined;
  const cap = shape.isBounded ? Number.POSITIVE_INFINITY : capAt(exposedValues(facts, shape.value).values);
  return tables.ofRequests(shape, typeof cap === "number" ? cap : Number.POSITIVE_INFINITY);
}

function metricColumns(metric: string, table: UnitTable): ExportColumn<number>[] {
  const { sum, count, squares, first, uncapped } = table;
  const column = (name: string, values: Float64Array): ExportColumn<number> => ({
    name: `${metric}_${name}`,
    type: "number",
    value: (cell) => ((count[cell] ?? 0) > 0 ? values[cell] : undefined),
  });
  return [
    { name: `${metric}_n`, type: "number", value: (cell) => count[cell] },
    column("sum", sum),
    column("sum_squares", squares),
    column("first", first),
    ...(uncapped === sum ? [] : [column("uncapped_sum", uncapped)]),
  ];
}
