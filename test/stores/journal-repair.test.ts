import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { ControlEvent } from "../../src/domain/control.ts";
import { openControlJournal, readControlEvents } from "../../src/stores/control-journal.ts";

const module = join(import.meta.dirname, "../../src/stores/control-journal.ts");

const killed = (reason: string): ControlEvent => ({
  kind: "killed",
  at: 1,
  by: "ada",
  reason,
  scope: { kind: "all" },
});
const line = (reason: string) => `${JSON.stringify(killed(reason))}\n`;

function journalWith(t: TestContext, text: string) {
  const folder = mkdtempSync(join(tmpdir(), "assay-repair-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "control.jsonl");
  writeFileSync(path, text);
  const copies = () =>
    readdirSync(folder)
      .filter((name) => name.includes(".corrupt-"))
      .map((name) => readFileSync(join(folder, name), "utf8"));
  return { path, copies };
}

/** Opens the journal where no file may hold a byte more than it has: the disk is full. */
function openOnFullDisk(path: string): string {
  const program = `
    import { openControlJournal } from ${JSON.stringify(module)};
    const options = { path: ${JSON.stringify(path)}, onCorrupt: () => {} };
    const end = await openControlJournal(options).then((journal) => journal.read().length, (error) => error.code);
    process.stdout.write(String(end));`;
  const script = 'trap "" XFSZ; ulimit -f 0; exec "$0" --input-type=module -e "$1"';
  return spawnSync("bash", ["-c", script, process.execPath, program], { encoding: "utf8" }).stdout;
}

describe("repairing a journal on a full disk", () => {
  test("cuts a torn tail off without writing anything anew", (t) => {
    if (process.platform !== "linux") return t.skip("ulimit counts in its own blocks elsewhere");
    const { path } = journalWith(t, `${line("kept")}${line("tørn").slice(0, 20)}`);
    assert.equal(openOnFullDisk(path), "1");
    assert.equal(readFileSync(path, "utf8"), line("kept"));
  });

  test("fails loudly on a damaged middle, and leaves the journal as it was", (t) => {
    if (process.platform !== "linux") return t.skip("ulimit counts in its own blocks elsewhere");
    const text = `${line("before")}damage\n${line("behind")}`;
    const { path } = journalWith(t, text);
    assert.match(openOnFullDisk(path), /^E[A-Z]+$/);
    assert.equal(readFileSync(path, "utf8"), text);
    assert.deepEqual(readControlEvents(path), [killed("before"), killed("behind")]);
  });
});

describe("repairing a journal that is damaged in the middle and torn at its end", () => {
  test("keeps all that is whole, and a copy of the file as it was", async (t) => {
    const text = `${line("before")}damage\n${line("behind")}{"kind":"ki`;
    const { path, copies } = journalWith(t, text);
    const complaints: string[] = [];
    const journal = await openControlJournal({ path, onCorrupt: (message) => complaints.push(message) });
    await journal.append(killed("after"));
    await journal.close();
    assert.deepEqual(readControlEvents(path), [killed("before"), killed("behind"), killed("after")]);
    assert.deepEqual(copies(), [text]);
    assert.equal(complaints.length, 1);
  });
});
