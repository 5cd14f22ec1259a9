/** A key is one key, whichever worker a connection meets. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { good } from "../faults/fixture.ts";
import { type HostileUpstream, startHostileUpstream } from "../support/hostile-upstream.ts";
import type { Heard } from "../support/raw-post.ts";
import { rawPost } from "../support/raw-post.ts";
import { configFor, type Server, startServer, until } from "./server-fixture.ts";

let upstream: HostileUpstream;
let server: Server;

before(async () => {
  upstream = await startHostileUpstream(good);
  server = await startServer({ config: configFor(upstream.url, 50, "auth: { mode: keys }\n") });
});
after(async () => {
  await server.stop();
  await upstream.close();
});

async function createKey(limits: Readonly<Record<string, unknown>> = {}) {
  const { status, body } = await server.admin("/admin/keys", { name: "web", ...limits });
  assert.equal(status, 201);
  return body as { readonly id: string; readonly key: string };
}

const revoke = (id: string) => fetch(`${server.adminUrl}/admin/keys/${id}`, { method: "DELETE" });

/** On so many connections, so that every worker meets some. */
const chats = (count: number, key: string): Promise<readonly Heard[]> =>
  Promise.all(
    Array.from({ length: count }, () =>
      rawPost({
        url: `${server.url}/chat/completions`,
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: { model: "tone", messages: [] },
      }),
    ),
  );
const statuses = (heard: readonly Heard[]) => [...new Set(heard.map(({ status }) => status))];

describe("a key", () => {
  test("lets in with every worker once it is made, and with none once it is revoked, in the middle of traffic", async () => {
    for (let round = 0; round < 5; round++) {
      const { id, key } = await createKey();
      assert.deepEqual(statuses(await chats(8, key)), [200]);
      const flowing = chats(8, key);
      assert.equal((await revoke(id)).status, 200);
      assert.deepEqual(statuses(await chats(8, key)), [401]);
      await flowing;
    }
  });

  test("is known to a worker that takes the place of one that died", async () => {
    const { key } = await createKey();
    const gone = await createKey();
    await revoke(gone.id);
    const [victim] = await server.workers();
    process.kill(Number(victim?.pid), "SIGKILL");
    await until("a new worker", async () => {
      const workers = await server.workers();
      return workers.every(({ revision, pid }) => revision !== undefined && pid !== victim?.pid);
    });
    assert.deepEqual(statuses(await chats(12, key)), [200]);
    assert.deepEqual(statuses(await chats(12, gone.key)), [401]);
  });

  test("has its limits with all workers together, give or take what they had not yet told each other", async () => {
    const { key } = await createKey({ requests_per_minute: 20 });
    const heard = await chats(60, key);
    const served = heard.filter(({ status }) => status === 200).length;
    assert.ok(served >= 10 && served <= 20, String(served));
    assert.deepEqual(statuses(heard).toSorted(), [200, 429]);
  });

  test("spends one budget, whichever worker it spends it with", async () => {
    const { id, key } = await createKey({ tokens_per_day: 1 });
    await chats(1, key);
    // The other worker hears of it within a second.
    await until("a refusal by both", async () => statuses(await chats(8, key)).join() === "429");
    const [refused] = await chats(1, key);
    assert.match(refused?.text ?? "", /insufficient_quota/);
    await until("the sum of both", async () => {
      const { body } = await server.admin("/admin/keys");
      const { keys } = body as { keys: { id: string; spent_today: { tokens: number } }[] };
      return (keys.find((one) => one.id === id)?.spent_today.tokens ?? 0) >= 1;
    });
    const path = join(server.folder, ".assay/spend.json");
    const isKept = () => {
      try {
        return id in JSON.parse(readFileSync(path, "utf8")).byKey;
      } catch {
        return false;
      }
    };
    await until("what was spent on disk", isKept);
  });
});
