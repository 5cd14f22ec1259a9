/** The values that quantiles are taken of, picked out once for all quantiles of the same values. */
import type { FactColumns } from "./fact-columns.ts";
import { exposedValues } from "./unit-table.ts";

/** Values of one arm, the unit of each, and the first value of each unit in ascending order. */
export interface QuantileSample {
  readonly values: Float64Array;
  readonly units: Uint32Array;
  readonly firsts: Float64Array;
}

export class QuantileSamples {
  readonly #facts: FactColumns;
  readonly #known = new Map<string, QuantileSample>();

  constructor(facts: FactColumns) {
    this.#facts = facts;
  }

  /** `name` tells which values: the same name is taken to mean the same `value`. */
  of(asked: {
    readonly name: string;
    readonly value: (index: number) => number;
    readonly phase: number;
    readonly variantIds: readonly string[];
  }): ReadonlyMap<string, QuantileSample> {
    const { name, phase, variantIds } = asked;
    const key = (id: string) => `${name} ${phase} ${id}`;
    if (variantIds.some((id) => !this.#known.has(key(id)))) {
      const all = exposedValues(this.#facts, asked.value);
      for (const id of variantIds) this.#known.set(key(id), sampleOf(this.#facts, all, { phase, id }));
    }
    const none = { values: new Float64Array(0), units: new Uint32Array(0), firsts: new Float64Array(0) };
    return new Map(variantIds.map((id) => [id, this.#known.get(key(id)) ?? none]));
  }
}

function sampleOf(
  facts: FactColumns,
  all: { readonly values: Float64Array; readonly cells: Uint32Array },
  { phase, id }: { readonly phase: number; readonly id: string },
): QuantileSample {
  const variant = facts.variants.indexOf(id);
  const values = new Float64Array(all.values.length);
  const units = new Uint32Array(all.values.length);
  const firsts = new Float64Array(Math.min(all.values.length, facts.units));
  const seen = new Uint8Array(facts.units);
  let length = 0;
  let first = 0;
  for (let i = 0; i < all.values.length; i++) {
    const cell = all.cells[i] ?? 0;
    if (facts.cellVariant[cell] !== variant || facts.cellPhase[cell] !== phase) continue;
    const value = all.values[i] ?? 0;
    const unit = facts.cellUnit[cell] ?? 0;
    values[length] = value;
    units[length] = unit;
    length++;
    if (seen[unit] === 0) firsts[first++] = value;
    seen[unit] = 1;
  }
  return {
    values: values.subarray(0, length),
    units: units.subarray(0, length),
    firsts: firsts.subarray(0, first).sort(),
  };
}
