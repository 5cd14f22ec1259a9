/** A process that stores as fast as it can until it is killed: each outcome's id goes to the journal once it is acknowledged. */
import { appendFileSync } from "node:fs";
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import { outcome, record, recordingLog, storeConfig } from "./record-fixture.ts";

const [path = "", journal = "", boot = ""] = process.argv.slice(2);
const store = openSqliteStore({
  path,
  instance: "child",
  boot,
  config: storeConfig,
  log: recordingLog(),
  now: Date.now,
});

async function send(): Promise<void> {
  for (;;) {
    for (let count = 0; count < 20; count++) store.append(record());
    const sent = [outcome(), outcome({ metric: "csat", value: 4 })];
    await store.addOutcomes(sent);
    appendFileSync(journal, sent.map(({ outcomeId }) => `${outcomeId}\n`).join(""));
    process.send?.("acknowledged");
  }
}

await Promise.all([send(), send(), send(), send()]);
