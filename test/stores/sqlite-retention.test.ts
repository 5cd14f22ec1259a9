import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { recordText } from "../../src/core/record-text.ts";
import { createBatchWriter } from "../../src/stores/sqlite/batch-writer.ts";
import { openForWriting } from "../../src/stores/sqlite/database.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { recentBodies } from "../../src/stores/sqlite/record-pages.ts";
import { createRetention } from "../../src/stores/sqlite/retention.ts";
import { outcome, pseudonym, record, said } from "./record-fixture.ts";
import { column, place, type StorePlace } from "./sqlite-fixture.ts";

const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 1);

/** A writer and its retention under a clock of the test's own. */
function opened({ path }: StorePlace, retentionMs: number, contentRetentionMs = retentionMs) {
  // Both clocks go together; a jump is of the first alone.
  const clock = { now: start, jumpedMs: 0 };
  const now = () => clock.now;
  const notes: string[] = [];
  const note = (message: string) => void notes.push(message);
  const elapsedMs = () => clock.now - clock.jumpedMs;
  const db = openForWriting({ path, busyMs: 1000 });
  const settings = {
    path,
    instance: "i",
    boot: "b",
    startedAt: start,
    retentionMs,
    contentRetentionMs,
    busyMs: 1000,
  };
  const batches = createBatchWriter(db, settings, now);
  const retention = createRetention(db, batches.transactions, { ...settings, now, elapsedMs, note });
  let sequence = 0;
  const write = (records: number, unit: string) => {
    const texts: string[] = [];
    const sequences: number[] = [];
    for (let count = 0; count < records; count++) {
      texts.push(recordText(record({ receivedAt: clock.now, unitHash: pseudonym(unit) })));
      sequences.push(++sequence);
    }
    const outcomes = [JSON.stringify([outcome({ receivedAt: clock.now })])];
    const rest = {
      phases: [],
      crashes: [],
      contents: [],
      forgets: [],
      exposures: [],
      outcomes,
      lastSequence: sequence,
    };
    batches.write({ number: sequence, records: texts, sequences, ...rest });
  };
  const counts = () =>
    ["records", "facts", "outcomes", "subjects"].map(
      (table) => column(db, `SELECT count(*) FROM ${table}`)[0],
    );
  return { clock, db, batches, write, counts, retention, notes };
}

describe("retention", () => {
  test("takes what is older than it may be, in portions, and nothing else", (t) => {
    const { clock, db, write, counts, retention } = opened(place(t), 10 * dayMs);
    write(1200, "old");
    clock.now += 9 * dayMs;
    write(3, "ada");
    assert.equal(retention.step(), false);
    assert.deepEqual(counts(), [1203, 1203, 2, 3]);
    clock.now += 2 * dayMs;
    let steps = 0;
    const left: unknown[] = [];
    while (retention.step()) {
      steps++;
      left.push(counts()[0]);
    }
    assert.deepEqual(left, [703, 203, 3]);
    assert.equal(steps, 3);
    assert.deepEqual(counts().slice(0, 3), [3, 3, 1]);
    // What retention took is no loss.
    assert.deepEqual(column(db, "SELECT last_sequence - rows FROM boots"), [0]);
    db.close();
  });

  test("takes the texts of records with the last of them, and those that stay can be read", (t) => {
    const { clock, db, write, retention } = opened(place(t), 10 * dayMs);
    const blocks = () => column(db, "SELECT count(*) FROM blocks")[0];
    write(700, "old");
    clock.now += 9 * dayMs;
    write(3, "ada");
    const all = Number(blocks());
    assert.ok(all > 2);
    clock.now += 2 * dayMs;
    assert.equal(retention.step(), true);
    // 200 of them are there yet, and their blocks.
    assert.equal(recentBodies(db, { limit: 1000 }).bodies.length, 203);
    while (retention.step());
    assert.equal(blocks(), 1);
    assert.equal(recentBodies(db, { limit: 1000 }).bodies.length, 3);
    db.close();
  });

  test("takes what was said before the record that it was said in, and leaves the generation", (t) => {
    const spot = place(t);
    const { clock, db, batches, counts, retention } = opened(spot, 10 * dayMs, 2 * dayMs);
    const source = openFactSource(spot.path);
    const one = record({ receivedAt: clock.now });
    const empty = { phases: [], crashes: [], exposures: [], outcomes: [], forgets: [] };
    const contents = [said(one)];
    batches.write({
      ...empty,
      number: 1,
      records: [recordText(one)],
      sequences: [1],
      contents,
      lastSequence: 1,
    });
    const contentsLeft = () => column(db, "SELECT count(*) FROM contents")[0];
    const before = source.generation();
    clock.now += dayMs;
    while (retention.step());
    assert.equal(contentsLeft(), 1);
    clock.now += 2 * dayMs;
    while (retention.step());
    assert.deepEqual([contentsLeft(), counts()[0], source.generation()], [0, 1, before]);
    source.close();
    db.close();
  });

  test("overwrites what it takes away", (t) => {
    const spot = place(t);
    const { clock, db, batches, retention } = opened(spot, 10 * dayMs);
    const one = record({ receivedAt: clock.now });
    const empty = { phases: [], crashes: [], exposures: [], outcomes: [], forgets: [], records: [] };
    const contents = [said(one, `${"long ".repeat(5000)}the end of it`)];
    batches.write({ ...empty, number: 1, sequences: [], contents, lastSequence: 0 });
    const isInFile = () => {
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      return readFileSync(spot.path).includes("the end of it");
    };
    assert.ok(isInFile());
    clock.now += 11 * dayMs;
    while (retention.step());
    assert.ok(!isInFile());
    db.close();
  });

  test("changes the generation with its first deletion and after its last, and rests between rounds", (t) => {
    const spot = place(t);
    const { clock, db, write, retention } = opened(spot, 10 * dayMs);
    const source = openFactSource(spot.path);
    write(1, "old");
    const before = source.generation();
    assert.equal(retention.step(), false);
    assert.equal(source.generation(), before);
    clock.now += 11 * dayMs;
    assert.equal(retention.step(), true);
    assert.equal(source.generation(), before + 1);
    assert.equal(retention.step(), false);
    assert.equal(source.generation(), before + 2);
    write(1, "ada");
    clock.now += 60_000;
    assert.equal(retention.step(), false);
    assert.equal(source.generation(), before + 2);
    source.close();
    db.close();
  });

  test("forgets units that are gone, and never one that is still met", (t) => {
    const { clock, db, write, retention } = opened(place(t), 10 * dayMs);
    write(1, "old");
    const seen = [];
    for (let day = 0; day < 14; day++) {
      clock.now += dayMs;
      write(1, "ada");
      seen.push(...column(db, `SELECT id FROM subjects WHERE hash = '${pseudonym("ada")}'`));
    }
    while (retention.step());
    assert.deepEqual(column(db, "SELECT hash FROM subjects ORDER BY hash"), [
      ...[pseudonym("ada"), pseudonym("session-1")].toSorted(),
    ]);
    assert.equal(new Set(seen).size, 1);
    const orphaned = column(db, "SELECT row FROM facts WHERE unit NOT IN (SELECT id FROM subjects)");
    assert.deepEqual(orphaned, []);
    db.close();
  });

  test("deletes nothing in the round in which the clock jumps forward, and tells", (t) => {
    const { clock, db, write, counts, retention, notes } = opened(place(t), 10 * dayMs);
    write(3, "old");
    assert.equal(retention.step(), false);
    clock.now += 365 * dayMs;
    clock.jumpedMs += 365 * dayMs;
    assert.equal(retention.step(), false);
    assert.deepEqual(counts().slice(0, 2), [3, 3]);
    assert.deepEqual(notes, [
      "the clock went forward by 8760 h at once; nothing is deleted for its age in this round",
    ]);
    // A clock that stays where it was put is right.
    clock.now += dayMs;
    while (retention.step());
    assert.deepEqual(counts().slice(0, 2), [0, 0]);
    assert.equal(notes.length, 1);
    db.close();
  });

  test("forgets boots that have said nothing for as long, and never the one that writes", (t) => {
    const spot = place(t);
    const { clock, db, batches, write, retention } = opened(spot, 10 * dayMs);
    db.exec(`INSERT INTO boots (instance, boot, started_at, alive_at) VALUES
      ('i', 'gone', 0, ${start - 1}), ('i', 'young', 0, ${start + 5 * dayMs})`);
    write(1, "old");
    clock.now += 10 * dayMs + 1;
    while (retention.step());
    const source = openFactSource(spot.path);
    const boots = () => source.boots().map(({ boot, aliveAt }) => [boot, aliveAt - start]);
    assert.deepEqual(boots().toSorted(), [
      ["b", 0],
      ["young", 5 * dayMs],
    ]);
    // So that no other process takes it for gone, one that has nothing to write says now and then that it lives.
    batches.keepAlive();
    assert.deepEqual(
      boots().find(([boot]) => boot === "b"),
      ["b", 10 * dayMs + 1],
    );
    clock.now += 1000;
    batches.keepAlive();
    assert.deepEqual(
      boots().find(([boot]) => boot === "b"),
      ["b", 10 * dayMs + 1],
    );
    source.close();
    db.close();
  });

  test("runs in the store by itself", async (t) => {
    const { open, path, latencies } = place(t);
    const before = open({ config: { retentionMs: 1e12 } });
    before.append(record({ receivedAt: Date.now() - 3 * dayMs, latencyMs: 1 }));
    before.append(record({ latencyMs: 2 }));
    await before.close();
    const source = openFactSource(path);
    const generation = source.generation();
    const store = open({ config: { retentionMs: dayMs } });
    // The first upkeep comes before or behind some commit; each commit gives it its turn.
    while (source.generation() === generation) await store.addOutcomes([outcome()]);
    assert.deepEqual(latencies(), [2]);
    source.close();
  });
});
