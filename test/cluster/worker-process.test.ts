import assert from "node:assert/strict";
import cluster from "node:cluster";
import { test } from "node:test";
import { startWorker } from "../../src/cluster/worker-process.ts";

test("a worker that cannot be started ends, with the reason, and leaves nothing behind", async (t) => {
  const { execPath } = process;
  process.execPath = "/there/is/no/node";
  t.after(() => {
    process.execPath = execPath;
  });
  const worker = startWorker({ file: "/there/is/no/file.ts", env: {}, answers: {} as never });
  const asked = assert.rejects(worker.link.call("state", undefined), {
    message: "The worker ended before it answered.",
  });
  assert.match(await worker.ended, /ENOENT/);
  await asked;
  worker.kill();
  worker.disconnect();
  assert.deepEqual(cluster.workers, {});
});
