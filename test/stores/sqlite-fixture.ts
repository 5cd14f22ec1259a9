/** A store's file in a folder of its own, and ways to look into it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import type { StoreConfig } from "../../src/domain/config.ts";
import type { EventStore } from "../../src/domain/store.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import type { SqliteStoreOptions } from "../../src/stores/sqlite/store-options.ts";
import { type RecordingLog, recordingLog, storeConfig } from "./record-fixture.ts";

export interface OpenOptions extends Partial<Omit<SqliteStoreOptions, "config">> {
  readonly config?: Partial<StoreConfig>;
}

export interface StorePlace {
  readonly folder: string;
  readonly path: string;
  readonly log: RecordingLog;
  open(options?: OpenOptions): EventStore;
  /** Another process's view of the file, as it were. */
  connect(): DatabaseSync;
  /** Ids of the outcomes, and the latencies of all facts of "tone", in their order. */
  outcomeIds(): string[];
  latencies(): number[];
}

export function place(t: TestContext, folder = mkdtempSync(join(tmpdir(), "assay-store-"))): StorePlace {
  const path = join(folder, "events.db");
  const log = recordingLog();
  const opened: EventStore[] = [];
  const connections: DatabaseSync[] = [];
  t.after(async () => {
    for (const connection of connections) if (connection.isOpen) connection.close();
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const connect = () => {
    const connection = new DatabaseSync(path, { timeout: 2000 });
    connections.push(connection);
    return connection;
  };
  return {
    folder,
    path,
    log,
    connect,
    open({ config, ...options } = {}) {
      const store = openSqliteStore({
        path,
        instance: "here",
        boot: `boot-${opened.length + 1}`,
        log,
        now: Date.now,
        ...options,
        config: { ...storeConfig, ...config },
      });
      opened.push(store);
      return store;
    },
    outcomeIds: () => column(connect(), "SELECT id FROM outcomes ORDER BY row").map(String),
    latencies() {
      const source = openFactSource(path);
      const latencies: number[] = [];
      source.eachFact("tone", 0, (fact) => latencies.push(fact.latencyMs));
      source.close();
      return latencies;
    },
  };
}

/** The first column of a query's answer. */
export function column(db: DatabaseSync, sql: string): unknown[] {
  return db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row)[0]);
}

/** One bit in the middle of a block of records, as a bad disk would change it: SQLite's own checks see nothing. */
export function flipBit(db: DatabaseSync, block: number): void {
  const body = db.prepare("SELECT body FROM blocks WHERE id = ?").get(block)?.body;
  assert.ok(body instanceof Uint8Array);
  const middle = body.length >> 1;
  body[middle] = (body[middle] ?? 0) ^ 1;
  db.prepare("UPDATE blocks SET body = ? WHERE id = ?").run(body, block);
}
