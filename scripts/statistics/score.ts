/** How often a method was wrong, right and in time, over the runs of one scenario. */

/** `hits` of `n` runs. */
export interface Rate {
  readonly hits: number;
  readonly n: number;
}

/** One method in one scenario; undefined is what the scenario does not ask of it. */
export interface Row {
  readonly scenario: string;
  readonly method: string;
  /** What Assay reports, against what people do without it. */
  readonly isOurs: boolean;
  /** The rate of false positives that the method promises; undefined where it promises none. */
  readonly nominal: number | undefined;
  /** Of runs without a true effect, those in which one was claimed at any look. */
  readonly falsePositives: Rate | undefined;
  /** Of runs with a true effect, those whose intervals held it at every look. */
  readonly coverage: Rate | undefined;
  /** Of runs with a true effect, those in which it was claimed, in its direction, at any look. */
  readonly power: Rate | undefined;
  /** Units of both arms at that look, median over all runs; Infinity where fewer than half found it. Undefined for a single look. */
  readonly medianUnits: number | undefined;
}

export interface Method {
  readonly name: string;
  readonly isOurs: boolean;
  readonly nominal?: number | undefined;
}

/** Counts one method's runs. */
export class Score {
  readonly #method: Method;
  readonly #alarms = { hits: 0, n: 0 };
  readonly #covered = { hits: 0, n: 0 };
  readonly #foundAt: number[] = [];
  #hasTimes = false;

  constructor(method: Method) {
    this.#method = method;
  }

  /** A run without an effect. */
  alarm(isAlarm: boolean): void {
    count(this.#alarms, isAlarm);
  }

  cover(isCovered: boolean): void {
    count(this.#covered, isCovered);
  }

  /** A run with an effect, and whether the only look found it. */
  find(isFound: boolean): void {
    this.#foundAt.push(isFound ? 0 : Number.POSITIVE_INFINITY);
  }

  /** … and at how many units; undefined: never. */
  findAt(units: number | undefined): void {
    this.#hasTimes = true;
    this.#foundAt.push(units ?? Number.POSITIVE_INFINITY);
  }

  row(scenario: string): Row {
    const { name, isOurs, nominal } = this.#method;
    const found = this.#foundAt.filter((units) => units < Number.POSITIVE_INFINITY).length;
    return {
      scenario,
      method: name,
      isOurs,
      nominal,
      falsePositives: this.#alarms.n === 0 ? undefined : { ...this.#alarms },
      coverage: this.#covered.n === 0 ? undefined : { ...this.#covered },
      power: this.#foundAt.length === 0 ? undefined : { hits: found, n: this.#foundAt.length },
      medianUnits: this.#hasTimes ? median(this.#foundAt) : undefined,
    };
  }
}

function count(rate: { hits: number; n: number }, isHit: boolean): void {
  rate.n += 1;
  if (isHit) rate.hits += 1;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.POSITIVE_INFINITY;
}
