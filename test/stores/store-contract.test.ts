import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "../../src/stores/memory-store.ts";
import { openFactSource } from "../../src/stores/sqlite/fact-source.ts";
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import { storeContract } from "./contract.ts";
import { recordingLog, storeConfig } from "./record-fixture.ts";

storeContract("in memory", () => {
  const parts = { instance: "here", boot: "boot-1", config: storeConfig, now: Date.now };
  return createMemoryStore(parts);
});

storeContract("in SQLite", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "assay-store-"));
  const path = join(folder, "events.db");
  const store = openSqliteStore({
    path,
    instance: "here",
    boot: "boot-1",
    config: storeConfig,
    log: recordingLog(),
    now: Date.now,
  });
  const source = openFactSource(path);
  t.after(async () => {
    source.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, source };
});
