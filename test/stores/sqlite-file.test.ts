/** The file itself: damaged, replaced, from another version. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { Failure } from "../../src/domain/failure.ts";
import { openForWriting, setAside } from "../../src/stores/sqlite/database.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { keyBytes } from "../../src/stores/sqlite/key-bytes.ts";
import type { FromWriter } from "../../src/stores/sqlite/messages.ts";
import { recentBodies } from "../../src/stores/sqlite/record-pages.ts";
import { migrate, migrations, versionOf } from "../../src/stores/sqlite/schema.ts";
import { createWriter } from "../../src/stores/sqlite/writer.ts";
import { asKept, keyless, outcome, phase, pseudonym, record } from "./record-fixture.ts";
import { column, place, type StorePlace } from "./sqlite-fixture.ts";

const asideOf = ({ folder }: StorePlace) => readdirSync(folder).filter((name) => /\.corrupt-\d+$/.test(name));

const pageBytes = 8192;

/** A file with rows in it, from a boot that ended, or that was killed as far as the file can tell. */
async function written(spot: StorePlace, end: "closed" | "killed"): Promise<void> {
  const store = spot.open({ boot: "before" });
  for (let count = 0; count < 200; count++) store.append(record());
  await store.close();
  if (end === "killed")
    spot.connect().exec("UPDATE boots SET is_closed = 0; PRAGMA wal_checkpoint(TRUNCATE)");
}

function damage(path: string, from: number, length: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, from, Math.min(bytes.length, from + length));
  writeFileSync(path, bytes);
}

describe("a damaged file", () => {
  test("with garbage for a header is set aside; a new one takes what comes", async (t) => {
    const spot = place(t);
    writeFileSync(spot.path, "this is no database, and longer than a hundred bytes ".repeat(40));
    const store = spot.open();
    const [receipt] = await store.addOutcomes([outcome()]);
    assert.equal(receipt?.status, "stored");
    assert.match(await spot.log.said(/is damaged/), /error: .*no database.*is kept as .*\.corrupt-\d+/);
    assert.equal(asideOf(spot).length, 1);
    assert.equal(store.health().state, "ok");
  });

  test("with garbage in its middle is found when it is opened after a crash, log and all", async (t) => {
    const spot = place(t);
    await written(spot, "killed");
    const { size } = statSync(spot.path);
    damage(spot.path, Math.floor(size / 2), 8192);
    const source = openFactSource(spot.path);
    const before = source.generation();
    const store = spot.open();
    store.append(record({ latencyMs: 7 }));
    await store.flush();
    await spot.log.said(/error: .*is damaged/);
    assert.equal(asideOf(spot).length, 1);
    assert.deepEqual(spot.latencies(), [7]);
    assert.notEqual(source.generation(), before);
    source.close();
  });

  test("is found by a statement that meets it, also after a clean end", async (t) => {
    const spot = place(t);
    await written(spot, "closed");
    damage(spot.path, pageBytes, Number.MAX_SAFE_INTEGER);
    const store = spot.open();
    store.append(record({ latencyMs: 7 }));
    await store.flush();
    await spot.log.said(/error: .*is damaged/);
    assert.deepEqual(spot.latencies(), [7]);
  });

  test("that a reader meets is looked into by the writer", async (t) => {
    const spot = place(t);
    await written(spot, "closed");
    const db = spot.connect();
    const [root] = column(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'records_by_time'");
    db.close();
    damage(spot.path, (Number(root) - 1) * pageBytes, pageBytes);
    const store = spot.open({ config: { retentionMs: 1e15 } });
    const read = await store.recent({ limit: 5 }).catch((error: unknown) => error);
    // Retention may have met it first: then the new file is read, and there is nothing in it.
    if (read instanceof Failure) assert.equal(read.code, "store_unavailable");
    else assert.deepEqual(read, []);
    await spot.log.said(/error: .*is damaged/);
    await store.addOutcomes([outcome()]);
    assert.equal(asideOf(spot).length, 1);
  });
});

describe("setting a file aside", () => {
  test("takes its log and its index along: a new file must not be given the old one's log", (t) => {
    const { path, folder } = place(t);
    const parts = ["", "-wal", "-shm"];
    for (const part of parts) writeFileSync(`${path}${part}`, part);
    const aside = setAside(path, 5);
    assert.equal(aside, `${path}.corrupt-5`);
    assert.deepEqual(
      readdirSync(folder).toSorted(),
      parts.map((part) => `events.db.corrupt-5${part}`).toSorted(),
    );
  });
});

describe("what a second process has put in a damaged file's place", () => {
  test("is not set aside for the damage of the one before", async (t) => {
    const spot = place(t);
    await written(spot, "closed");
    const db = spot.connect();
    const [root] = column(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'exposures'");
    db.close();
    damage(spot.path, (Number(root) - 1) * pageBytes, pageBytes);
    let isReplaced = false;
    const told: FromWriter[] = [];
    const settings = { path: spot.path, instance: "here", boot: "late", startedAt: 1 };
    const writer = createWriter({
      settings: { ...settings, retentionMs: 1e15, contentRetentionMs: 1e15, busyMs: 1000 },
      now() {
        // The other one is faster: after this one has begun on the damaged file, and before it looks at the path again.
        if (!isReplaced) setAside(spot.path, 5);
        if (!isReplaced) openForWriting({ path: spot.path, busyMs: 1000 }).close();
        isReplaced = true;
        return Date.now();
      },
      elapsedMs: () => performance.now(),
      tell: (message) => told.push(message),
    });
    const texts = {
      phases: [],
      crashes: [],
      contents: [],
      forgets: [],
      exposures: [JSON.stringify(record())],
      outcomes: [],
    };
    writer.commit({ number: 1, records: [], sequences: [], lastSequence: 0, ...texts });
    writer.close(0);
    assert.equal(isReplaced, true);
    assert.equal(told.find(({ kind }) => kind === "committed")?.kind, "committed");
    assert.deepEqual(asideOf(spot), ["events.db.corrupt-5"]);
  });
});

describe("the store's file", () => {
  test("and what belongs to it are its owner's alone", async (t) => {
    const spot = place(t);
    await spot.open().addOutcomes([outcome()]);
    const names = readdirSync(spot.folder).filter((name) => name.startsWith("events.db"));
    assert.ok(names.length >= 2);
    for (const name of names) assert.equal(statSync(join(spot.folder, name)).mode & 0o777, 0o600, name);
  });
});

describe("a file that is taken away", () => {
  test("has its phases in the new one as well", async (t) => {
    const spot = place(t);
    const store = spot.open();
    const [first, second] = [phase(), phase({ id: "second" })];
    store.addPhase(first);
    store.addPhase(first);
    store.append(record());
    await store.flush();
    const source = openFactSource(spot.path);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${spot.path}${suffix}`, { force: true });
    store.addPhase(second);
    store.append(record());
    await store.flush();
    await store.flush();
    assert.deepEqual(source.phases("tone"), [first, second]);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${spot.path}${suffix}`, { force: true });
    store.append(record());
    await store.close();
    assert.deepEqual(source.phases("tone"), [first, second]);
    source.close();
  });

  test("is made anew at the next commit, and readers follow", async (t) => {
    const spot = place(t);
    const store = spot.open();
    store.append(record({ latencyMs: 1 }));
    await store.flush();
    const source = openFactSource(spot.path);
    const before = source.generation();
    const variants = () => {
      const seen: string[] = [];
      source.eachFact("tone", 0, ({ assigned }) => seen.push(assigned));
      return seen;
    };
    assert.deepEqual(variants(), ["control"]);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${spot.path}${suffix}`, { force: true });
    assert.equal(source.generation(), 0);
    store.append(record({ latencyMs: 2, assignedVariantId: "warm" }));
    await store.flush();
    assert.deepEqual(spot.latencies(), [2]);
    // Numbers mean other names in another file.
    assert.deepEqual(variants(), ["warm"]);
    assert.notEqual(source.generation(), before);
    // What was in the old file shows as a gap.
    assert.deepEqual(
      source.boots().map(({ lastSequence, rows }) => [lastSequence, rows]),
      [[2, 1]],
    );
    source.close();
  });

  test("may not be there yet: its readers find nothing, and then what is written", async (t) => {
    const spot = place(t);
    const source = openFactSource(spot.path);
    const nothing = () => assert.fail("there is nothing to visit");
    assert.deepEqual(
      [source.generation(), source.eachFact("tone", 3, nothing), source.eachOutcome(4, nothing)],
      [0, 3, 4],
    );
    assert.deepEqual([source.phases("tone"), source.boots(), source.orphans()], [[], [], new Map()]);
    const store = spot.open();
    store.append(record());
    await store.flush();
    assert.ok(source.generation() > 0);
    assert.ok(source.eachFact("tone", 0, () => {}) > 0);
    source.close();
  });
});

describe("a file of another version", () => {
  test("that is newer is refused at once, with what to do", (t) => {
    const spot = place(t);
    spot.connect().exec(`${migrations.join(";")}; PRAGMA user_version = 99`);
    assert.throws(
      () => spot.open(),
      (error) =>
        error instanceof Failure &&
        error.code === "config_invalid" &&
        /events\.db was written by a newer Assay \(its format is 99.*upgrade Assay/.test(error.message),
    );
  });

  test("that is version 1 keeps what it holds through every step since", async (t) => {
    const spot = place(t);
    await written(spot, "closed");
    const db = spot.connect();
    const kept = recentBodies(db, { limit: 1000 }).bodies;
    assert.equal(kept.length, 200);
    const steps = [
      ...migrations,
      "ALTER TABLE records ADD COLUMN later TEXT",
      "UPDATE records SET later = 'yes'",
    ];
    migrate(db, spot.path, steps);
    assert.equal(versionOf(db), steps.length);
    assert.deepEqual(recentBodies(db, { limit: 1000 }).bodies, kept);
    assert.deepEqual(column(db, "SELECT DISTINCT later FROM records"), ["yes"]);
  });

  test("that is version 1 still knows what its outcomes repeat, with a key and without", async (t) => {
    const spot = place(t);
    const db = spot.connect();
    migrate(db, spot.path, migrations.slice(0, 1));
    const unit = pseudonym("ada");
    const subject = { kind: "unit", unitHash: unit } as const;
    const [keyed, thumb] = [outcome({ subject }), keyless({ subject, value: 1 })];
    db.exec(`INSERT INTO names VALUES (7, 'resolved'); INSERT INTO subjects VALUES (9, '${unit}', ${Date.now()});
      UPDATE state SET next_row = 3`);
    const add = db.prepare(`INSERT INTO outcomes (row, id, idempotency, metric, at, received_at, unit, value)
      VALUES (?, ?, ?, 7, ?, ?, 9, 1)`);
    for (const [at, { outcomeId, idempotencyHash }] of [keyed, thumb].entries()) {
      add.run(at + 1, outcomeId, Buffer.from(idempotencyHash, "hex"), Date.now(), Date.now());
    }
    db.close();
    const again = keyless({ subject, value: 1 });
    const [down, up] = [keyless({ subject, value: 0 }), keyless({ subject, value: 1 })];
    const receipts = await spot.open().addOutcomes([again, down, up, { ...keyed, outcomeId: "another" }]);
    assert.deepEqual(receipts, [
      { outcomeId: thumb.outcomeId, status: "duplicate" },
      { outcomeId: down.outcomeId, status: "stored" },
      { outcomeId: up.outcomeId, status: "stored" },
      { outcomeId: keyed.outcomeId, status: "duplicate" },
    ]);
    assert.deepEqual(
      spot.outcomeIds(),
      [keyed, thumb, down, up].map(({ outcomeId }) => outcomeId),
    );
  });

  test("that is version 2 still shows its records, and what they predicted, beside new ones", async (t) => {
    const spot = place(t);
    const db = spot.connect();
    migrate(db, spot.path, migrations.slice(0, 2));
    const old = record({ prediction: "setosa" });
    db.exec("INSERT INTO names (id, text) VALUES (7, 'success'); UPDATE state SET next_row = 2");
    db.prepare(`INSERT INTO records (row, id, received_at, boot, sequence, outcome, body)
      VALUES (1, ?, ?, 1, 1, 7, ?)`).run(keyBytes(old.requestId), old.receivedAt, JSON.stringify(old));
    db.close();
    const store = spot.open();
    const later = record({ prediction: "virginica" });
    store.append(later);
    assert.deepEqual(asKept(await store.recent({ limit: 9 })), asKept([later, old]));
    const labels = [old, later].map(({ requestId }) =>
      outcome({
        subject: { kind: "request", requestId },
        metric: "correct",
        value: undefined,
        label: "setosa",
      }),
    );
    await store.addOutcomes(labels);
    const predicted = column(spot.connect(), "SELECT prediction FROM outcomes ORDER BY row");
    assert.deepEqual(predicted, ["setosa", "virginica"]);
  });

  test("whose step fails stays as it was", (t) => {
    const spot = place(t);
    const db = spot.connect();
    migrate(db, spot.path);
    const steps = [...migrations, "ALTER TABLE records ADD COLUMN later TEXT; SELECT nonsense FROM nowhere"];
    assert.throws(() => migrate(db, spot.path, steps), /nowhere/);
    assert.equal(versionOf(db), migrations.length);
    assert.equal(db.isTransaction, false);
    assert.ok(!column(db, "SELECT name FROM pragma_table_info('records')").includes("later"));
  });
});

describe("a place where nothing can be written", () => {
  test("degrades the store and does not keep it from opening; it recovers when the place is mended", async (t) => {
    const spot = place(t);
    // A file where the folder should be.
    rmSync(dirname(spot.path), { recursive: true });
    writeFileSync(spot.folder, "in the way");
    const store = spot.open();
    store.append(record({ latencyMs: 3 }));
    await spot.log.said(/error: the store cannot write/);
    assert.equal(store.health().state, "degraded");
    rmSync(spot.folder);
    mkdirSync(spot.folder);
    await store.flush();
    assert.equal(store.health().state, "ok");
    const db = new DatabaseSync(spot.path);
    assert.deepEqual(column(db, "SELECT latency_ms FROM facts"), [3]);
    db.close();
  });
});
