/** The units of each arm, phase by phase: summed up for every metric, and one by one where a method wants that. */
import { type FactColumns, noCell } from "./fact-columns.ts";
import { type PairSummary, type Summary, summarizePairs } from "./summary.ts";
import type { UnitTable } from "./unit-table.ts";

/** Units of one arm within one phase: their sums, what these are divided by, and who they are. */
export interface ArmUnits {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  readonly units: Uint32Array;
}

/** All that most methods ask of an arm within a phase. */
export interface ArmSummary {
  /** x = the unit's sum, y = what it is divided by. */
  readonly pairs: PairSummary;
  /** Of the first value of each unit. */
  readonly firsts: Summary;
  /** Σ of sums before capping. */
  readonly uncapped: number;
}

/** One phase of a comparison. Its units are gathered only when they are asked for. */
export interface Stratum {
  readonly phaseId: string;
  readonly treatment: ArmSummary;
  readonly control: ArmSummary;
  readonly units: () => { readonly treatment: ArmUnits; readonly control: ArmUnits };
}

/** By phase and variant. */
interface Sums {
  readonly n: Float64Array;
  readonly sum: Float64Array;
  readonly count: Float64Array;
  readonly first: Float64Array;
  readonly uncapped: Float64Array;
}

const perPhase = 256;

/** Cells by phase and variant, worked out once for all metrics of a report. */
export class CellIndex {
  readonly #facts: FactColumns;
  /** phase · 256 + variant, by cell. */
  readonly #keys: Uint32Array;
  readonly #keyCount: number;
  readonly #lists = new Map<number, Uint32Array>();

  constructor(facts: FactColumns) {
    this.#facts = facts;
    this.#keys = new Uint32Array(facts.cells);
    for (let cell = 0; cell < facts.cells; cell++) {
      this.#keys[cell] = (facts.cellPhase[cell] ?? 0) * perPhase + (facts.cellVariant[cell] ?? 0);
    }
    this.#keyCount = facts.phases.length * perPhase;
  }

  key(phase: number, variantId: string): number {
    return phase * perPhase + this.#facts.variants.indexOf(variantId);
  }

  cells(phase: number, variantId: string): Uint32Array {
    const key = this.key(phase, variantId);
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = this.#cellsOf(key);
      this.#lists.set(key, list);
    }
    return list;
  }

  /** Summaries of all arms in two passes: sums, then squares about their means. */
  summarize(table: UnitTable): (phase: number, variantId: string) => ArmSummary {
    const sums = this.#sums(table);
    const squares = this.#squares(table, sums);
    return (phase, variantId) => {
      const key = this.key(phase, variantId);
      const at = (column: Float64Array) => column[key] ?? 0;
      const n = at(sums.n);
      const mean = (column: Float64Array) => (n === 0 ? 0 : at(column) / n);
      return {
        pairs: {
          n,
          meanX: mean(sums.sum),
          meanY: mean(sums.count),
          m2X: at(squares.x),
          m2Y: at(squares.y),
          cXY: at(squares.xy),
        },
        firsts: { n, mean: mean(sums.first), m2: at(squares.first) },
        uncapped: at(sums.uncapped),
      };
    };
  }

  /** Of a variant over all phases: a unit that stands in several of them is one. */
  overall(table: UnitTable, variantId: string): PairSummary {
    const { units, unitCell, cellNext, cellVariant, variants } = this.#facts;
    const variant = variants.indexOf(variantId);
    const [sums, counts] = [new Float64Array(units), new Float64Array(units)];
    let length = 0;
    for (let unit = 0; unit < units; unit++) {
      let sum = 0;
      let count = 0;
      for (let cell = unitCell[unit] ?? noCell; cell !== noCell; cell = cellNext[cell] ?? noCell) {
        const of = table.count[cell] ?? 0;
        if (cellVariant[cell] !== variant || of === 0) continue;
        sum += table.sum[cell] ?? 0;
        count += of;
      }
      if (count === 0) continue;
      sums[length] = sum;
      counts[length] = count;
      length++;
    }
    return summarizePairs(sums.subarray(0, length), counts.subarray(0, length));
  }

  /** How many units of each arm have a value. */
  unitCounts(table: Pick<UnitTable, "count">): (phase: number, variantId: string) => number {
    const counts = new Float64Array(this.#keyCount);
    for (let cell = 0; cell < this.#keys.length; cell++) {
      const key = this.#keys[cell] ?? 0;
      if ((table.count[cell] ?? 0) > 0) counts[key] = (counts[key] ?? 0) + 1;
    }
    return (phase, variantId) => counts[this.key(phase, variantId)] ?? 0;
  }

  /** Of all units of each arm: x = values, y = requests. */
  perRequest(table: Pick<UnitTable, "count">): (phase: number, variantId: string) => PairSummary {
    const { cellRequests } = this.#facts;
    return (phase, variantId) => {
      const own = this.cells(phase, variantId);
      return summarizePairs(
        Float64Array.from(own, (cell) => table.count[cell] ?? 0),
        Float64Array.from(own, (cell) => cellRequests[cell] ?? 0),
      );
    };
  }

  /** Units of an arm that have a value. */
  units(table: Pick<UnitTable, "sum" | "count">, phase: number, variantId: string): ArmUnits {
    const cells = this.cells(phase, variantId);
    const sums = new Float64Array(cells.length);
    const counts = new Float64Array(cells.length);
    const units = new Uint32Array(cells.length);
    let length = 0;
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i] ?? 0;
      const count = table.count[cell] ?? 0;
      if (count === 0) continue;
      sums[length] = table.sum[cell] ?? 0;
      counts[length] = count;
      units[length] = this.#facts.cellUnit[cell] ?? 0;
      length++;
    }
    return {
      sums: sums.subarray(0, length),
      counts: counts.subarray(0, length),
      units: units.subarray(0, length),
    };
  }

  #sums(table: UnitTable): Sums {
    const column = () => new Float64Array(this.#keyCount);
    const [n, sum, count, first] = [column(), column(), column(), column()];
    const uncapped = column();
    for (let cell = 0; cell < this.#keys.length; cell++) {
      const of = table.count[cell] ?? 0;
      if (of === 0) continue;
      const key = this.#keys[cell] ?? 0;
      const value = table.sum[cell] ?? 0;
      n[key] = (n[key] ?? 0) + 1;
      sum[key] = (sum[key] ?? 0) + value;
      count[key] = (count[key] ?? 0) + of;
      first[key] = (first[key] ?? 0) + (table.first[cell] ?? 0);
      uncapped[key] = (uncapped[key] ?? 0) + (table.uncapped[cell] ?? 0);
    }
    return { n, sum, count, first, uncapped };
  }

  /** About the means, which are known by now: what cancels in Σx² − n·mean² does not come up. */
  #squares(table: UnitTable, sums: Sums) {
    const column = () => new Float64Array(this.#keyCount);
    const [x, y, xy, first] = [column(), column(), column(), column()];
    const meanOf = (total: Float64Array) => total.map((value, key) => value / (sums.n[key] || 1));
    const [meanX, meanY, meanFirst] = [meanOf(sums.sum), meanOf(sums.count), meanOf(sums.first)];
    for (let cell = 0; cell < this.#keys.length; cell++) {
      const of = table.count[cell] ?? 0;
      if (of === 0) continue;
      const key = this.#keys[cell] ?? 0;
      const dx = (table.sum[cell] ?? 0) - (meanX[key] ?? 0);
      const dy = of - (meanY[key] ?? 0);
      const dFirst = (table.first[cell] ?? 0) - (meanFirst[key] ?? 0);
      x[key] = (x[key] ?? 0) + dx * dx;
      y[key] = (y[key] ?? 0) + dy * dy;
      xy[key] = (xy[key] ?? 0) + dx * dy;
      first[key] = (first[key] ?? 0) + dFirst * dFirst;
    }
    return { x, y, xy, first };
  }

  #cellsOf(key: number): Uint32Array {
    let length = 0;
    for (let cell = 0; cell < this.#keys.length; cell++) if (this.#keys[cell] === key) length++;
    const list = new Uint32Array(length);
    let at = 0;
    for (let cell = 0; cell < this.#keys.length; cell++) if (this.#keys[cell] === key) list[at++] = cell;
    return list;
  }
}
