/** What workers keep of a unit goes by the primary, and is forgotten there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { good } from "../faults/fixture.ts";
import { type HostileUpstream, startHostileUpstream } from "../support/hostile-upstream.ts";
import { configFor, type Server, startServer } from "./server-fixture.ts";

let upstream: HostileUpstream;
let server: Server;

before(async () => {
  upstream = await startHostileUpstream((socket) => good(socket, Buffer.alloc(0)));
  const config = configFor(upstream.url, 50, "store: { content: redacted }");
  server = await startServer({ config });
});
after(async () => {
  await server.stop();
  await upstream.close();
});

test("a unit is forgotten by one order, with what all workers have kept of it", async () => {
  const messages = [{ role: "user", content: "hello" }];
  const heard = await Promise.all(Array.from({ length: 12 }, () => server.chat("ada", { messages })));
  await server.chat("eve", { messages });
  const contents = await Promise.all(
    heard.map(({ headers }) => server.admin(`/admin/records/${headers["x-request-id"]}/content`)),
  );
  assert.deepEqual(new Set(contents.map(({ status }) => status)), new Set([200]));
  const response = await fetch(`${server.adminUrl}/admin/units/user/ada`, { method: "DELETE" });
  const { forgotten } = (await response.json()) as { forgotten: Record<string, number> };
  assert.deepEqual([forgotten.records, forgotten.contents], [12, 12]);
  const { body } = await server.admin("/admin/records");
  assert.equal((body as { records: unknown[] }).records.length, 1);
});
