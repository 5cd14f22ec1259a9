import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { readArguments } from "../../src/cli/command.ts";
import { status } from "../../src/cli/status.ts";
import { createIo } from "./io-fixture.ts";

async function statusOf(answer: unknown): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const written = createIo();
  try {
    await status.run(readArguments(status, ["--admin", `http://127.0.0.1:${port}`]), written.io);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return written.out();
}

test("assay status tells how the store is, and why", async () => {
  const rows = { written_rows: 12_345, queued_rows: 6, dropped_rows: 7 };
  const ok = await statusOf({ active_requests: 1, store: { state: "ok", ...rows } });
  assert.match(ok, /^store {8}ok, 12,345 written, 6 waiting, 7 dropped$/m);
  assert.match(ok, /, 1 active request$/m);
  const degraded = await statusOf({ store: { state: "degraded", reason: "disk full", ...rows } });
  assert.match(degraded, /^store {8}DEGRADED \(disk full\), 12,345 written/m);
  const damaged = await statusOf({ store: { state: "ok", ...rows, damaged_blocks: 2 } });
  assert.match(damaged, /^store {8}ok, .*, 7 dropped, 2 DAMAGED blocks$/m);
});

test("assay status lists the workers, where there are several", async () => {
  const served = { pid: 41, revision: "abc", restarts: 1, active_requests: 2 };
  const workers = [
    { number: 1, ...served },
    { number: 2, restarts: 3, active_requests: 0 },
  ];
  const text = await statusOf({ workers });
  assert.match(text, /^worker {7}1: process 41, revision abc, 2 active requests, 1 restart$/m);
  assert.match(text, /^worker {7}2: STARTING, 0 active requests, 3 restarts$/m);
  assert.doesNotMatch(await statusOf({}), /^worker/m);
});

test("assay status lists the guardrails, what they do, and those that guard nothing", async () => {
  const one = { name: "pii", check: "personal_data", action: "redact", is_shadow: true, guards: ["tone"] };
  const told = await statusOf({ guardrails: [one, { ...one, name: "idle", is_shadow: false, guards: [] }] });
  assert.match(told, /^guardrail {4}pii: personal_data, redact in shadow; tone$/m);
  assert.match(told, /^guardrail {4}idle: personal_data, redact; GUARDS NOTHING$/m);
});
