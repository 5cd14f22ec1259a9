import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import fc from "fast-check";
import type { ControlEvent } from "../../src/domain/control.ts";
import { openControlJournal, readControlEvents } from "../../src/stores/control-journal.ts";

function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "assay-journal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "state", "control.jsonl");
  const complaints: string[] = [];
  return {
    folder: join(folder, "state"),
    path,
    complaints,
    open: () => openControlJournal({ path, onCorrupt: (message) => complaints.push(message) }),
  };
}

const killed = (reason: string): ControlEvent => ({
  kind: "killed",
  at: 1,
  by: "ada",
  reason,
  scope: { kind: "all" },
});

describe("the journal", () => {
  test("begins empty, in a folder that it makes, readable by its owner alone", async (t) => {
    const { path, open } = place(t);
    const journal = await open();
    assert.deepEqual(journal.read(), []);
    await journal.append(killed("a"));
    await journal.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("gives back after a restart what was appended, in order, whatever the texts", async (t) => {
    const { open } = place(t);
    const texts = fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 8 });
    const expected: ControlEvent[] = [];
    await fc.assert(
      fc.asyncProperty(texts, async (reasons) => {
        const journal = await open();
        assert.deepEqual(journal.read(), expected);
        for (const reason of reasons) await journal.append(killed(reason));
        expected.push(...reasons.map(killed));
        assert.deepEqual(journal.read(), expected);
        await journal.close();
      }),
      { numRuns: 30 },
    );
  });

  test("keeps the order of appends that nobody waited for, one line each", async (t) => {
    const { path, open } = place(t);
    const journal = await open();
    const events = Array.from({ length: 100 }, (_, at) => killed(String(at)));
    await Promise.all(events.map((event) => journal.append(event)));
    assert.deepEqual(journal.read(), events);
    await journal.close();
    assert.deepEqual(
      readFileSync(path, "utf8"),
      events.map((event) => `${JSON.stringify(event)}\n`).join(""),
    );
  });

  test("shows an event only once it is on disk", async (t) => {
    const { path, open } = place(t);
    const journal = await open();
    const appended = journal.append(killed("a"));
    assert.deepEqual(journal.read(), []);
    await appended;
    assert.deepEqual(readControlEvents(path), journal.read());
    await journal.close();
  });

  test("closes after what is still being written", async (t) => {
    const { path, open } = place(t);
    const journal = await open();
    const appended = [journal.append(killed("a")), journal.append(killed("b"))];
    await journal.close();
    await Promise.all(appended);
    assert.equal(readControlEvents(path).length, 2);
  });
});

describe("a journal after a crash", () => {
  test("has its torn last line cut off at any byte, and goes on", async (t) => {
    const { path, complaints, open } = place(t);
    const journal = await open();
    await journal.append(killed("kept"));
    await journal.close();
    const whole = readFileSync(path);
    const next = Buffer.from(`${JSON.stringify(killed("tørn"))}\n`);
    for (let cut = 1; cut < next.length; cut++) {
      writeFileSync(path, Buffer.concat([whole, next.subarray(0, cut)]));
      const again = await open();
      assert.deepEqual(again.read(), [killed("kept")]);
      await again.append(killed("more"));
      await again.close();
      assert.deepEqual(readControlEvents(path), [killed("kept"), killed("more")]);
    }
    assert.deepEqual(complaints, []);
  });

  for (const damage of ["not json", '"text"', "null", "[]", "{}", '{"kind":']) {
    test(`is set aside when a line in the middle is ${damage}; all others stay in force`, async (t) => {
      const { folder, path, complaints, open } = place(t);
      const journal = await open();
      await journal.append(killed("before"));
      await journal.close();
      appendFileSync(path, `${damage}\n${JSON.stringify(killed("behind"))}\n`);
      const damaged = readFileSync(path, "utf8");
      const again = await open();
      assert.deepEqual(again.read(), [killed("before"), killed("behind")]);
      await again.append(killed("after"));
      await again.close();
      assert.deepEqual(readControlEvents(path), [killed("before"), killed("behind"), killed("after")]);
      const aside = readdirSync(folder).filter((name) => name.includes(".corrupt-"));
      assert.equal(aside.length, 1);
      assert.equal(readFileSync(join(folder, aside[0] ?? ""), "utf8"), damaged);
      assert.match(complaints.join(), /control\.jsonl:2 is damaged: 1 lines lost, 2 kept/);
    });
  }
});

describe("a journal whose disk is full", () => {
  test("refuses the append, and the next one that fits is not glued to the torn line", (t) => {
    if (process.platform !== "linux") return t.skip("ulimit counts in its own blocks elsewhere");
    const { path } = place(t);
    // A limit on the size of files stands for the full disk: the write that crosses it is cut in mid-line.
    const program = `
      import { openControlJournal } from ${JSON.stringify(join(import.meta.dirname, "../../src/stores/control-journal.ts"))};
      const journal = await openControlJournal({ path: ${JSON.stringify(path)}, onCorrupt: () => {} });
      const event = (reason) => ({ kind: "killed", at: 1, by: "ada", reason, scope: { kind: "all" } });
      await journal.append(event("first"));
      const code = await journal.append(event("x".repeat(2000))).then(() => "none", (error) => error.code);
      await journal.append(event("last"));
      process.stdout.write(JSON.stringify({ code, reasons: journal.read().map(({ reason }) => reason) }));
      await journal.close();`;
    const { stdout, stderr } = spawnSync(
      "bash",
      ["-c", 'trap "" XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"', process.execPath, program],
      { encoding: "utf8" },
    );
    assert.deepEqual(JSON.parse(stdout || "{}"), { code: "EFBIG", reasons: ["first", "last"] }, stderr);
    assert.deepEqual(readControlEvents(path), [killed("first"), killed("last")]);
  });
});

describe("reading a journal that somebody else writes", () => {
  test("gives what is whole so far and changes nothing", async (t) => {
    const { path, open } = place(t);
    const journal = await open();
    await journal.append(killed("a"));
    appendFileSync(path, '{"kind":"kil');
    const before = readFileSync(path, "utf8");
    assert.deepEqual(readControlEvents(path), [killed("a")]);
    assert.equal(readFileSync(path, "utf8"), before);
    await journal.close();
  });

  test("gives nothing where there is none yet", (t) => {
    assert.deepEqual(readControlEvents(place(t).path), []);
  });
});
