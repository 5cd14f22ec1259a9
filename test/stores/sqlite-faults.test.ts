/** Faults that are real: killed processes, held locks, full disks, dead threads. */
import assert from "node:assert/strict";
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { recordText } from "../../src/core/record-text.ts";
import { Failure } from "../../src/domain/failure.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { keyless, outcome, record } from "./record-fixture.ts";
import { column, place } from "./sqlite-fixture.ts";

const isRefusal = (error: unknown) =>
  error instanceof Failure && error.code === "store_unavailable" && (error.details.retryAfterMs ?? 0) > 0;

/** Holds the lock as another process would, until `release`. */
function lock(connect: () => ReturnType<ReturnType<typeof place>["connect"]>) {
  const other = connect();
  other.exec("BEGIN EXCLUSIVE");
  return { release: () => other.exec("COMMIT") };
}

/** The writer threads, one after the other as they are started. */
function started() {
  const waiting: Worker[] = [];
  let wake = () => {};
  return {
    add(writer: Worker) {
      waiting.push(writer);
      wake();
    },
    async next(): Promise<Worker> {
      for (;;) {
        const writer = waiting.shift();
        if (writer !== undefined) return writer;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

describe("a process that is killed", () => {
  test("has lost no acknowledged outcome, ten times over", async (t) => {
    const { folder, path, outcomeIds, connect } = place(t);
    const journal = join(folder, "acknowledged");
    const program = join(import.meta.dirname, "killed-writer.ts");
    writeFileSync(journal, "");
    for (let run = 0; run < 10; run++) {
      const child = fork(program, [path, journal, `boot-${run}`], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      // At another moment of a commit each time.
      const acknowledgements = 1 + ((run * 7) % 13);
      for (let count = 0; count < acknowledgements; count++) await once(child, "message");
      await kill(child);
    }
    const acknowledged = readFileSync(journal, "utf8").trim().split("\n");
    assert.ok(acknowledged.length >= 20);
    const stored = new Set(outcomeIds());
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    );
    const db = connect();
    assert.deepEqual(column(db, "PRAGMA integrity_check"), ["ok"]);
    assert.deepEqual(column(db, "SELECT is_closed FROM boots"), Array(10).fill(0));
    // Every boot tells how many of its rows are here.
    assert.deepEqual(
      column(
        db,
        "SELECT boot FROM boots b WHERE rows <> (SELECT count(*) FROM records r WHERE r.boot = b.id)",
      ),
      [],
    );
  });

  test("leaves open exposures that become unfinished once its boot counts as dead, and not before", async (t) => {
    const { open, path, connect } = place(t);
    const writers = started();
    const first = open({ onWriter: writers.add, limits: { closeMs: 1 } });
    await first.expose(record());
    await (await writers.next()).terminate();
    await first.close();
    const facts = () => {
      const source = openFactSource(path);
      const flags: number[] = [];
      source.eachFact("tone", 0, (fact) => flags.push(fact.flags));
      source.close();
      return flags;
    };
    await open().addOutcomes([outcome()]);
    assert.deepEqual(facts(), []);
    connect().exec("UPDATE boots SET alive_at = alive_at - 61000 WHERE boot = 'boot-1'");
    const third = open({ boot: "boot-3" });
    await third.close();
    assert.equal(facts().length, 1);
  });
});

describe("a lock that another process holds", () => {
  const limits = { busyMs: 20, waitMs: 10_000 };

  test("delays and loses nothing, and the health tells of it", async (t) => {
    const { open, connect, log, latencies, outcomeIds } = place(t);
    const store = open({ limits });
    await store.addOutcomes([outcome()]);
    const held = lock(connect);
    for (let latencyMs = 0; latencyMs < 50; latencyMs++) store.append(record({ latencyMs }));
    const sent = outcome();
    const receipts = store.addOutcomes([sent]);
    await log.said(/error: the store cannot write: another process holds the lock/);
    assert.equal(store.health().state, "degraded");
    assert.match(store.health().reason ?? "", /lock/);
    assert.equal(store.health().queuedRows, 51);
    held.release();
    assert.deepEqual(await receipts, [{ outcomeId: sent.outcomeId, status: "stored" }]);
    await log.said(/info: the store writes again/);
    assert.equal(store.health().state, "ok");
    assert.deepEqual(
      latencies(),
      Array.from({ length: 50 }, (_, at) => at),
    );
    assert.equal(outcomeIds().length, 2);
  });

  test("lets an outcome be refused after a bounded wait, which is then not stored behind the client's back", async (t) => {
    const { open, connect, log, outcomeIds } = place(t);
    const store = open({ limits: { busyMs: 20, waitMs: 150 } });
    await store.flush();
    const held = lock(connect);
    const sent = outcome();
    await assert.rejects(store.addOutcomes([sent]), isRefusal);
    await assert.rejects(store.expose(record()), isRefusal);
    store.append(record());
    await assert.rejects(store.flush(), isRefusal);
    held.release();
    await log.said(/info: the store writes again/);
    await store.flush();
    assert.deepEqual(outcomeIds(), []);
    assert.deepEqual(await store.addOutcomes([sent]), [{ outcomeId: sent.outcomeId, status: "stored" }]);
    assert.deepEqual(column(connect(), "SELECT count(*) FROM exposures"), [0]);
  });

  test("does not keep the store from closing; what is lost is counted", async (t) => {
    const { open, connect, log } = place(t);
    const store = open({ limits: { busyMs: 20, closeMs: 200 } });
    await store.flush();
    const held = lock(connect);
    for (let count = 0; count < 3; count++) store.append(record());
    const waiting = store.addOutcomes([outcome()]);
    const refused = assert.rejects(waiting, isRefusal);
    await store.close();
    await refused;
    assert.equal(store.health().droppedRows, 4);
    await log.said(/error: 4 rows were not stored before the end/);
    held.release();
  });
});

describe("a queue that is full", () => {
  test("drops what comes beyond its rows, counts it, refuses outcomes, and the gap shows", async (t) => {
    const { open, connect, log, latencies } = place(t);
    const store = open({ config: { queueRows: 10 }, limits: { busyMs: 20 } });
    await store.flush();
    const held = lock(connect);
    for (let latencyMs = 0; latencyMs < 15; latencyMs++) store.append(record({ latencyMs }));
    assert.deepEqual([store.health().queuedRows, store.health().droppedRows], [10, 5]);
    assert.equal(store.health().state, "degraded");
    await assert.rejects(store.addOutcomes([outcome()]), isRefusal);
    assert.equal(log.lines.filter((line) => /drops and counts/.test(line)).length, 1);
    held.release();
    await store.flush();
    assert.deepEqual(
      latencies(),
      Array.from({ length: 10 }, (_, at) => at),
    );
    assert.deepEqual(column(connect(), "SELECT last_sequence - rows FROM boots"), [5]);
    await store.addOutcomes([outcome()]);
    assert.equal(store.health().state, "ok");
  });

  test("is bounded by bytes too", async (t) => {
    const { open, connect } = place(t);
    const size = Buffer.byteLength(recordText(record()));
    const store = open({ config: { queueBytes: size * 3 + 100 }, limits: { busyMs: 20 } });
    await store.flush();
    const held = lock(connect);
    for (let count = 0; count < 5; count++) store.append(record());
    assert.deepEqual([store.health().queuedRows, store.health().droppedRows], [3, 2]);
    assert.ok(store.health().queuedBytes <= size * 3 + 100);
    held.release();
    await store.flush();
    assert.equal(store.health().queuedBytes, 0);
  });
});

describe("a writer thread that dies in mid-load", () => {
  test("is started again; everything is stored once and every promise settles", async (t) => {
    const { open, latencies, outcomeIds, connect, log } = place(t);
    const writers = started();
    const store = open({ onWriter: writers.add });
    const receipts: Promise<readonly { readonly outcomeId: string }[]>[] = [];
    const sent: string[] = [];
    let latencyMs = 0;
    for (let death = 0; death < 5; death++) {
      for (let round = 0; round < 8; round++) {
        for (let count = 0; count < 100; count++) store.append(record({ latencyMs: latencyMs++ }));
        const one = outcome();
        sent.push(one.outcomeId);
        receipts.push(store.addOutcomes([one]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await (await writers.next()).terminate();
    }
    const settled = (await Promise.all(receipts)).flat().map(({ outcomeId }) => outcomeId);
    await store.flush();
    assert.deepEqual(settled, sent);
    assert.deepEqual(outcomeIds(), sent);
    assert.deepEqual(
      latencies().toSorted((a, b) => a - b),
      Array.from({ length: latencyMs }, (_, at) => at),
    );
    assert.deepEqual(column(connect(), "SELECT last_sequence - rows FROM boots"), [0]);
    assert.equal(store.health().writerRestarts, 5);
    assert.equal(store.health().droppedRows, 0);
    await log.said(/error: the store's writer died/);
  });
});

describe("a writer thread that dies when nothing is queued", () => {
  test("leaves the store degraded only until the next one has tried the file", async (t) => {
    const { open, log } = place(t);
    const writers = started();
    const store = open({ onWriter: writers.add });
    await store.addOutcomes([outcome()]);
    const writer = await writers.next();
    const died = log.said(/error: the store's writer died/);
    await writer.terminate();
    await died;
    assert.equal(store.health().state, "degraded");
    // Whoever waits for the log alone does not keep the process.
    const alive = setInterval(() => {}, 1000);
    t.after(() => clearInterval(alive));
    await log.said(/info: the store writes again/);
    assert.deepEqual([store.health().state, store.health().writerRestarts], ["ok", 1]);
  });
});

describe("a disk that is full", () => {
  test("costs no acknowledged outcome, and the store goes on when there is room again", async (t) => {
    const disk = smallDisk(t);
    if (disk === undefined) return t.skip("mounting a small disk needs root");
    const { open, folder, log, outcomeIds, latencies } = place(t, disk);
    const ballast = join(folder, "ballast");
    writeFileSync(ballast, Buffer.alloc(1024 * 1024));
    const store = open({ limits: { waitMs: 300 } });
    const acknowledged: string[] = [];
    let refusals = 0;
    let appended = 0;
    while (refusals < 3) {
      for (let count = 0; count < 50; count++) store.append(record({ latencyMs: appended++ }));
      const one = outcome();
      await store.addOutcomes([one]).then(
        () => acknowledged.push(one.outcomeId),
        (error) => {
          assert.ok(isRefusal(error), String(error));
          refusals++;
        },
      );
    }
    await log.said(/the store cannot write: the disk/);
    assert.equal(store.health().state, "degraded");
    assert.deepEqual(outcomeIds(), acknowledged);
    rmSync(ballast);
    await log.said(/info: the store writes again/);
    await store.flush();
    assert.equal(store.health().droppedRows, 0);
    assert.deepEqual(
      latencies(),
      Array.from({ length: appended }, (_, at) => at),
    );
  });
});

describe("a row that nothing can store", () => {
  test("is left out, counted and told of; all others of its batch are stored", async (t) => {
    const { open, latencies, log } = place(t);
    const store = open();
    store.append(record({ latencyMs: 1 }));
    store.append(record({ latencyMs: Number.NaN }));
    store.append(record({ latencyMs: 3 }));
    const receipts = await store.addOutcomes([outcome()]);
    assert.equal(receipts[0]?.status, "stored");
    await store.flush();
    assert.deepEqual(latencies(), [1, 3]);
    assert.deepEqual([store.health().droppedRows, store.health().writtenRows], [1, 3]);
    await log.said(/error: 1 rows cannot be stored: .*latency_ms/);
  });
});

describe("a thumb whose answer was lost", () => {
  test("is a repetition when it is sent again, also to the process that comes after", async (t) => {
    const { open, outcomeIds } = place(t);
    const thumbs = [keyless({ value: 0 }), keyless({ value: 1 })];
    const before = open();
    await before.addOutcomes(thumbs);
    await before.close();
    const store = open();
    const [again, down] = [keyless({ value: 1 }), keyless({ value: 0 })];
    const newest = { outcomeId: thumbs[1]?.outcomeId, status: "duplicate" };
    assert.deepEqual(await store.addOutcomes([again]), [newest]);
    assert.deepEqual(await store.addOutcomes([again]), [newest]);
    assert.equal((await store.addOutcomes([down]))[0]?.status, "stored");
    assert.deepEqual(
      outcomeIds(),
      [...thumbs, down].map(({ outcomeId }) => outcomeId),
    );
  });
});

describe("a process that is done", () => {
  const run = (path: string, work: string) => {
    const module = (name: string) => JSON.stringify(join(import.meta.dirname, name));
    const program = `
      import { openSqliteStore } from ${module("../../src/stores/sqlite/store.ts")};
      import { outcome, record, recordingLog, storeConfig } from ${module("record-fixture.ts")};
      const parts = { path: ${JSON.stringify(path)}, instance: "i", boot: "b", config: storeConfig };
      const store = openSqliteStore({ ...parts, log: recordingLog(), now: Date.now });
      ${work}`;
    return spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      timeout: 30_000,
    });
  };

  test("is not held up by a store that nobody waits for", (t) => {
    const { status, stderr } = run(place(t).path, "store.append(record());");
    assert.equal(status, 0, stderr);
  });

  test("waits for an outcome that is on its way", (t) => {
    const { path, outcomeIds } = place(t);
    const { stdout, stderr } = run(
      path,
      "store.addOutcomes([outcome()]).then(([one]) => process.stdout.write(one.outcomeId));",
    );
    assert.deepEqual(outcomeIds(), [stdout], stderr);
  });
});

/** Two megabytes that are gone after the test; undefined where we may not mount. */
function smallDisk(t: TestContext): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "assay-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  t.after(() => {
    spawnSync("umount", ["-l", folder]);
  });
  return folder;
}
