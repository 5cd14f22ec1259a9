import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { watchFiles } from "../../src/jobs/watch-files.ts";
import { settle } from "../policies/policy-fixture.ts";

/** A watch over one file (and whatever `files` adds) that is asked when the test says so. */
function watched(t: TestContext, changed: () => Promise<void> = async () => undefined) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const folder = mkdtempSync(join(tmpdir(), "assay-watch-"));
  const path = join(folder, "assay.yaml");
  writeFileSync(path, "first");
  const files = [path];
  const seen = { changes: 0, failures: [] as unknown[] };
  const watch = watchFiles({
    files: () => files,
    everyMs: 1000,
    changed: async () => {
      seen.changes += 1;
      await changed();
    },
    failed: (error) => seen.failures.push(error),
  });
  t.after(() => {
    watch.stop();
    rmSync(folder, { recursive: true });
  });
  const look = async () => {
    t.mock.timers.tick(1000);
    await settle();
    return seen.changes;
  };
  return { folder, path, files, watch, look, seen };
}

describe("the watch over files", () => {
  test("tells nothing while nothing changes", async (t) => {
    const { look } = watched(t);
    await look();
    assert.equal(await look(), 0);
  });

  test("tells each change once: written, renamed over, gone, back again", async (t) => {
    const { folder, path, look } = watched(t);
    writeFileSync(path, "second text");
    assert.equal(await look(), 1);
    assert.equal(await look(), 1);
    writeFileSync(join(folder, "new"), "third of all texts");
    renameSync(join(folder, "new"), path);
    assert.equal(await look(), 2);
    unlinkSync(path);
    assert.equal(await look(), 3);
    writeFileSync(path, "first");
    assert.equal(await look(), 4);
  });

  test("looks at what the change added from then on, and does not take that for a change", async (t) => {
    // The reload finds the schema; before it nobody knew of that file.
    const given = { reload: () => {} };
    const { folder, path, files, look } = watched(t, async () => given.reload());
    const added = join(folder, "schema.json");
    writeFileSync(added, "{}");
    writeFileSync(path, "names the schema now");
    given.reload = () => {
      if (!files.includes(added)) files.push(added);
    };
    assert.equal(await look(), 1);
    assert.equal(await look(), 1);
    writeFileSync(added, '{"type":"object"}');
    assert.equal(await look(), 2);
  });

  test("waits for one change before it tells the next, and misses none", async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { path, look } = watched(t, () => promise);
    writeFileSync(path, "second text");
    assert.equal(await look(), 1);
    writeFileSync(path, "the third text");
    assert.equal(await look(), 1);
    resolve();
    await settle();
    assert.equal(await look(), 2);
  });

  test("goes on after a change that failed, and says so", async (t) => {
    const error = new Error("no");
    const { path, look, seen } = watched(t, () => Promise.reject(error));
    writeFileSync(path, "second text");
    assert.equal(await look(), 1);
    assert.deepEqual(seen.failures, [error]);
    writeFileSync(path, "the third text");
    assert.equal(await look(), 2);
  });

  test("is over once it was stopped", async (t) => {
    const { path, watch, look } = watched(t);
    watch.stop();
    writeFileSync(path, "second text");
    assert.equal(await look(), 0);
  });
});
