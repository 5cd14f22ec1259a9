/** Several processes on one file. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { recordText } from "../../src/core/record-text.ts";
import { factFlags } from "../../src/domain/store.ts";
import { createBatchWriter } from "../../src/stores/sqlite/batch-writer.ts";
import { openForWriting } from "../../src/stores/sqlite/database.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { outcome, pseudonym, record } from "./record-fixture.ts";
import { place, type StorePlace } from "./sqlite-fixture.ts";

describe("two stores on one file", () => {
  test("keep all of both, in rows that ascend for whoever reads on meanwhile", async (t) => {
    const { open, path } = place(t);
    const stores = ["one", "two"].map((instance) => open({ instance, boot: `boot of ${instance}` }));
    const source = openFactSource(path);
    const rows: number[] = [];
    const latencies: number[] = [];
    const readOn = () =>
      source.eachFact("tone", rows.at(-1) ?? 0, (fact) => {
        rows.push(fact.row);
        latencies.push(fact.latencyMs);
      });
    let latencyMs = 0;
    for (let round = 0; round < 10; round++) {
      for (let count = 0; count < 60; count++) stores[count % 2]?.append(record({ latencyMs: latencyMs++ }));
      await Promise.all(stores.map((store) => store.flush()));
      readOn();
    }
    assert.deepEqual(
      rows,
      rows.toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      latencies.toSorted((a, b) => a - b),
      Array.from({ length: 600 }, (_, at) => at),
    );
    const counts = source.boots().map(({ instance, lastSequence, rows }) => [instance, lastSequence, rows]);
    assert.deepEqual(counts.toSorted(), [
      ["one", 300, 300],
      ["two", 300, 300],
    ]);
    source.close();
  });

  test("forget a unit in both, and its number is nobody else's in either", async (t) => {
    const { open, path } = place(t);
    const [one, two] = [open({ instance: "one" }), open({ instance: "two" })];
    const of = (name: string) => record({ unitHash: pseudonym(name), sessionHash: undefined });
    two.append(of("ada"));
    await two.flush();
    await one.forget(pseudonym("ada"));
    // The number that was hers is the next one that is free.
    one.append(of("eve"));
    await one.flush();
    two.append(of("ada"));
    await two.flush();
    const source = openFactSource(path);
    const units: number[] = [];
    source.eachFact("tone", 0, ({ unit }) => units.push(unit));
    source.close();
    assert.equal(new Set(units).size, 2);
    assert.equal((await one.forget(pseudonym("ada"))).records, 1);
    assert.deepEqual(
      (await one.recent({ limit: 10 })).map(({ unitHash }) => unitHash),
      [pseudonym("eve")],
    );
  });

  test("count an outcome once, whoever got it, and tie it to a request of the other", async (t) => {
    const { open, path } = place(t);
    const [one, two] = [open({ instance: "one" }), open({ instance: "two" })];
    const asked = record();
    const sent = outcome({ subject: { kind: "request", requestId: asked.requestId } });
    await one.addOutcomes([sent]);
    const again = outcome({ subject: sent.subject, idempotencyHash: sent.idempotencyHash });
    assert.deepEqual(await two.addOutcomes([again]), [{ outcomeId: sent.outcomeId, status: "duplicate" }]);
    two.append(asked);
    await two.flush();
    const source = openFactSource(path);
    const tied: unknown[] = [];
    source.eachOutcome(0, ({ requestRow }) => tied.push(requestRow));
    const facts: unknown[] = [];
    source.eachFact("tone", 0, ({ row }) => facts.push(row));
    assert.deepEqual(tied, facts);
    assert.equal(facts.length, 1);
    source.close();
  });
});

describe("a boot that says nothing for a minute", () => {
  function writer({ path }: StorePlace, boot: string, clock: { now: number }) {
    const db = openForWriting({ path, busyMs: 1000 });
    const settings = {
      path,
      instance: "i",
      boot,
      startedAt: clock.now,
      retentionMs: 1e12,
      contentRetentionMs: 1e12,
      busyMs: 1000,
    };
    return { db, batches: createBatchWriter(db, settings, () => clock.now) };
  }
  const none = {
    number: 1,
    phases: [],
    crashes: [],
    contents: [],
    forgets: [],
    exposures: [],
    records: [],
    sequences: [],
    outcomes: [],
    lastSequence: 0,
  };

  test("has its open exposures taken for unfinished; should it live after all, its records replace them", (t) => {
    const spot = place(t);
    const clock = { now: Date.now() };
    const silent = writer(spot, "silent", clock);
    const other = writer(spot, "other", clock);
    const source = openFactSource(spot.path);
    const flags = () => {
      const found: number[] = [];
      source.eachFact("tone", 0, (fact) => found.push(fact.flags));
      return found;
    };
    const exposed = record({ prediction: "setosa" });
    const subject = { kind: "request", requestId: exposed.requestId } as const;
    const labelled = outcome({ subject, metric: "correct", value: undefined, label: "setosa" });
    const exposure = { ...exposed, outcome: "cancelled", prediction: undefined };
    const early = { exposures: [JSON.stringify(exposure)], outcomes: [JSON.stringify([labelled])] };
    silent.batches.write({ ...none, ...early });
    const tied = () => {
      const found: unknown[] = [];
      source.eachOutcome(0, ({ requestRow, prediction }) =>
        found.push([requestRow !== undefined, prediction]),
      );
      return found;
    };
    clock.now += 59_000;
    other.batches.endExposures();
    assert.deepEqual(flags(), []);
    silent.batches.keepAlive();
    clock.now += 59_000;
    other.batches.endExposures();
    assert.deepEqual(flags(), []);
    clock.now += 2_000;
    other.batches.endExposures();
    assert.deepEqual(flags(), [factFlags.exposed | factFlags.unfinished]);
    assert.deepEqual(tied(), [[true, undefined]]);
    const before = source.generation();
    const late = { records: [recordText(exposed)], sequences: [1], lastSequence: 1 };
    silent.batches.write({ ...none, ...late });
    assert.equal(flags().length, 1);
    assert.deepEqual(tied(), [[true, "setosa"]]);
    assert.equal((flags()[0] ?? 0) & (factFlags.unfinished | factFlags.success), factFlags.success);
    assert.equal(source.generation(), before + 1);
    assert.deepEqual(
      source.boots().map(({ boot, rows, lastSequence }) => [boot, rows, lastSequence]),
      [
        ["silent", 1, 1],
        ["other", 0, 0],
      ].slice(0, source.boots().length),
    );
    source.close();
    for (const { db } of [silent, other]) db.close();
  });
});
