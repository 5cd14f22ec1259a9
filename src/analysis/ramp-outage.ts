/** When both arms are beyond a ceiling: an outage that they share, of which nothing is to be blamed on the treatment. */
import type { RampSlo } from "../domain/ramp.ts";
import { shapeOf } from "./metric-report.ts";
import type { Arm, RampContext } from "./ramp-context.ts";
import type { MetricShape } from "./request-values.ts";

/** The short one sees an outage begin, the long one sees that it goes on. */
const windows = [30, 100] as const;
const fewestRequests = 20;

export interface Outages {
  /** Both arms are beyond this metric's ceiling now; undefined where that cannot be read from requests one by one. */
  isNow(metric: string): boolean | undefined;
  /** There has been one in this generation. */
  readonly hasBeen: boolean;
  /** By the requests before it alone: what counts is settled before it is seen. */
  isDuring(index: number): boolean;
}

/** Over the last 30 or 100 requests of each arm; what is not known is not beyond. */
export function outagesOf(context: RampContext): Outages {
  const { facts, armOf } = context;
  const watched = context.config.slos.flatMap((slo) => watchOf(context, slo));
  const during = new Uint8Array(facts.length);
  let hasBeen = false;
  for (let i = 0; watched.length > 0 && i < facts.length; i++) {
    if (watched.some(({ isBeyond }) => isBeyond())) {
      during[i] = 1;
      hasBeen = true;
    }
    const arm = armOf(i);
    if (arm !== undefined) for (const { add } of watched) add(arm, i);
  }
  return {
    isNow: (name) => watched.find(({ metric }) => metric === name)?.isBeyond(),
    hasBeen,
    isDuring: (index) => during[index] === 1,
  };
}

interface Watched {
  readonly metric: string;
  add(arm: Arm, index: number): void;
  isBeyond(): boolean;
}

function watchOf({ facts, definitions }: RampContext, { metric, ceiling, better }: RampSlo): Watched[] {
  const definition = definitions.find(({ name }) => name === metric);
  const shape = definition && shapeOf(facts, definition);
  if (ceiling === undefined || shape === undefined || (shape.kind === "ratio" && shape.per === "session"))
    return [];
  const sign = better === "lower" ? 1 : -1;
  const bound = sign * (metric === "latency_log" ? Math.log(ceiling) : ceiling);
  const levels = windows.map((length) => ({
    treatment: new Recent(bound, length),
    control: new Recent(bound, length),
  }));
  return [
    {
      metric,
      add(arm, index) {
        for (const level of levels) level[arm].add(sign * shape.value(index));
      },
      isBeyond: () =>
        levels.some(
          ({ treatment, control }) => treatment.isBeyond(shape, sign) && control.isBeyond(shape, sign),
        ),
    },
  ];
}

/** The last values of one arm, less being better. */
class Recent {
  readonly #bound: number;
  readonly #values: Float64Array;
  #seen = 0;
  #sum = 0;
  #above = 0;

  constructor(bound: number, length: number) {
    this.#bound = bound;
    this.#values = new Float64Array(length);
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    const { length } = this.#values;
    const at = this.#seen++ % length;
    if (this.#seen > length) this.#count(this.#values[at] ?? 0, -1);
    this.#values[at] = value;
    this.#count(value, 1);
  }

  isBeyond(shape: MetricShape, sign: number): boolean {
    const length = Math.min(this.#seen, this.#values.length);
    if (length < fewestRequests) return false;
    if (shape.kind === "ratio") return this.#sum / length > this.#bound;
    // The quantile is the value of this rank, counted from the best where less is better, and from the worst where more is.
    const rank = Math.max(1, Math.ceil(length * shape.p));
    return this.#above >= (sign > 0 ? length - rank + 1 : rank);
  }

  #count(value: number, times: 1 | -1): void {
    this.#sum += times * value;
    if (value > this.#bound) this.#above += times;
  }
}
