import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockState } from "../../src/stores/state-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-lock-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

test("a folder that is served is not served twice, until it is let go", () => {
  const state = join(folder, "one");
  const lock = lockState(state);
  assert.throws(() => lockState(state), { code: "config_invalid", message: /Another Assay serves from/ });
  lock.release();
  lock.release();
  lockState(state).release();
});

test("a process that was killed leaves no lock behind", async (t) => {
  const state = join(folder, "two");
  const module = join(import.meta.dirname, "../../src/stores/state-lock.ts");
  const script = `const { lockState } = await import(${JSON.stringify(module)}); globalThis.lock = lockState(${JSON.stringify(state)}); console.log("locked"); setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => other.kill("SIGKILL"));
  await once(other.stdout, "data");
  assert.throws(() => lockState(state), { code: "config_invalid" });
  other.kill("SIGKILL");
  await once(other, "exit");
  lockState(state).release();
});

test("a folder that cannot be written is a problem with a cure", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  assert.throws(() => lockState(join(file, "state")), {
    code: "config_invalid",
    message: /cannot be written \(ENOTDIR.*--state-dir/,
  });
});
