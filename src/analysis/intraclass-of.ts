import type { CellIndex } from "./arms.ts";
import { intraclassCorrelation } from "./intraclass.ts";
import type { UnitTable } from "./unit-table.ts";

/**
 * How alike the values of one unit are, within its variant and the newest phase: 0 for values that know nothing of each other.
 * Undefined where units have one value each, or too little is there to say.
 */
export function intraclassOf(
  table: UnitTable,
  cells: CellIndex,
  newest: number | undefined,
  variantIds: readonly string[],
): number | undefined {
  if (newest === undefined) return undefined;
  const groups = variantIds.map((id) => {
    const own = cells.cells(newest, id);
    return {
      counts: Float64Array.from(own, (cell) => table.count[cell] ?? 0),
      sums: Float64Array.from(own, (cell) => table.sum[cell] ?? 0),
      squares: Float64Array.from(own, (cell) => table.squares[cell] ?? 0),
    };
  });
  const found = intraclassCorrelation(groups);
  return found.kind === "intraclass" ? found.value : undefined;
}
