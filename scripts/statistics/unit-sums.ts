/** Sums by unit as requests come in, in the shape that the report's own estimate reads. */
import type { ArmUnits, Stratum } from "../../src/analysis/arms.ts";
import { type PairSummary, summarizePairs } from "../../src/analysis/summary.ts";

export class UnitSums {
  readonly #isTreatment: Uint8Array;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  constructor(isTreatment: Uint8Array) {
    this.#isTreatment = isTreatment;
    this.#sums = new Float64Array(isTreatment.length);
    this.#counts = new Float64Array(isTreatment.length);
  }

  get length(): number {
    return this.#sums.length;
  }

  add(unit: number, value: number): void {
    this.#sums[unit] = (this.#sums[unit] ?? 0) + value;
    this.#counts[unit] = (this.#counts[unit] ?? 0) + 1;
  }

  arm(isTreatment: 0 | 1): ArmUnits {
    const length = this.#sums.length;
    const sums = new Float64Array(length);
    const counts = new Float64Array(length);
    const units = new Uint32Array(length);
    let n = 0;
    for (let unit = 0; unit < length; unit++) {
      const count = this.#counts[unit] ?? 0;
      if (this.#isTreatment[unit] !== isTreatment || count === 0) continue;
      sums[n] = this.#sums[unit] ?? 0;
      counts[n] = count;
      units[n] = unit;
      n++;
    }
    return { sums: sums.subarray(0, n), counts: counts.subarray(0, n), units: units.subarray(0, n) };
  }

  stratum(): Stratum {
    return stratumOf(this.arm(1), this.arm(0));
  }
}

export function stratumOf(treatment: ArmUnits, control: ArmUnits, phaseId = "1"): Stratum {
  return {
    phaseId,
    treatment: summaryOf(treatment),
    control: summaryOf(control),
    units: () => ({ treatment, control }),
  };
}

function summaryOf({ sums, counts }: ArmUnits): Stratum["treatment"] {
  return { pairs: summarizePairs(sums, counts), firsts: { n: 0, mean: 0, m2: 0 }, uncapped: 0 };
}

/** Requests of an arm and the sum of their values. */
export function totalOf({ n, meanX, meanY }: PairSummary): { readonly sum: number; readonly count: number } {
  return { sum: n * meanX, count: n * meanY };
}
