import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keptKey } from "../../src/stores/kept-key.ts";

test("a key is made once, stays the same, and is its owner's alone", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "assay-key-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "state", "unit-hash.key");
  const key = keptKey(path);
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.equal(keptKey(path), key);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.notEqual(keptKey(join(folder, "other.key")), key);
});

test("what is no key is refused, and not made a weaker one of", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "assay-key-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "unit-hash.key");
  writeFileSync(path, "of-the-operator\n");
  assert.throws(() => keptKey(path), { code: "config_invalid", message: /64 hex digits/ });
});
