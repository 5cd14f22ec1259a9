/** A process that forgets a unit, and says that it lives, until it is killed. */
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import { pseudonym, recordingLog, storeConfig } from "./record-fixture.ts";

const [path = "", boot = ""] = process.argv.slice(2);
const store = openSqliteStore({
  path,
  instance: "child",
  boot,
  config: storeConfig,
  log: recordingLog(),
  now: Date.now,
});
setInterval(() => process.send?.("alive"), 1);
store.forget(pseudonym("ada"));
