import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Notification } from "../../src/domain/ramp-news.ts";
import { openOutboxFile } from "../../src/stores/outbox-file.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-outbox-"));
after(() => rmSync(folder, { recursive: true }));

const notification: Notification = {
  id: "ramp_1",
  experimentId: "tone",
  hook: "abc",
  at: 1,
  event: "held",
  contentType: "application/json",
  body: "{}",
  attempts: 2,
  error: "it answered 500",
};

function opened(text?: string) {
  const path = join(folder, `${Math.random()}.json`);
  if (text !== undefined) writeFileSync(path, text);
  const problems: string[] = [];
  return { path, problems, file: openOutboxFile(path, (problem) => problems.push(problem)) };
}

describe("notifications on disk", () => {
  test("are found again, and are for nobody else to read", async () => {
    const { path, problems, file } = opened();
    assert.deepEqual(file.kept, { waiting: [], dead: [] });
    await file.save({ waiting: [notification], dead: [] });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(openOutboxFile(path, (problem) => problems.push(problem)).kept.waiting, [notification]);
    assert.deepEqual(problems, []);
  });

  test("that are none are left out and told; the others go on", () => {
    const written = { waiting: [notification, { id: 7 }, null], dead: [{ ...notification, at: "noon" }] };
    const { file, problems } = opened(JSON.stringify(written));
    assert.deepEqual(file.kept, { waiting: [notification], dead: [] });
    assert.match(problems.join(), /3 entries/);
  });

  test("of a broken file are lost, and it says so", () => {
    for (const text of ["", "{", "[]", "null", '{"waiting":1}']) {
      const { file, problems } = opened(text);
      assert.deepEqual(file.kept, { waiting: [], dead: [] });
      assert.equal(problems.length, 1, text);
    }
  });
});
