/** One experiment's facts as columns: a million requests are read once, then only what is new. */
import { factFlags, type RequestFact } from "../domain/store.ts";

/** No cell: a request that is not exposed is kept for its unit's history alone. */
export const noCell = -1;

const maxUnitsOfSession = 8;

/**
 * Rows are requests in the order of commits. A *cell* is one unit within one phase and variant: what sums are made by.
 * Numbers that a request did not tell are NaN.
 */
export class FactColumns {
  length = 0;
  cells = 0;
  units = 0;
  receivedAt = new Float64Array(0);
  row = new Float64Array(0);
  flags = new Uint32Array(0);
  unit = new Uint32Array(0);
  cell = new Int32Array(0);
  /** 1 where the request told its session. */
  hasSession = new Uint8Array(0);
  /** Index into `variants`; `variants.length` and above never occurs, 255 is none. */
  served = new Uint8Array(0);
  latencyMs = new Float64Array(0);
  firstChunkMs = new Float64Array(0);
  inputTokens = new Float64Array(0);
  outputTokens = new Float64Array(0);
  costUsd = new Float64Array(0);

  cellUnit = new Uint32Array(0);
  cellPhase = new Uint16Array(0);
  cellVariant = new Uint8Array(0);
  cellRequests = new Uint32Array(0);
  cellSessions = new Uint32Array(0);
  /** Epoch milliseconds of the unit's first exposed request in the cell. */
  cellStart = new Float64Array(0);
  /** The unit's next older cell, or none. */
  cellNext = new Int32Array(0);

  /** Of a unit: its newest cell, and its first exposure in any. */
  unitCell = new Int32Array(0);
  unitStart = new Float64Array(0);

  readonly phases: string[] = [];
  readonly variants: string[] = [];
  /** Models that answered for the variant itself, by variant: an alias that moved shows here. */
  readonly models = new Map<string, Map<string, number>>();
  lastRow = 0;
  firstAt = Number.POSITIVE_INFINITY;
  lastAt = Number.NEGATIVE_INFINITY;

  #unitIndex = new Int32Array(0);
  readonly #sessions = new Set<number>();
  /** Store's session → unit indexes in the order of their requests, for outcomes by session. Nearly always one. */
  readonly #sessionUnits = new Map<number, number[]>();
  readonly #phaseIndex = new Map<string, number>();
  readonly #variantIndex = new Map<string, number>();

  push(fact: RequestFact): void {
    const at = this.length;
    if (at === this.row.length) this.#growRows();
    this.length++;
    const unit = this.#unitOf(fact.unit);
    const isExposed = (fact.flags & factFlags.exposed) !== 0;
    this.row[at] = fact.row;
    this.receivedAt[at] = fact.receivedAt;
    this.flags[at] = fact.flags;
    this.unit[at] = unit;
    this.latencyMs[at] = fact.latencyMs;
    this.firstChunkMs[at] = fact.firstChunkMs ?? Number.NaN;
    this.inputTokens[at] = fact.inputTokens ?? Number.NaN;
    this.outputTokens[at] = fact.outputTokens ?? Number.NaN;
    this.costUsd[at] = fact.costUsd ?? Number.NaN;
    this.served[at] = fact.served === undefined ? 255 : this.#variantOf(fact.served);
    this.lastRow = Math.max(this.lastRow, fact.row);
    this.hasSession[at] = fact.session === 0 ? 0 : 1;
    if (fact.session !== 0) this.#enterSession(fact.session, unit);
    this.cell[at] = isExposed ? this.#enter(fact, unit) : noCell;
  }

  /** Index of a unit by the store's id; undefined where none of its requests is here. */
  unitAt(storeUnit: number): number | undefined {
    const index = this.#unitIndex[storeUnit] ?? 0;
    return index === 0 ? undefined : index - 1;
  }

  /** Units that have told this session, the first one first: someone may log in within a session, and ids may be guessed. */
  unitsOfSession(session: number): readonly number[] {
    return this.#sessionUnits.get(session) ?? [];
  }

  /** Index of a request by the store's row; undefined where it is not here. Rows ascend. */
  indexOfRow(row: number): number | undefined {
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.row[middle] ?? 0;
      if (found === row) return middle;
      if (found < row) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** The cell that a unit was in at a time: the newest that had begun. None before its first exposure. */
  cellAt(unit: number, time: number): number {
    let best = noCell;
    for (let cell = this.unitCell[unit] ?? noCell; cell !== noCell; cell = this.cellNext[cell] ?? noCell) {
      const start = this.cellStart[cell] ?? 0;
      if (start <= time && (best === noCell || start > (this.cellStart[best] ?? 0))) best = cell;
    }
    return best;
  }

  #enter(fact: RequestFact, unit: number): number {
    const phase = indexIn(this.#phaseIndex, this.phases, fact.phase);
    const variant = this.#variantOf(fact.assigned);
    const cell = this.#cellOf(unit, phase, variant);
    this.cellRequests[cell] = (this.cellRequests[cell] ?? 0) + 1;
    this.cellStart[cell] = Math.min(this.cellStart[cell] ?? Number.POSITIVE_INFINITY, fact.receivedAt);
    this.unitStart[unit] = Math.min(this.unitStart[unit] ?? Number.POSITIVE_INFINITY, fact.receivedAt);
    this.firstAt = Math.min(this.firstAt, fact.receivedAt);
    this.lastAt = Math.max(this.lastAt, fact.receivedAt);
    this.#countSession(fact.session, phase, cell);
    // What a fallback answered says nothing of the variant's own model.
    const isOwn = fact.served === fact.assigned && (fact.flags & factFlags.fallback) === 0;
    if (isOwn && fact.responseModel !== undefined) this.#countModel(fact.assigned, fact.responseModel);
    return cell;
  }

  #enterSession(session: number, unit: number): void {
    const units = this.#sessionUnits.get(session);
    if (units === undefined) this.#sessionUnits.set(session, [unit]);
    else if (units.length < maxUnitsOfSession && !units.includes(unit)) units.push(unit);
  }

  #cellOf(unit: number, phase: number, variant: number): number {
    const newest = this.unitCell[unit] ?? noCell;
    for (let cell = newest; cell !== noCell; cell = this.cellNext[cell] ?? noCell) {
      if (this.cellPhase[cell] === phase && this.cellVariant[cell] === variant) return cell;
    }
    const cell = this.cells;
    if (cell === this.cellUnit.length) this.#growCells();
    this.cells++;
    this.cellUnit[cell] = unit;
    this.cellPhase[cell] = phase;
    this.cellVariant[cell] = variant;
    this.cellStart[cell] = Number.POSITIVE_INFINITY;
    this.cellNext[cell] = newest;
    this.unitCell[unit] = cell;
    return cell;
  }

  #countSession(session: number, phase: number, cell: number): void {
    if (session === 0) return;
    // A session is its unit's; within a phase it is counted once.
    const key = session * 65_536 + phase;
    if (this.#sessions.has(key)) return;
    this.#sessions.add(key);
    this.cellSessions[cell] = (this.cellSessions[cell] ?? 0) + 1;
  }

  #countModel(variant: string, model: string): void {
    let counts = this.models.get(variant);
    if (counts === undefined) {
      counts = new Map();
      this.models.set(variant, counts);
    }
    counts.set(model, (counts.get(model) ?? 0) + 1);
  }

  #variantOf(id: string): number {
    return indexIn(this.#variantIndex, this.variants, id);
  }

  /** The store's ids are small integers, so an array is the map; it holds index + 1. */
  #unitOf(storeUnit: number): number {
    if (storeUnit >= this.#unitIndex.length) this.#unitIndex = grown(this.#unitIndex, storeUnit + 1);
    const known = this.#unitIndex[storeUnit] ?? 0;
    if (known !== 0) return known - 1;
    const unit = this.units;
    if (unit === this.unitCell.length) {
      this.unitCell = grown(this.unitCell, unit + 1);
      this.unitStart = grown(this.unitStart, unit + 1);
    }
    this.units++;
    this.unitCell[unit] = noCell;
    this.unitStart[unit] = Number.POSITIVE_INFINITY;
    this.#unitIndex[storeUnit] = unit + 1;
    return unit;
  }

  #growRows(): void {
    const wanted = this.length + 1;
    this.row = grown(this.row, wanted);
    this.receivedAt = grown(this.receivedAt, wanted);
    this.flags = grown(this.flags, wanted);
    this.unit = grown(this.unit, wanted);
    this.cell = grown(this.cell, wanted);
    this.hasSession = grown(this.hasSession, wanted);
    this.served = grown(this.served, wanted);
    this.latencyMs = grown(this.latencyMs, wanted);
    this.firstChunkMs = grown(this.firstChunkMs, wanted);
    this.inputTokens = grown(this.inputTokens, wanted);
    this.outputTokens = grown(this.outputTokens, wanted);
    this.costUsd = grown(this.costUsd, wanted);
  }

  #growCells(): void {
    const wanted = this.cells + 1;
    this.cellUnit = grown(this.cellUnit, wanted);
    this.cellPhase = grown(this.cellPhase, wanted);
    this.cellVariant = grown(this.cellVariant, wanted);
    this.cellRequests = grown(this.cellRequests, wanted);
    this.cellSessions = grown(this.cellSessions, wanted);
    this.cellStart = grown(this.cellStart, wanted);
    this.cellNext = grown(this.cellNext, wanted);
  }
}

type Column = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Half as long again: a doubling would hold three times the memory for the moment of the copy. */
function grown<T extends Column>(column: T, wanted: number): T {
  const length = Math.max(wanted, 1024, Math.ceil(column.length * 1.5));
  // Typed arrays are made by their own constructor; the type of `constructor` does not say so.
  const larger = new (column.constructor as new (length: number) => T)(length);
  larger.set(column as never);
  return larger;
}

function indexIn(index: Map<string, number>, names: string[], name: string): number {
  const known = index.get(name);
  if (known !== undefined) return known;
  index.set(name, names.length);
  names.push(name);
  return names.length - 1;
}
