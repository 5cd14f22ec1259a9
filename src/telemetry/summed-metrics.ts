/** The metrics of several processes as one: what each has counted adds up, and nothing goes with a process that ends. */
import type { Instrument, Series } from "./instruments.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

/** Series by the name of their instrument. */
export type SeriesByName = ReadonlyMap<string, ReadonlyMap<string, Readonly<Series>>>;

export interface SummedMetrics
  extends Pick<Metrics, "instruments" | "queues" | "redactions" | "configReload" | "refresh"> {
  /** The last that is known of a process that has ended. */
  keep(series: SeriesByName): void;
}

/**
 * `others` gives the other processes' series as they are known now. A gauge of theirs counts while they live; those that
 * `refresh` is told of are this process's alone.
 */
export function createSummedMetrics(others: () => readonly SeriesByName[]): SummedMetrics {
  const own = createMetrics(() => "");
  const ended = createMetrics(() => "").instruments.filter(({ definition }) => definition.kind !== "gauge");
  const sum = createMetrics(() => "");
  return {
    instruments: sum.instruments,
    queues: own.queues,
    redactions: own.redactions,
    configReload: own.configReload,
    refresh(state) {
      own.refresh(state);
      for (const instrument of sum.instruments) instrument.clear();
      for (const series of [seriesOf(own), seriesOf({ instruments: ended }), ...others()]) {
        absorb(sum.instruments, series);
      }
    },
    keep: (series) => absorb(ended, series),
  };
}

/** Those that have counted anything. */
export function seriesOf({ instruments }: Pick<Metrics, "instruments">): SeriesByName {
  const filled = instruments.filter(({ series }) => series.size > 0);
  return new Map(filled.map(({ definition, series }) => [definition.name, series]));
}

function absorb(instruments: readonly Instrument[], all: SeriesByName): void {
  for (const instrument of instruments) {
    const series = all.get(instrument.definition.name);
    if (series !== undefined) instrument.absorb(series);
  }
}
