/** What is left of a forgotten unit in the file itself: nothing, whatever the file has been through. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { recordText } from "../../src/core/record-text.ts";
import { createBatchWriter } from "../../src/stores/sqlite/batch-writer.ts";
import { openForWriting } from "../../src/stores/sqlite/database.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { recentBodies } from "../../src/stores/sqlite/record-pages.ts";
import { createRetention } from "../../src/stores/sqlite/retention.ts";
import { outcome, pseudonym, record } from "./record-fixture.ts";
import { column, flipBit, place, type StorePlace } from "./sqlite-fixture.ts";

const ada = pseudonym("ada");

/** The file with its log. */
function bytesOf({ path }: StorePlace): Buffer {
  const parts = ["", "-wal", "-journal"].map((suffix) => `${path}${suffix}`).filter(existsSync);
  return Buffer.concat(parts.map((part) => readFileSync(part)));
}

/** Compressed bodies as they lie in the file: the beginning of each block, which stays on its page. */
function blocksOf(spot: StorePlace): Buffer[] {
  return column(spot.connect(), "SELECT body FROM blocks").map((body) => {
    assert.ok(body instanceof Uint8Array);
    return Buffer.from(body.subarray(8, 200));
  });
}

describe("a forgotten unit", () => {
  test("is in no byte of the file or its log, and was there before", async (t) => {
    const spot = place(t);
    const store = spot.open();
    store.append(record({ responseId: "canary-in-a-record" }));
    await store.expose(record({ ragIndexVersion: "canary-in-an-exposure" }));
    await store.addOutcomes([outcome({ comment: "canary-in-a-comment" })]);
    const blocks = blocksOf(spot);
    const needles = [ada, pseudonym("session-1"), "canary-in-an-exposure", "canary-in-a-comment", ...blocks];
    assert.equal(blocks.length, 1);
    for (const needle of needles) assert.ok(bytesOf(spot).includes(needle));
    await store.forget(ada);
    for (const needle of needles) assert.ok(!bytesOf(spot).includes(needle), String(needle));
    assert.deepEqual(column(spot.connect(), "SELECT count(*) FROM blocks"), [0]);
  });

  test("is in none after pages were split, merged and moved", async (t) => {
    const spot = place(t);
    const store = spot.open();
    const names = Array.from({ length: 1500 }, (_, index) => `unit-${index}`);
    const commentOf = (name: string) => `the words of ${name}. `.repeat(1 + (name.length % 9));
    for (const name of names) store.append(record({ unitHash: pseudonym(name), sessionHash: undefined }));
    const told = names.map((name) => {
      const subject = { kind: "unit", unitHash: pseudonym(name) } as const;
      return outcome({ subject, comment: commentOf(name) });
    });
    for (let from = 0; from < told.length; from += 100) await store.addOutcomes(told.slice(from, from + 100));
    const gone = names.filter((_, index) => index % 3 === 0);
    await Promise.all(gone.map((name) => store.forget(pseudonym(name))));
    const bytes = bytesOf(spot);
    const left = gone.filter((name) => bytes.includes(pseudonym(name)) || bytes.includes(commentOf(name)));
    assert.deepEqual(left, []);
    assert.equal(spot.latencies().length, 1000);
  });

  test("leaves the records that shared its blocks readable, each as it was", async (t) => {
    const spot = place(t);
    const store = spot.open();
    const written = Array.from({ length: 300 }, (_, index) =>
      record({ unitHash: pseudonym(index % 3 === 0 ? "ada" : "eve"), sessionHash: undefined }),
    );
    for (const one of written) store.append(one);
    await store.flush();
    const before = await store.recent({ limit: 1000 });
    const shared = blocksOf(spot);
    await store.forget(ada);
    assert.deepEqual(
      await store.recent({ limit: 1000 }),
      before.filter(({ unitHash }) => unitHash !== ada),
    );
    for (const block of shared) assert.ok(!bytesOf(spot).includes(block));
    // A second one of the same block.
    await store.forget(pseudonym("eve"));
    assert.deepEqual(await store.recent({ limit: 1000 }), []);
    assert.equal(blocksOf(spot).length, 0);
    assert.equal(store.health().damagedBlocks, 0);
  });

  test("takes a block with it that nobody can open", async (t) => {
    const spot = place(t);
    const store = spot.open();
    store.append(record());
    store.append(record({ unitHash: pseudonym("eve"), sessionHash: undefined }));
    await store.flush();
    const db = spot.connect();
    flipBit(db, Number(column(db, "SELECT id FROM blocks")[0]));
    const [block] = blocksOf(spot);
    await store.forget(ada);
    assert.ok(block !== undefined && !bytesOf(spot).includes(block));
    assert.deepEqual(column(db, "SELECT count(*) FROM records"), [1]);
  });

  test("is found in lines whose records retention has taken, while their block is there", (t) => {
    const { path } = place(t);
    const clock = { now: Date.UTC(2026, 0, 1) };
    const now = () => clock.now;
    const retentionMs = 86_400_000;
    const settings = {
      path,
      instance: "i",
      boot: "b",
      startedAt: clock.now,
      retentionMs,
      contentRetentionMs: retentionMs,
      busyMs: 1000,
    };
    const db = openForWriting(settings);
    const batches = createBatchWriter(db, settings, now);
    const retention = createRetention(db, batches.transactions, {
      ...settings,
      now,
      elapsedMs: now,
      note: () => {},
    });
    const empty = {
      phases: [],
      crashes: [],
      exposures: [],
      outcomes: [],
      records: [],
      sequences: [],
      contents: [],
    };
    // A long request and a short one, which ended together.
    const texts = ["ada", "eve"].map((name, at) =>
      recordText(
        record({
          unitHash: pseudonym(name),
          sessionHash: undefined,
          receivedAt: clock.now + at * 60_000,
        }),
      ),
    );
    const sequences = [1, 2];
    batches.write({ ...empty, number: 1, records: texts, sequences, forgets: [], lastSequence: 2 });
    clock.now += retentionMs + 30_000;
    while (retention.step());
    const textOf = () => {
      const [body] = column(db, "SELECT body FROM blocks");
      assert.ok(body instanceof Uint8Array);
      return zstdDecompressSync(body).toString();
    };
    assert.deepEqual(column(db, "SELECT count(*) FROM records"), [1]);
    assert.ok(textOf().includes(ada));
    batches.write({ ...empty, number: 2, forgets: [ada], lastSequence: 2 });
    assert.ok(!textOf().includes(ada));
    assert.equal(recentBodies(db, { limit: 10 }).bodies.length, 1);
    db.close();
  });

  test("cannot be said to be gone while a reader holds the old state, and can once it is asked again", async (t) => {
    const spot = place(t);
    const store = spot.open({ limits: { busyMs: 20 } });
    store.append(record());
    await store.flush();
    const reader = spot.connect();
    reader.exec("BEGIN");
    assert.deepEqual(column(reader, "SELECT count(*) FROM records"), [1]);
    await assert.rejects(store.forget(ada), { code: "store_unavailable" });
    await spot.log.said(/not overwritten yet: a reader/);
    // Traffic goes on, and what was deleted is deleted.
    store.append(record({ unitHash: pseudonym("eve"), sessionHash: undefined }));
    assert.equal((await store.recent({ limit: 10 })).length, 1);
    reader.exec("COMMIT");
    assert.equal((await store.forget(ada)).records, 0);
    assert.ok(!bytesOf(spot).includes(ada));
  });

  test("is whole or gone when the process is killed, and gone when it is asked again", async (t) => {
    const spot = place(t);
    const program = join(import.meta.dirname, "killed-forgetter.ts");
    const found: number[] = [];
    for (let run = 0; run < 8; run++) {
      const store = spot.open();
      for (let count = 0; count < 500; count++) store.append(record());
      await store.addOutcomes([outcome()]);
      await store.close();
      const child = fork(program, [spot.path, `killed-${run}`], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      for (let words = 0; words <= run * 30; words++) await once(child, "message");
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      const db = spot.connect();
      assert.deepEqual(column(db, "PRAGMA integrity_check"), ["ok"]);
      const [records, facts, outcomes] = ["records", "facts", "outcomes"].map((table) =>
        Number(column(db, `SELECT count(*) FROM ${table}`)[0]),
      );
      assert.deepEqual([records, facts, outcomes], records === 0 ? [0, 0, 0] : [500, 500, 1]);
      found.push(records ?? 0);
      db.close();
      const again = spot.open();
      await again.forget(ada);
      assert.ok(!bytesOf(spot).includes(ada));
      await again.close();
    }
    t.diagnostic(`records left at each kill: ${found.join(", ")}`);
  });

  test("is gone for statistics that have read it, and its number is nobody's", async (t) => {
    const spot = place(t);
    const store = spot.open();
    store.append(record({ sessionHash: undefined }));
    await store.flush();
    const source = openFactSource(spot.path);
    t.after(source.close);
    const before = source.generation();
    await store.forget(ada);
    store.append(record({ unitHash: pseudonym("eve"), sessionHash: undefined }));
    await store.flush();
    assert.notEqual(source.generation(), before);
    const rows: number[] = [];
    source.eachFact("tone", 0, ({ row }) => rows.push(row));
    assert.equal(rows.length, 1);
  });
});
