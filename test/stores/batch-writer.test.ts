import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createBatchWriter } from "../../src/stores/sqlite/batch-writer.ts";
import { openForWriting } from "../../src/stores/sqlite/database.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import type { Batch } from "../../src/stores/sqlite/messages.ts";
import { outcome, phase, record } from "./record-fixture.ts";
import { column, place, type StorePlace } from "./sqlite-fixture.ts";

function writer({ path }: StorePlace) {
  const db = openForWriting({ path, busyMs: 1000 });
  const settings = { path, instance: "i", boot: "b", startedAt: 1, retentionMs: 1e12, busyMs: 1000 };
  return { db, batches: createBatchWriter(db, settings, Date.now) };
}

function batch(records: number, experimentId = "tone"): Batch {
  const texts = Array.from({ length: records }, () => JSON.stringify(record({ experimentId })));
  return {
    number: 1,
    phases: [JSON.stringify(phase())],
    exposures: [],
    records: texts,
    sequences: texts.map((_, at) => at + 1),
    outcomes: [JSON.stringify([outcome()])],
    lastSequence: records,
  };
}

describe("a batch", () => {
  test("that is sent again, since its writer died between commit and answer, gets the same receipts and adds nothing", (t) => {
    const { db, batches } = writer(place(t));
    const one = batch(3);
    const first = batches.write(one);
    assert.deepEqual(batches.write(one), first);
    assert.equal(first.receipts[0]?.[0]?.status, "stored");
    assert.deepEqual(column(db, "SELECT rows FROM boots"), [3]);
    for (const table of ["records", "facts"])
      assert.deepEqual(column(db, `SELECT count(*) FROM ${table}`), [3]);
    assert.deepEqual(column(db, "SELECT count(*) FROM outcomes"), [1]);
    db.close();
  });

  test("that fails leaves nothing, and nothing that was learned in it", (t) => {
    const spot = place(t);
    const { db, batches } = writer(spot);
    batches.write(batch(1));
    const [pages] = column(db, "PRAGMA page_count");
    db.exec(`PRAGMA max_page_count = ${Number(pages) + 4}`);
    const fresh = batch(200, "fresh");
    assert.throws(() => batches.write(fresh), /full/);
    assert.equal(db.isTransaction, false);
    assert.deepEqual(column(db, "SELECT count(*) FROM records"), [1]);
    db.exec("PRAGMA max_page_count = 1000000");
    batches.write(fresh);
    const source = openFactSource(spot.path);
    const variants = new Set<string>();
    let facts = 0;
    source.eachFact("fresh", 0, ({ assigned, unit }) => {
      facts++;
      variants.add(`${assigned} ${unit}`);
    });
    assert.deepEqual([facts, [...variants]], [200, ["control 1"]]);
    assert.deepEqual(
      source.boots().map(({ rows }) => rows),
      [201],
    );
    source.close();
    db.close();
  });
});
