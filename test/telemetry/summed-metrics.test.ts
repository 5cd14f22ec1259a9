import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Instrument } from "../../src/telemetry/instruments.ts";
import { createMetrics, type ProcessState } from "../../src/telemetry/metrics.ts";
import { metric } from "../../src/telemetry/semconv-metrics.ts";
import { createSummedMetrics, type SeriesByName, seriesOf } from "../../src/telemetry/summed-metrics.ts";

const state: ProcessState = {
  active: 3,
  isConfigValid: true,
  killScopes: [],
  ramps: [],
  breakers: [],
  store: {
    engine: "memory",
    state: "ok",
    reason: undefined,
    queuedRows: 0,
    queuedBytes: 0,
    writtenRows: 0,
    droppedRows: 0,
    writerRestarts: 0,
    damagedBlocks: 0,
  },
};

/** A worker that has answered so many requests on another route, each in so many milliseconds. */
function workerWith(latenciesMs: readonly number[], status = 200) {
  const metrics = createMetrics(() => "");
  for (const latencyMs of latenciesMs)
    metrics.http({ route: "/v1/models", method: "GET", status, latencyMs });
  return seriesOf(metrics);
}

/** As it crosses to another process. */
const told = (series: SeriesByName) => structuredClone(series);

const valuesOf = (instruments: readonly Instrument[], name: string) =>
  [...(instruments.find(({ definition }) => definition.name === name)?.series.values() ?? [])].map(
    ({ value, count, min, max }) => ({ value, count, min, max }),
  );
const http = "http.server.request.duration";

describe("metrics of several processes", () => {
  test("are what one process would have counted", () => {
    const latency = fc.integer({ min: 0, max: 60_000 });
    fc.assert(
      fc.property(fc.array(fc.array(latency), { maxLength: 4 }), (workers) => {
        const summed = createSummedMetrics(() => workers.map((latencies) => told(workerWith(latencies))));
        summed.refresh(state);
        const all = new Instrument(metric.httpServerDuration);
        for (const milliseconds of workers.flat())
          all.record(milliseconds / 1000, "GET", "/v1/models", "200");
        const sum = summed.instruments.find(({ definition }) => definition.name === http);
        assert.deepEqual([...(sum?.series.keys() ?? [])], [...all.series.keys()]);
        for (const [key, { value, ...rest }] of all.series) {
          const { value: summedValue = Number.NaN, ...summedRest } = sum?.series.get(key) ?? {};
          assert.deepEqual(summedRest, rest);
          // Seconds are added in another order.
          assert.ok(Math.abs(summedValue - value) <= 1e-9 * Math.max(1, value));
        }
      }),
    );
  });

  test("do not count twice what is asked for twice, and keep what an ended process had counted", () => {
    let workers = [told(workerWith([1000])), told(workerWith([2000]))];
    const summed = createSummedMetrics(() => workers);
    const counted = () => {
      summed.refresh(state);
      return valuesOf(summed.instruments, http);
    };
    const before = counted();
    assert.deepEqual(before, [{ value: 3, count: 2, min: 1, max: 2 }]);
    assert.deepEqual(counted(), before);
    const [first, ...rest] = workers;
    workers = rest;
    if (first !== undefined) summed.keep(first);
    assert.deepEqual(counted(), before);
  });

  test("have the queues of all that live: one that has ended holds nothing", () => {
    const queueOf = (queued: number) => {
      const metrics = createMetrics(() => "");
      metrics.queues.span.processed.add(10, "queue", "queue/0", "queue_full");
      metrics.queues.span.size.watch(() => queued, "queue", "queue/0");
      return told(seriesOf(metrics));
    };
    let workers = [queueOf(3), queueOf(4)];
    const summed = createSummedMetrics(() => workers);
    const seen = (what: string) => {
      summed.refresh(state);
      return valuesOf(summed.instruments, `otel.sdk.processor.span.${what}`).map(({ value }) => value);
    };
    assert.deepEqual([seen("queue.size"), seen("processed")], [[7], [20]]);
    const [first, ...rest] = workers;
    workers = rest;
    if (first !== undefined) summed.keep(first);
    assert.deepEqual([seen("queue.size"), seen("processed")], [[4], [20]]);
  });

  test("are this process's own where only it counts them, and its gauges are those it is told of", () => {
    const summed = createSummedMetrics(() => [told(workerWith([1]))]);
    summed.configReload("applied");
    summed.refresh(state);
    summed.refresh({ ...state, active: 5 });
    assert.deepEqual(
      valuesOf(summed.instruments, "assay.requests.active").map(({ value }) => value),
      [5],
    );
    assert.deepEqual(
      valuesOf(summed.instruments, "assay.config.reloads").map(({ value }) => value),
      [1],
    );
  });
});
