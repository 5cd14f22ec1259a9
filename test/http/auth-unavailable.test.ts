import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { createKeyTable, type KeyTable } from "../../src/core/client-key-table.ts";
import { callerOf } from "../../src/http/auth.ts";
import { configOf } from "../config/config-fixture.ts";

test("a process that has not heard of the keys yet refuses everybody for now, and nobody for good", async (t) => {
  let table: KeyTable | undefined;
  const refused: string[] = [];
  const caller = callerOf({
    mode: () => "keys",
    keys: () => table,
    limiter: { admit: () => assert.fail("nobody is known") },
    server: () => configOf("upstreams: { main: {} }\n").server,
    requestId: () => "r-1",
    now: () => 0,
    wallNow: () => 0,
    log: { info() {}, warn() {}, error: () => assert.fail("no fault of ours") },
    onRefused: (reason) => refused.push(reason),
  });
  const server = createServer((request, response) => {
    assert.equal(caller(request, response, "/v1/chat/completions"), undefined);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const ask = async () => {
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/v1/chat/completions`;
    const response = await fetch(url, {
      headers: { authorization: `Bearer ask_${"0".repeat(12)}_${"x".repeat(43)}` },
    });
    const { error } = (await response.json()) as { error: { code: string } };
    return [
      response.status,
      error.code,
      response.headers.get("retry-after"),
      response.headers.get("x-should-retry"),
    ];
  };
  assert.deepEqual(await ask(), [503, "auth_unavailable", "1", null]);
  table = createKeyTable([]);
  assert.deepEqual(await ask(), [401, "invalid_api_key", null, "false"]);
  assert.deepEqual(refused, ["auth_unavailable", "invalid_api_key"]);
});
