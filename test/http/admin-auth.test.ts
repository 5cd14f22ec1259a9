import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type KeyRole, keyRoles } from "../../src/domain/client-key.ts";
import { roleFor } from "../../src/http/admin-auth.ts";
import { startTestApp } from "../support/app.ts";
import { adminToken, assay, startKeyedApp, useKeyedApp } from "./keys-fixture.ts";

useKeyedApp();

const keyOf = async (role: KeyRole, name: string = role) => (await assay.createKey({ role, name })).key;

/** What each role is the first to be allowed. */
const calls: readonly (readonly [KeyRole, string, string, unknown?])[] = [
  ["read", "GET", "/admin/status"],
  ["read", "GET", "/admin/audit"],
  ["read", "GET", "/admin/records"],
  ["read", "GET", "/admin/keys"],
  ["read", "GET", "/admin/experiments/tone/allocation"],
  ["operate", "POST", "/admin/kill", { scope: "tone" }],
  ["operate", "POST", "/admin/revive", { scope: "tone" }],
  ["operate", "POST", "/admin/experiments/tone/kill"],
  ["operate", "POST", "/admin/experiments/tone/revive"],
  ["operate", "PUT", "/admin/experiments/tone/allocation", { coverage: 1 }],
  ["operate", "DELETE", "/admin/experiments/tone/allocation"],
  ["operate", "POST", "/admin/reload"],
  ["operate", "POST", "/admin/notifications/retry"],
  ["administer", "POST", "/admin/keys", { name: "new" }],
  ["administer", "DELETE", "/admin/keys/000000000000"],
  ["administer", "POST", "/admin/unheard-of"],
];

describe("a role", () => {
  for (const [needed, method, path, body] of calls) {
    test(`${needed} is what ${method} ${path} takes`, async () => {
      for (const role of keyRoles) {
        const { status, code, body: answer } = await assay.admin(method, path, body, await keyOf(role));
        const isAllowed = keyRoles.indexOf(role) >= keyRoles.indexOf(needed);
        if (isAllowed) assert.ok(status !== 401 && status !== 403, `${role}: ${status}`);
        else {
          assert.deepEqual([status, code], [403, "admin_required"], role);
          assert.match(JSON.stringify(answer), new RegExp(`the role \\\\"${needed}\\\\"`));
        }
      }
    });
  }

  test("is told for a path that nobody has thought of: everything that is no read is for administrators", () => {
    assert.equal(roleFor("POST", "/admin/erase"), "administer");
    assert.equal(roleFor("DELETE", "/admin/experiments/tone"), "administer");
    assert.equal(roleFor("POST", "/admin/experiments/tone/kill/x"), "administer");
    assert.equal(roleFor("POST", "/admin/experiments/tone/ramp/start"), "operate");
    assert.equal(roleFor("POST", "/admin/keys/kill"), "administer");
  });

  test("ends with its key", async () => {
    const { id, key } = await assay.createKey({ role: "operate", name: "leaver" });
    assert.equal((await assay.admin("GET", "/admin/status", undefined, key)).status, 200);
    await assay.admin("DELETE", `/admin/keys/${id}`);
    assert.notEqual((await assay.admin("GET", "/admin/status", undefined, key)).status, 200);
  });
});

describe("the audit trail", () => {
  const newest = async () => {
    const { body } = await assay.admin("GET", "/admin/audit?limit=1");
    return (body.events as Record<string, unknown>[])[0];
  };

  test("tells the key that a change came with before who the change says it is", async () => {
    const { id, key } = await assay.createKey({ role: "operate", name: "on-call" });
    await assay.admin("POST", "/admin/kill", { scope: "tone", by: "ada", reason: "it hurts" }, key);
    const { at: _, ...event } = (await newest()) ?? {};
    assert.deepEqual(event, {
      kind: "killed",
      by: "on-call",
      byKeyId: id,
      claimedBy: "ada",
      reason: "it hurts",
      scope: { kind: "experiment", experimentId: "tone" },
      before: [],
      after: ["tone"],
    });
    await assay.admin("POST", "/admin/revive", { scope: "tone", by: "ada" });
    const revived = await newest();
    assert.deepEqual(
      [revived?.kind, revived?.by, revived?.claimedBy, revived?.before, revived?.after],
      ["revived", "ada", undefined, ["tone"], []],
    );
  });

  test("tells words as words: a terminal that shows them obeys nothing, and they begin no line of their own", async () => {
    const by = "\u001b[2Jada\n2026-01-01T00:00:00.000Z  key_created  by admin";
    const reason = "it \u202ehurts\u2028\u0085much\u0000";
    await assay.admin("POST", "/admin/kill", { scope: "tone", by, reason });
    const killed = await newest();
    await assay.admin("POST", "/admin/revive", { scope: "tone" });
    assert.deepEqual(
      [killed?.by, killed?.reason],
      ["[2Jada 2026-01-01T00:00:00.000Z  key_created  by admin", "it hurts much"],
    );
  });

  test("tells shares, revisions and keys from what to what, and nothing that opens a door", async () => {
    const experiment = "/admin/experiments/length/allocation";
    await assay.admin("PUT", experiment, { coverage: 0.5, by: "ada", reason: "less" });
    const { shares } = (await newest()) ?? {};
    const weights = { control: 1, candidate: 1 };
    assert.deepEqual(shares, { before: { coverage: 1, weights }, after: { coverage: 0.5, weights } });

    const { id, key } = await assay.createKey({ name: "shop", experiments: ["tone"], by: "ada" });
    const created = await newest();
    assert.equal(created?.before, undefined);
    const after = created?.after as Record<string, unknown>;
    assert.deepEqual([after.id, after.name, after.experiments], [id, "shop", ["tone"]]);
    await assay.admin("DELETE", `/admin/keys/${id}`, { reason: "leaked" });
    const revoked = await newest();
    assert.equal(revoked?.reason, "leaked");
    assert.match(JSON.stringify(revoked?.before), /"name":"shop"/);
    const all = JSON.stringify((await assay.admin("GET", "/admin/audit?limit=1000")).body);
    assert.ok(!all.includes(key) && !all.includes("digest"));
  });
});

describe("wrong credentials", () => {
  test("are 401, ten times a minute for an address, then 429; right ones always pass", async () => {
    const own = await startKeyedApp();
    const wrong = [`${adminToken}x`, adminToken.slice(1), "", `ask_${"0".repeat(12)}_${"x".repeat(43)}`];
    for (let one = 0; one < 10; one++) {
      const { status, code } = await own.admin("GET", "/admin/status", undefined, wrong[one % wrong.length]);
      assert.deepEqual([status, code], [401, "invalid_api_key"], String(one));
    }
    const { status, code, headers } = await own.admin("GET", "/admin/status", undefined, "guess");
    assert.deepEqual([status, code], [429, "rate_limit_exceeded"]);
    assert.ok(Number(headers.get("retry-after")) >= 1);
    // Whoever guesses must not lock the operators out.
    assert.equal((await own.admin("GET", "/admin/status")).status, 200);
    assert.equal(own.logs.filter((line) => line.includes("wrong credentials")).length, 10);
    assert.ok(!own.logs.join("").includes(adminToken));
    await own.close();
  });

  test("are not asked about where there is no token, but a key that is sent is obeyed", async () => {
    const open = await startTestApp({ config: "upstreams: { main: { base_url: http://127.0.0.1:9/v1 } }\n" });
    const call = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
      fetch(`${open.adminUrl}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    assert.equal((await call("GET", "/admin/status")).status, 200);
    const made = await call("POST", "/admin/keys", {}, { name: "eyes", role: "read" });
    const { key } = (await made.json()) as { key: string };
    const bearer = { authorization: `Bearer ${key}` };
    assert.equal((await call("GET", "/admin/status", bearer)).status, 200);
    assert.equal((await call("POST", "/admin/reload", bearer)).status, 403);
    assert.ok(open.logs.some((line) => line.includes("no client keys are asked for")));
    await open.close();
  });
});

describe("an admin API without a token", () => {
  const config = "upstreams: { main: { base_url: http://127.0.0.1:9/v1 } }\n";
  const open = async () => {
    const app = await startTestApp({ config });
    const ask = async (method: string, path: string, key?: string, body: unknown = {}) => {
      const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
      const own = method === "GET" ? { method, headers } : { method, headers, body: JSON.stringify(body) };
      const response = await fetch(`${app.adminUrl}${path}`, own);
      const answer = (await response.json()) as { key?: string; id?: string };
      return { status: response.status, ...answer };
    };
    return { app, ask };
  };

  test("takes no wrong credential for none: a revoked key is worth nothing", async () => {
    const { app, ask } = await open();
    const { key = "", id = "" } = await ask("POST", "/admin/keys", undefined, {
      name: "reader",
      role: "read",
    });
    assert.equal((await ask("GET", "/admin/status", key)).status, 200);
    assert.equal((await ask("POST", "/admin/kill", key, { scope: "*" })).status, 403);
    await ask("DELETE", `/admin/keys/${id}`);
    for (const wrong of [key, "nonsense"]) {
      assert.equal((await ask("POST", "/admin/kill", wrong, { scope: "*" })).status, 401);
      assert.equal((await ask("GET", "/admin/status", wrong)).status, 401);
    }
    assert.equal((await ask("GET", "/admin/status")).status, 200);
    await app.close();
  });

  test("is closed once a key administers, and open again without it", async () => {
    const { app, ask } = await open();
    const { key = "", id = "" } = await ask("POST", "/admin/keys", undefined, {
      name: "boss",
      role: "administer",
    });
    assert.equal((await ask("GET", "/admin/status")).status, 401);
    assert.equal((await ask("GET", "/admin/status", key)).status, 200);
    await ask("DELETE", `/admin/keys/${id}`, key);
    assert.equal((await ask("GET", "/admin/status")).status, 200);
    await app.close();
  });
});
