import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import fc from "fast-check";
import { openSpendFile } from "../../src/stores/spend-file.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "assay-spend-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const silent = () => assert.fail("nothing is damaged");
const totals = { day: 20_000, byKey: { web: { tokens: 12, usd: 0.5 } } };

describe("the file of what was spent", () => {
  test("gives back what was saved last, to its owner alone", async (t) => {
    const path = join(folderOf(t), "spend.json");
    const file = openSpendFile(path, silent);
    assert.equal(file.totals, undefined);
    await file.save({ day: 1, byKey: {} });
    await file.save(totals);
    assert.deepEqual(openSpendFile(path, silent).totals, totals);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"day":1}',
    '{"day":"1","byKey":{}}',
    '{"day":1,"byKey":{"web":{"tokens":-1,"usd":0}}}',
    '{"day":1,"byKey":{"web":null}}',
    '{"day":1,"byKey":{"web":{"tokens":1e999,"usd":0}}}',
  ]) {
    test(`is set aside where it makes no sense, and the log hears of it: ${text}`, (t) => {
      const folder = folderOf(t);
      const path = join(folder, "spend.json");
      writeFileSync(path, text);
      const heard: string[] = [];
      assert.equal(openSpendFile(path, (message) => heard.push(message)).totals, undefined);
      assert.match(heard.join(), /budgets of keys begin anew/);
      const [aside = ""] = readdirSync(folder);
      assert.match(aside, /^spend\.json\.corrupt-\d+$/);
      assert.equal(readFileSync(join(folder, aside), "utf8"), text);
    });
  }

  test("of any bytes throws nothing", (t) => {
    const path = join(folderOf(t), "spend.json");
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        writeFileSync(path, text);
        openSpendFile(path, () => {});
      }),
      { numRuns: 200 },
    );
  });

  test("that a crash left half written does not stand in the way", async (t) => {
    const path = join(folderOf(t), "spend.json");
    await openSpendFile(path, silent).save(totals);
    writeFileSync(`${path}.new`, '{"day":');
    const file = openSpendFile(path, silent);
    assert.deepEqual(file.totals, totals);
    await file.save({ ...totals, day: 20_001 });
    assert.equal(openSpendFile(path, silent).totals?.day, 20_001);
  });
});
