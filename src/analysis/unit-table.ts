/** A metric's numbers by unit: what every estimate is made of, for units were randomised and not requests. */
import type { OutcomeMetric } from "../domain/metric.ts";
import { type FactColumns, noCell } from "./fact-columns.ts";
import type { OutcomeColumns } from "./outcome-columns.ts";
import { type SubjectValue, subjectValues } from "./outcome-values.ts";
import type { MetricShape } from "./request-values.ts";
import { capAt } from "./winsorise.ts";

/**
 * By cell (a unit within a phase and variant): Σ of values, what it is divided by, Σ of squares, and one value for tests that want
 * one of each unit: that of the first request or outcome; per unit its sum, and per session its mean.
 */
export interface UnitTable {
  readonly sum: Float64Array;
  readonly count: Float64Array;
  readonly squares: Float64Array;
  readonly first: Float64Array;
  /** Σ before capping; the same array where nothing can be capped. */
  readonly uncapped: Float64Array;
}

/**
 * Tables of one report, one after the other in the same memory: a table stands until the next one is asked for. At a million
 * units this halves the time of a report, most of which the garbage collector had.
 */
export class TableMaker {
  readonly #facts: FactColumns;
  readonly #sum: Float64Array;
  readonly #count: Float64Array;
  readonly #squares: Float64Array;
  readonly #first: Float64Array;
  readonly #uncapped: Float64Array;

  constructor(facts: FactColumns) {
    const column = () => new Float64Array(facts.cells);
    this.#facts = facts;
    [this.#sum, this.#count, this.#squares] = [column(), column(), column()];
    [this.#first, this.#uncapped] = [column(), column()];
  }

  /** Values of requests, each at most `cap`. */
  ofRequests(shape: Extract<MetricShape, { kind: "ratio" }>, cap: number): UnitTable {
    const facts = this.#facts;
    const table = this.#empty(cap < Number.POSITIVE_INFINITY);
    const { sum, count, squares, first, uncapped } = table;
    const hasCap = uncapped !== sum;
    const { cell } = facts;
    const { value } = shape;
    for (let i = 0; i < facts.length; i++) {
      const at = cell[i] ?? noCell;
      if (at === noCell) continue;
      const raw = value(i);
      if (Number.isNaN(raw)) continue;
      const one = Math.min(raw, cap);
      const known = count[at] ?? 0;
      if (known === 0) first[at] = one;
      count[at] = known + 1;
      sum[at] = (sum[at] ?? 0) + one;
      squares[at] = (squares[at] ?? 0) + one * one;
      if (hasCap) uncapped[at] = (uncapped[at] ?? 0) + raw;
    }
    if (shape.per === "session") this.#bySession(table);
    return table;
  }

  /**
   * Values of outcomes. With a window only what came within it counts, and only of requests (or units) whose window has closed by
   * `now`: those still open would pull the mean towards the quick. Above the cap, that of the metric or the 99.9th percentile of all
   * variants together, values count as the cap: of a subject, or per unit the unit's sum.
   */
  ofOutcomes(outcomes: OutcomeColumns, metric: OutcomeMetric, now: number): UnitTable {
    const { per } = metric;
    const subjects = subjectValues(this.#facts, { outcomes, metric, now });
    const cap = per === "unit" ? Number.POSITIVE_INFINITY : capOfSubjects(metric, subjects);
    const table = this.#empty(per === "unit" || cap < Number.POSITIVE_INFINITY);
    const closedAt = now - metric.windowMs;
    const isClosed = (time: number) => closedAt === Number.NEGATIVE_INFINITY || time <= closedAt;
    const firstRequests = per === "request" ? this.#firstRequests(isClosed) : undefined;
    this.#addSubjects(table, subjects, { cap, firstRequests });
    if (per === "request") this.#countRequests(table, isClosed);
    if (per !== "unit") return table;
    this.#countUnits(table, isClosed);
    return this.#capUnits(table, metric.cap);
  }

  #addSubjects(
    { sum, count, squares, first, uncapped }: UnitTable,
    subjects: readonly SubjectValue[],
    { cap, firstRequests }: { readonly cap: number; readonly firstRequests: Int32Array | undefined },
  ): void {
    for (const { cell, request, value } of subjects) {
      const one = Math.min(value, cap);
      const known = count[cell] ?? 0;
      const isFirst =
        firstRequests === undefined || request === undefined ? known === 0 : firstRequests[cell] === request;
      if (isFirst) first[cell] = one;
      count[cell] = known + 1;
      sum[cell] = (sum[cell] ?? 0) + one;
      squares[cell] = (squares[cell] ?? 0) + one * one;
      if (uncapped !== sum) uncapped[cell] = (uncapped[cell] ?? 0) + value;
    }
  }

  #empty(hasCap: boolean): UnitTable {
    for (const column of [this.#sum, this.#count, this.#squares, this.#first, this.#uncapped]) column.fill(0);
    return {
      sum: this.#sum,
      count: this.#count,
      squares: this.#squares,
      first: this.#first,
      uncapped: hasCap ? this.#uncapped : this.#sum,
    };
  }

  #bySession({ sum, count, first }: UnitTable): void {
    const { cells, cellSessions } = this.#facts;
    for (let cell = 0; cell < cells; cell++) {
      if ((count[cell] ?? 0) === 0) continue;
      const sessions = cellSessions[cell] ?? 0;
      count[cell] = sessions;
      // The first request is no session.
      first[cell] = (sum[cell] ?? 0) / sessions;
    }
  }

  /** By cell the index of its first request whose window has closed, or none. */
  #firstRequests(isClosed: (time: number) => boolean): Int32Array {
    const { cells, length, cell, receivedAt } = this.#facts;
    const firsts = new Int32Array(cells).fill(noCell);
    for (let i = 0; i < length; i++) {
      const at = cell[i] ?? noCell;
      if (at !== noCell && firsts[at] === noCell && isClosed(receivedAt[i] ?? 0)) firsts[at] = i;
    }
    return firsts;
  }

  /** Where nothing came, nothing is what came. */
  #countRequests({ count }: UnitTable, isClosed: (time: number) => boolean): void {
    const { length, cell, receivedAt } = this.#facts;
    count.fill(0);
    for (let i = 0; i < length; i++) {
      const at = cell[i] ?? noCell;
      if (at !== noCell && isClosed(receivedAt[i] ?? 0)) count[at] = (count[at] ?? 0) + 1;
    }
  }

  #countUnits({ count }: UnitTable, isClosed: (time: number) => boolean): void {
    const { cells, cellStart } = this.#facts;
    for (let cell = 0; cell < cells; cell++) count[cell] = isClosed(cellStart[cell] ?? 0) ? 1 : 0;
  }

  #capUnits(table: UnitTable, given: number | undefined): UnitTable {
    const { sum, count, squares, first } = table;
    const cap = given ?? capOrNone(sum.filter((_, cell) => (count[cell] ?? 0) > 0));
    for (let cell = 0; cell < sum.length; cell++) {
      const one = Math.min(sum[cell] ?? 0, cap);
      sum[cell] = one;
      squares[cell] = one * one;
      first[cell] = one;
    }
    return table;
  }
}

/** Only what has no end of its own is capped unasked. */
function capOfSubjects(metric: OutcomeMetric, subjects: readonly SubjectValue[]): number {
  const { cap, kind, maximum, combine } = metric;
  if (cap !== undefined) return cap;
  const isOpen = combine === "sum" || (kind === "number" && maximum === undefined);
  return isOpen ? capOrNone(Float64Array.from(subjects, ({ value }) => value)) : Number.POSITIVE_INFINITY;
}

function capOrNone(values: Float64Array): number {
  const cap = capAt(values);
  return typeof cap === "number" ? cap : Number.POSITIVE_INFINITY;
}

/** Every value of exposed requests, in the order of rows, with its cell. */
export function exposedValues(
  facts: FactColumns,
  value: (index: number) => number,
): { readonly values: Float64Array; readonly cells: Uint32Array } {
  const values = new Float64Array(facts.length);
  const cells = new Uint32Array(facts.length);
  let length = 0;
  for (let i = 0; i < facts.length; i++) {
    const at = facts.cell[i] ?? noCell;
    if (at === noCell) continue;
    const one = value(i);
    // Nothing lasts for ever: an infinite value is a fault of its source, and would make every quantile one.
    if (!Number.isFinite(one)) continue;
    values[length] = one;
    cells[length] = at;
    length++;
  }
  return { values: values.subarray(0, length), cells: cells.subarray(0, length) };
}
