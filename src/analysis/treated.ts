/** As treated: requests by the variant that really served them. Beside the analysis by assignment, never in its place. */
import type { ArmSummary, ArmUnits, Stratum } from "./arms.ts";
import { type FactColumns, noCell } from "./fact-columns.ts";
import type { MetricShape } from "./request-values.ts";
import { summarizePairs } from "./summary.ts";

interface TreatedContext {
  readonly facts: FactColumns;
  readonly plan: { readonly controlId: string };
  readonly phasesOf: (variantId: string) => readonly number[];
}

/** Strata by served variant, values at most `cap`; undefined where everybody was served the assigned one. A unit may stand in both arms. */
export function treatedStrata(
  context: TreatedContext,
  shape: Extract<MetricShape, { kind: "ratio" }>,
  cap: number,
): ((variantId: string) => readonly Stratum[]) | undefined {
  const { facts, plan } = context;
  if (shape.per !== "request" || !hasOthers(facts)) return undefined;
  const tables = new Map<number, { sum: Float64Array; count: Float64Array }>();
  for (let i = 0; i < facts.length; i++) {
    const cell = facts.cell[i] ?? noCell;
    const value = cell === noCell ? Number.NaN : Math.min(shape.value(i), cap);
    if (Number.isNaN(value)) continue;
    const served = facts.served[i] ?? 255;
    let table = tables.get(served);
    if (table === undefined) {
      table = { sum: new Float64Array(facts.cells), count: new Float64Array(facts.cells) };
      tables.set(served, table);
    }
    table.sum[cell] = (table.sum[cell] ?? 0) + value;
    table.count[cell] = (table.count[cell] ?? 0) + 1;
  }
  const arm = (variantId: string, phase: number) =>
    armOf(facts, tables.get(facts.variants.indexOf(variantId)), phase);
  return (variantId) =>
    context.phasesOf(variantId).map((phase) => {
      const units = { treatment: arm(variantId, phase), control: arm(plan.controlId, phase) };
      return {
        phaseId: facts.phases[phase] ?? "",
        treatment: summaryOf(units.treatment),
        control: summaryOf(units.control),
        units: () => units,
      };
    });
}

/** Of the pairs alone: what else a summary has is not asked of it here. */
function summaryOf({ sums, counts }: ArmUnits): ArmSummary {
  const none = { n: 0, mean: 0, m2: 0 };
  return { pairs: summarizePairs(sums, counts), firsts: none, uncapped: 0 };
}

function hasOthers(facts: FactColumns): boolean {
  for (let i = 0; i < facts.length; i++) {
    const cell = facts.cell[i] ?? noCell;
    if (cell !== noCell && facts.served[i] !== facts.cellVariant[cell]) return true;
  }
  return false;
}

function armOf(
  facts: FactColumns,
  table: { readonly sum: Float64Array; readonly count: Float64Array } | undefined,
  phase: number,
): ArmUnits {
  const cells: number[] = [];
  for (let cell = 0; cell < facts.cells; cell++) {
    if (facts.cellPhase[cell] === phase && (table?.count[cell] ?? 0) > 0) cells.push(cell);
  }
  return {
    sums: Float64Array.from(cells, (cell) => table?.sum[cell] ?? 0),
    counts: Float64Array.from(cells, (cell) => table?.count[cell] ?? 0),
    units: Uint32Array.from(cells, (cell) => facts.cellUnit[cell] ?? 0),
  };
}
