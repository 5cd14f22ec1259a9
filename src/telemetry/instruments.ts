/**
 * Counters, gauges and histograms in plain memory, read by OpenTelemetry when it collects. A point costs 0.1 µs here
 * and about 2 µs in the SDK's instruments, and a request makes some fourteen.
 */
import { type HrTime, ValueType } from "@opentelemetry/api";
import { hrTime, type InstrumentationScope } from "@opentelemetry/core";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { MetricDefinition } from "./semconv-metrics.ts";

/** As in the SDK: beyond this many series all others share one. Our labels cannot reach it; a test says so. */
export const maxSeries = 2000;
const overflow = "otel.metric.overflow";

/** One set of label values. */
export interface Series {
  readonly attributes: Record<string, string>;
  value: number;
  count: number;
  min: number;
  max: number;
  readonly buckets: number[];
}

/** By the value of the first label, then of the second …: no key is put together for a look-up. */
type Index = Map<string, Index | Series>;

export class Instrument {
  readonly definition: MetricDefinition;
  readonly #boundaries: readonly number[];
  readonly #series = new Map<string, Series>();
  readonly #watched = new Map<Series, () => number>();
  #index: Index = new Map();

  constructor(definition: MetricDefinition) {
    this.definition = definition;
    this.#boundaries = definition.buckets ?? [];
  }

  /** Adds to a counter. Label values stand in the order of the definition; an empty one is left out. */
  add(amount: number, ...labels: readonly string[]): void {
    this.#at(labels).value += amount;
  }

  set(value: number, ...labels: readonly string[]): void {
    this.#at(labels).value = value;
  }

  /** Sets a gauge whenever it is read. */
  watch(read: () => number, ...labels: readonly string[]): void {
    this.#watched.set(this.#at(labels), read);
  }

  record(value: number, ...labels: readonly string[]): void {
    const series = this.#at(labels);
    series.value += value;
    series.count++;
    if (value < series.min) series.min = value;
    if (value > series.max) series.max = value;
    const bucket = bucketOf(this.#boundaries, value);
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }

  /** Forgets every series: for gauges that are set anew at each collection. */
  clear(): void {
    this.#series.clear();
    this.#watched.clear();
    this.#index = new Map();
  }

  get series(): ReadonlyMap<string, Readonly<Series>> {
    for (const [series, read] of this.#watched) series.value = read();
    return this.#series;
  }

  /** Adds what the same instrument of another process has counted. */
  absorb(series: ReadonlyMap<string, Readonly<Series>>): void {
    const { labels } = this.definition;
    for (const other of series.values()) {
      const own =
        overflow in other.attributes
          ? this.#others()
          : this.#at(labels.map((label) => other.attributes[label] ?? ""));
      own.value += other.value;
      own.count += other.count;
      own.min = Math.min(own.min, other.min);
      own.max = Math.max(own.max, other.max);
      for (const [bucket, count] of other.buckets.entries()) {
        own.buckets[bucket] = (own.buckets[bucket] ?? 0) + count;
      }
    }
  }

  #at(labels: readonly string[]): Series {
    const path = labels.length === 0 ? unlabelled : labels;
    let found: Index | Series | undefined = this.#index;
    for (const label of path) {
      if (!(found instanceof Map)) break;
      found = found.get(label);
    }
    return found === undefined || found instanceof Map ? this.#added(path) : found;
  }

  #added(path: readonly string[]): Series {
    if (this.#series.size >= maxSeries) return this.#others();
    const series = this.#create(path.join("\0"), attributesOf(this.definition.labels, path));
    let index = this.#index;
    for (const label of path.slice(0, -1)) {
      const known = index.get(label);
      const next: Index = known instanceof Map ? known : new Map();
      index.set(label, next);
      index = next;
    }
    index.set(path.at(-1) ?? "", series);
    return series;
  }

  #others(): Series {
    return this.#series.get(overflow) ?? this.#create(overflow, { [overflow]: "true" });
  }

  #create(key: string, attributes: Record<string, string>): Series {
    const buckets = new Array<number>(this.#boundaries.length + 1).fill(0);
    const series = { attributes, value: 0, count: 0, min: Infinity, max: -Infinity, buckets };
    this.#series.set(key, series);
    return series;
  }
}

/** Of an instrument without labels: one label that is empty, and so left out. */
const unlabelled = [""];

/** All instruments as one source for metric readers. `refresh` sets the gauges just before they are read. */
export class InstrumentProducer implements MetricProducer {
  readonly #instruments: readonly Instrument[];
  readonly #scope: InstrumentationScope;
  readonly #refresh: () => void | Promise<void>;
  readonly #startTime = hrTime();

  constructor(
    instruments: readonly Instrument[],
    scope: InstrumentationScope,
    refresh: () => void | Promise<void>,
  ) {
    this.#instruments = instruments;
    this.#scope = scope;
    this.#refresh = refresh;
  }

  async collect(): Promise<CollectionResult> {
    await this.#refresh();
    const times = { startTime: this.#startTime, endTime: hrTime() };
    const metrics = this.#instruments
      .filter(({ series }) => series.size > 0)
      .map((instrument) => metricData(instrument, times));
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: this.#scope, metrics }] },
      errors: [],
    };
  }
}

interface Times {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

function metricData({ definition, series }: Instrument, times: Times): MetricData {
  const { name, description, unit, kind, buckets = [] } = definition;
  const base = {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const all = [...series.values()];
  if (kind === "gauge") {
    const dataPoints = all.map(({ attributes, value }) => ({ ...times, attributes, value }));
    return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
  }
  if (kind === "counter") {
    const dataPoints = all.map(({ attributes, value }) => ({ ...times, attributes, value }));
    return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
  const dataPoints = all.map(({ attributes, value: sum, count, min, max, buckets: counts }) => ({
    ...times,
    attributes,
    value: { buckets: { boundaries: [...buckets], counts: [...counts] }, sum, count, min, max },
  }));
  return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
}

function attributesOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index];
    if (value !== undefined && value !== "") attributes[name] = value;
  }
  return attributes;
}

/** Index of the first boundary that is not below the value: buckets are (lower, upper]. */
function bucketOf(boundaries: readonly number[], value: number): number {
  let index = 0;
  while (index < boundaries.length && value > (boundaries[index] ?? 0)) index++;
  return index;
}
