import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodyOf, recordText } from "../../src/core/record-text.ts";
import { createBatchWriter } from "../../src/stores/sqlite/batch-writer.ts";
import { openForWriting } from "../../src/stores/sqlite/database.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import type { Batch } from "../../src/stores/sqlite/messages.ts";
import { newestOfSubject } from "../../src/stores/sqlite/outcome-writer.ts";
import { recentBodies } from "../../src/stores/sqlite/record-pages.ts";
import { keyless, outcome, phase, record } from "./record-fixture.ts";
import { column, place, type StorePlace } from "./sqlite-fixture.ts";

function writer({ path }: StorePlace) {
  const db = openForWriting({ path, busyMs: 1000 });
  const settings = {
    path,
    instance: "i",
    boot: "b",
    startedAt: 1,
    retentionMs: 1e12,
    contentRetentionMs: 1e12,
    busyMs: 1000,
  };
  return { db, batches: createBatchWriter(db, settings, Date.now) };
}

function batch(records: number, experimentId = "tone"): Batch {
  const texts = Array.from({ length: records }, () => recordText(record({ experimentId })));
  return {
    number: 1,
    phases: [JSON.stringify(phase())],
    crashes: [],
    contents: [],
    forgets: [],
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

  test("that is sent again decides anew on no outcome, whatever is newest by then", (t) => {
    const { db, batches } = writer(place(t));
    const call = (...values: number[]) => JSON.stringify(values.map((value) => keyless({ value })));
    batches.write({ ...batch(0), outcomes: [call(1)] });
    const one = { ...batch(0), outcomes: [call(1, 0), call(0, 1, 1), call(0)] };
    const first = batches.write(one);
    assert.deepEqual(
      first.receipts.flat().map((receipt) => receipt?.status),
      ["duplicate", "stored", "duplicate", "stored", "duplicate", "stored"],
    );
    assert.deepEqual(batches.write(one), first);
    assert.deepEqual(column(db, "SELECT value FROM outcomes ORDER BY row"), [1, 0, 1, 0]);
    db.close();
  });

  test("keeps the texts of its records apart, a tenth of the bytes, and gives each back under its own row", (t) => {
    const { db, batches } = writer(place(t));
    const records = Array.from({ length: 400 }, (_, at) => record({ requestModel: `a\nb ${at} ü\u2028` }));
    const texts = records.map(recordText);
    batches.write({ ...batch(0), records: texts, sequences: texts.map((_, at) => at + 1) });
    assert.deepEqual(recentBodies(db, { limit: 400 }).bodies, texts.map(bodyOf).reverse());
    const one = records[123];
    assert.deepEqual(recentBodies(db, { requestId: one?.requestId, limit: 1 }).bodies, [JSON.stringify(one)]);
    const [blocks, bytes] = [
      column(db, "SELECT count(*) FROM blocks"),
      column(db, "SELECT sum(length(body)) FROM blocks"),
    ];
    assert.ok(Number(blocks[0]) > 1 && Number(bytes[0]) < texts.join("").length / 8, `${blocks} ${bytes}`);
    db.close();
  });

  test("leaves out the line of a record that it could not store", (t) => {
    const { db, batches } = writer(place(t));
    const records = [1, Number.NaN, 3].map((latencyMs) => record({ latencyMs }));
    const texts = records.map(recordText);
    const { refused } = batches.write({ ...batch(0), records: texts, sequences: [1, 2, 3] });
    assert.equal(refused, 1);
    assert.deepEqual(
      recentBodies(db, { limit: 9 }).bodies,
      [texts[2], texts[0]].map((text) => bodyOf(text ?? "")),
    );
    db.close();
  });

  test("looks the newest outcome of a subject up by an index", (t) => {
    const { db } = writer(place(t));
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${newestOfSubject}`).all(null, null, 1, 1);
    assert.match(JSON.stringify(plan), /SEARCH outcomes USING (COVERING )?INDEX outcomes_by_subject/);
    assert.doesNotMatch(JSON.stringify(plan), /B-TREE/);
    db.close();
  });

  test("has names for a thousand models that upstreams call theirs; what comes beyond is another one", (t) => {
    const spot = place(t);
    const { db, batches } = writer(spot);
    const models = Array.from({ length: 1100 }, (_, at) => `model-${at}`);
    const written = (some: readonly string[]) => {
      const texts = some.map((responseModel) => recordText(record({ responseModel })));
      return { ...batch(0), records: texts, sequences: texts.map((_, at) => at + 1) };
    };
    batches.write(written(models.slice(0, 600)));
    batches.write(written(models.slice(600)));
    // Another writer counts those of the one before, and goes on with the names that are there.
    const next = writer(spot);
    next.batches.write(written(["model-999", "model-1099", "control"]));
    const seen: (string | undefined)[] = [];
    const source = openFactSource(spot.path);
    source.eachFact("tone", 0, ({ responseModel }) => seen.push(responseModel));
    assert.deepEqual(seen.slice(0, 1000), models.slice(0, 1000));
    assert.deepEqual([...new Set(seen.slice(1000, 1100))], ["other"]);
    assert.deepEqual(seen.slice(1100), ["model-999", "other", "control"]);
    source.close();
    for (const each of [db, next.db]) each.close();
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
