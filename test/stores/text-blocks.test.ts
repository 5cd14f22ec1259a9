import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { describe, type TestContext, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import type { RequestRecord } from "../../src/domain/record.ts";
import { scanRecords } from "../../src/stores/sqlite/scan.ts";
import { textColumns, textsOf } from "../../src/stores/sqlite/text-blocks.ts";
import { record } from "./record-fixture.ts";
import { column, flipBit, place } from "./sqlite-fixture.ts";

/** So many blocks of so many records each; the records of a block are `apart` from each other in time. */
async function blocksOf(t: TestContext, blocks: number, rows: number, apart: "behind" | "between") {
  const spot = place(t);
  const store = spot.open();
  const base = Date.now() - 100_000;
  const written: RequestRecord[] = [];
  for (let block = 0; block < blocks; block++) {
    for (let line = 0; line < rows; line++) {
      const at = apart === "behind" ? block * rows + line : line * blocks + block;
      written.push(record({ receivedAt: base + at }));
      store.append(written.at(-1) ?? record());
    }
    await store.flush();
  }
  const db = spot.connect();
  const ids = column(db, "SELECT id FROM blocks ORDER BY id").map(Number);
  assert.equal(ids.length, blocks);
  return { spot, store, db, written, ids };
}

const idsOf = (records: Iterable<RequestRecord>) => [...records].map(({ requestId }) => requestId);

describe("the texts of a page", () => {
  test("open each block once, however many take turns, and keep their order", async (t) => {
    const { db, written } = await blocksOf(t, 12, 10, "between");
    const rows = db.prepare(`SELECT ${textColumns} FROM records ORDER BY received_at`).all();
    let opened = 0;
    const { texts, damage } = textsOf(db, rows, (packed) => {
      opened++;
      return zstdDecompressSync(packed);
    });
    assert.equal(opened, 12);
    assert.deepEqual(damage, []);
    assert.deepEqual(
      texts.map((text) => JSON.parse(text).requestId),
      idsOf(written.toSorted((a, b) => a.receivedAt - b.receivedAt)),
    );
  });
});

describe("a block of records", () => {
  const faults: Readonly<Record<string, (db: DatabaseSync, id: number) => void>> = {
    damaged: flipBit,
    "cut off": (db, id) =>
      void db.prepare("UPDATE blocks SET body = substr(body, 1, 40) WHERE id = ?").run(id),
    gone: (db, id) => void db.prepare("DELETE FROM blocks WHERE id = ?").run(id),
  };
  for (const [name, fault] of Object.entries(faults)) {
    test(`that is ${name} costs its own records, is told once, and stops neither pages nor writing`, async (t) => {
      const { spot, store, db, written, ids } = await blocksOf(t, 5, 20, "behind");
      fault(db, ids[2] ?? 0);
      const sound = idsOf([...written.slice(0, 40), ...written.slice(60)]).toReversed();
      assert.deepEqual(idsOf(await store.recent({ limit: 100 })), sound);
      const message = new RegExp(`error: block ${ids[2]} of the store cannot be read`);
      assert.match(await spot.log.said(message), message);
      assert.deepEqual(idsOf(await store.recent({ limit: 100 })), sound);
      assert.equal(spot.log.lines.filter((line) => message.test(line)).length, 1);
      store.append(record());
      await store.flush();
      const { state, damagedBlocks, droppedRows } = store.health();
      assert.deepEqual([state, damagedBlocks, droppedRows], ["ok", 1, 0]);
    });
  }

  test("that is damaged does not empty the page that begins with it: older records stand in", async (t) => {
    const { store, db, written, ids } = await blocksOf(t, 4, 20, "behind");
    flipBit(db, ids[3] ?? 0);
    flipBit(db, ids[2] ?? 0);
    assert.deepEqual(idsOf(await store.recent({ limit: 10 })), idsOf(written.slice(30, 40)).toReversed());
    const [lost] = idsOf(written.slice(-1));
    assert.deepEqual(await store.recent({ limit: 10, requestId: lost }), []);
  });

  test("that is damaged does not end a scan, which says how many rows it lacks", async (t) => {
    const { spot, db, written, ids } = await blocksOf(t, 8, 80, "behind");
    flipBit(db, ids[0] ?? 0);
    // On two pages.
    flipBit(db, ids[6] ?? 0);
    let lost = 0;
    const seen = idsOf(
      scanRecords(spot.path, {}, (rows) => {
        lost += rows;
      }),
    );
    assert.deepEqual(seen, idsOf([...written.slice(80, 480), ...written.slice(560)]));
    assert.equal(lost, 160);
  });
});

describe("a damaged text in a row of its own", () => {
  test("makes its page unreadable, and the process goes on", async (t) => {
    const spot = place(t);
    const store = spot.open();
    store.append(record());
    await store.flush();
    // As one that was exposed and never finished stands there, but for a byte.
    spot.connect().exec("UPDATE records SET block = NULL, line = NULL, body = '{'");
    const isTold = { code: "store_unavailable", message: /^Records cannot be read now: .*JSON/ };
    await assert.rejects(store.recent({ limit: 10 }), isTold);
  });
});
