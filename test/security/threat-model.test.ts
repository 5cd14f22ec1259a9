import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const docs = join(import.meta.dirname, "../../docs");
const page = readFileSync(join(docs, "security.md"), "utf8");
const [, table = ""] = page.split("\n## Threats\n");
const rows = (table.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (threat|---)/.test(line))
  .map((line) => line.slice(2, -2).split(" | "));

describe("the threat model", () => {
  test("has a row for each threat, with what is done, where, and a proof", () => {
    assert.ok(rows.length >= 20);
    for (const row of rows) assert.equal(row.length, 4, row[0]);
  });

  for (const [threat = "", , where = "", proof = ""] of rows) {
    test(`proves what is done against ${threat}`, () => {
      const tests = [...proof.matchAll(/\[[^\]]+\]\(([^)]+)\)((?: ?"[^"]+",?)+)/g)];
      assert.ok(tests.length > 0, proof);
      for (const [, path = "", names = ""] of tests) {
        const text = readFileSync(join(docs, path), "utf8");
        for (const [, name = ""] of names.matchAll(/"([^"]+)"/g))
          assert.ok(text.includes(name), `${path}: ${name}`);
      }
      // A proof that the pattern does not read would prove nothing.
      assert.equal(
        proof.match(/"/g)?.length,
        2 * tests.flatMap(([, , names = ""]) => names.match(/"[^"]+"/g)).length,
      );
      for (const [, file = ""] of where.matchAll(/`([^`]+)`/g)) {
        const isThere = ["../src", ".."].some((folder) => existsSync(join(docs, folder, file)));
        assert.ok(isThere, file);
      }
    });
  }
});
