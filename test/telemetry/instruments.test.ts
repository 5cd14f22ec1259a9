import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { Instrument, InstrumentProducer, maxSeries } from "../../src/telemetry/instruments.ts";
import { type MetricDefinition, metric } from "../../src/telemetry/semconv-metrics.ts";

const counter: MetricDefinition = {
  name: "test.counter",
  kind: "counter",
  unit: "{thing}",
  description: "Things.",
  labels: ["first", "second"],
};
const histogram: MetricDefinition = {
  ...counter,
  name: "test.histogram",
  kind: "histogram",
  buckets: [1, 2, 4],
};
const gauge: MetricDefinition = { ...counter, name: "test.gauge", kind: "gauge", labels: ["scope"] };

async function collected(
  instruments: readonly Instrument[],
  refresh = () => {},
): Promise<readonly MetricData[]> {
  const producer = new InstrumentProducer(instruments, { name: "test" }, refresh);
  const { resourceMetrics, errors } = await producer.collect();
  assert.deepEqual(errors, []);
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
}

describe("a counter", () => {
  test("adds up by its labels, in their order, and leaves out the empty ones", async () => {
    const instrument = new Instrument(counter);
    instrument.add(1, "a", "b");
    instrument.add(2, "a", "b");
    instrument.add(5, "a", "");
    const [data] = await collected([instrument]);
    assert.equal(data?.dataPointType, DataPointType.SUM);
    assert.deepEqual(
      data?.dataPoints.map(({ attributes, value }) => ({ attributes, value })),
      [
        { attributes: { first: "a", second: "b" }, value: 3 },
        { attributes: { first: "a" }, value: 5 },
      ],
    );
  });

  test("keeps labels apart whose texts run together", () => {
    const instrument = new Instrument(counter);
    instrument.add(1, "ab", "c");
    instrument.add(1, "a", "bc");
    assert.equal(instrument.series.size, 2);
  });

  test("is cumulative from the process's start", async () => {
    const instrument = new Instrument(counter);
    const producer = new InstrumentProducer([instrument], { name: "test" }, () => {});
    const startOf = async () => {
      const { resourceMetrics } = await producer.collect();
      return resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.startTime;
    };
    instrument.add(1, "a");
    const first = await startOf();
    instrument.add(1, "a");
    assert.deepEqual(await startOf(), first);
  });
});

describe("a histogram", () => {
  test("counts a value that lies on a boundary into the bucket that ends there", async () => {
    const instrument = new Instrument(histogram);
    for (const value of [0, 1, 1.5, 4, 4.1, 1000]) instrument.record(value, "a", "b");
    const [data] = await collected([instrument]);
    assert.deepEqual(data?.dataPoints[0]?.value, {
      buckets: { boundaries: [1, 2, 4], counts: [2, 1, 1, 2] },
      sum: 1010.6,
      count: 6,
      min: 0,
      max: 1000,
    });
  });

  test("loses no value: its buckets add up to its count, and its sum is theirs", () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, (all) => {
        const instrument = new Instrument(histogram);
        for (const value of all) instrument.record(value, "a", "b");
        const [series] = instrument.series.values();
        assert.ok(series);
        assert.equal(series.count, all.length);
        assert.equal(
          series.buckets.reduce((total, count) => total + count, 0),
          all.length,
        );
        assert.equal(
          series.value,
          all.reduce((total, value) => total + value, 0),
        );
        assert.deepEqual([series.min, series.max], [Math.min(...all), Math.max(...all)]);
      }),
    );
  });
});

describe("a gauge", () => {
  test("is set anew at each collection, and forgets what is gone", async () => {
    const instrument = new Instrument(gauge);
    let scopes = ["one", "two"];
    const refresh = () => {
      instrument.clear();
      for (const scope of scopes) instrument.set(1, scope);
    };
    const seen = async () =>
      (await collected([instrument], refresh))[0]?.dataPoints.map(({ attributes }) => attributes);
    assert.deepEqual(await seen(), [{ scope: "one" }, { scope: "two" }]);
    scopes = ["two"];
    assert.deepEqual(await seen(), [{ scope: "two" }]);
  });

  test("that is watched has the value of the moment when it is read", () => {
    const instrument = new Instrument(gauge);
    let queued = 1;
    instrument.watch(() => queued, "queue");
    const seen = () => [...instrument.series.values()].map(({ value }) => value);
    assert.deepEqual(seen(), [1]);
    queued = 7;
    assert.deepEqual(seen(), [7]);
  });
});

describe("beyond the limit of series", () => {
  test("all others share one that says so, and those that were there go on", () => {
    const instrument = new Instrument(counter);
    for (let label = 0; label < maxSeries + 100; label++) instrument.add(1, `label ${label}`);
    instrument.add(1, "label 0");
    assert.equal(instrument.series.size, maxSeries + 1);
    const all = [...instrument.series.values()];
    const overflow = all.find(({ attributes }) => "otel.metric.overflow" in attributes);
    assert.equal(overflow?.value, 100);
    assert.equal(
      all.reduce((total, { value }) => total + value, 0),
      maxSeries + 101,
    );
    assert.equal(instrument.series.get("label 0")?.value, 2);
  });
});

describe("absorbing another process's series", () => {
  const counted = (calls: readonly (readonly [string, string])[]) => {
    const instrument = new Instrument(counter);
    for (const labels of calls) instrument.add(1, ...labels);
    return instrument;
  };
  const seriesIn = ({ series }: Instrument) => [...series].map(([key, { value }]) => [key, value]).sort();

  test("is as if this one had counted it, before and after its own counting", () => {
    const label = fc.constantFrom("", "a", "b", "a\0b");
    const calls = fc.array(fc.tuple(label, label));
    fc.assert(
      fc.property(calls, calls, calls, (before, others, after) => {
        const instrument = counted(before);
        instrument.absorb(counted(others).series);
        for (const labels of after) instrument.add(1, ...labels);
        assert.deepEqual(seriesIn(instrument), seriesIn(counted([...before, ...others, ...after])));
      }),
    );
  });

  test("keeps to the limit of series, and loses nothing by it", () => {
    const sum = new Instrument(counter);
    for (const process of ["one", "two", "three"]) {
      const own = counted(Array.from({ length: maxSeries + 5 }, (_, at) => [process, `${at}`] as const));
      sum.absorb(own.series);
    }
    assert.equal(sum.series.size, maxSeries + 1);
    const total = [...sum.series.values()].reduce((all, { value }) => all + value, 0);
    assert.equal(total, 3 * (maxSeries + 5));
    const little = new Instrument(counter);
    const full = counted(Array.from({ length: maxSeries + 5 }, (_, at) => ["", `${at}`] as const));
    little.absorb(new Map([...full.series].slice(-1)));
    assert.deepEqual(
      [...little.series.values()].map(({ attributes, value }) => [attributes, value]),
      [[{ "otel.metric.overflow": "true" }, 5]],
    );
  });
});

test("an instrument that has never been used is not exported", async () => {
  assert.deepEqual(await collected([new Instrument(counter), new Instrument(gauge)]), []);
});

describe("the table of metrics", () => {
  const definitions: readonly MetricDefinition[] = Object.values(metric);

  test("has buckets, in rising order, for every histogram and for nothing else", () => {
    for (const { name, kind, buckets } of definitions) {
      assert.equal(buckets !== undefined, kind === "histogram", name);
      assert.deepEqual(
        buckets ?? [],
        [...(buckets ?? [])].sort((a, b) => a - b),
        name,
      );
    }
  });

  test("reaches 300 s for requests, and is in seconds throughout", () => {
    assert.equal(metric.requestDuration.buckets?.at(-1), 300);
    for (const { name, unit } of definitions) {
      assert.doesNotMatch(unit, /^ms$/, name);
      if (/duration|time_/.test(name)) assert.equal(unit, "s", name);
    }
  });

  test("names each metric once, and no label for a user, a session, a trace, a response or a message", () => {
    assert.equal(new Set(definitions.map(({ name }) => name)).size, definitions.length);
    for (const { name, labels } of definitions) {
      for (const label of labels)
        assert.doesNotMatch(label, /user|unit|session|trace|response\.id|model|hash|message/, name);
    }
  });
});
