import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assay, useKeyedApp } from "./keys-fixture.ts";

useKeyedApp();

describe("a key", () => {
  test("is made with its scope and limits, is shown once, and is listed without its secret", async () => {
    const order = {
      name: "web",
      routes: ["chat", "models"],
      models: ["gpt-up"],
      experiments: ["tone"],
      requests_per_minute: 60,
      concurrent: 5,
      tokens_per_day: 1000,
      usd_per_day: 2.5,
      expires_at: "2099-01-01T00:00:00Z",
      by: "ada",
      reason: "for the shop",
    };
    const made = await assay.admin("POST", "/admin/keys", order);
    assert.equal(made.status, 201);
    assert.equal(made.headers.get("cache-control"), "no-store");
    const { key, ...shown } = made.body;
    assert.match(String(key), /^ask_[0-9a-f]{12}_[\w-]{43}$/);
    const { by: _, ...told } = order;
    assert.deepEqual(shown, {
      ...told,
      id: String(key).split("_")[1],
      role: "client",
      status: "active",
      expires_at: "2099-01-01T00:00:00.000Z",
      created_at: shown.created_at,
      created_by: "ada",
      spent_today: { tokens: 0, usd: 0 },
    });
    const { body } = await assay.admin("GET", "/admin/keys");
    assert.deepEqual((body.keys as unknown[]).at(-1), shown);
    assert.ok(!JSON.stringify(body).includes(String(key).slice(17)));
  });

  test("that is revoked says by whom and why, and is revoked once", async () => {
    const { id } = await assay.createKey();
    const { status, body } = await assay.admin("DELETE", `/admin/keys/${id}`, {
      by: "ada",
      reason: "leaked",
    });
    assert.equal(status, 200);
    assert.equal(body.status, "revoked");
    const { by, reason } = body.revoked as Record<string, unknown>;
    assert.deepEqual([by, reason], ["ada", "leaked"]);
    assert.equal((await assay.admin("DELETE", `/admin/keys/${id}`)).status, 409);
    assert.equal((await assay.admin("DELETE", "/admin/keys/nobody")).status, 404);
  });

  for (const [says, order, param] of [
    ["no name", {}, "name"],
    ["a name with a space", { name: "a b" }, "name"],
    ["a name that is a key", { name: `ask_${"0".repeat(12)}_${"x".repeat(43)}` }, "name"],
    ["an unknown role", { name: "a", role: "root" }, "role"],
    ["a scope for a role of the admin API", { name: "a", role: "read", models: ["m"] }, "models"],
    ["an unknown route", { name: "a", routes: ["chats"] }, "routes"],
    ["an empty list", { name: "a", models: [] }, "models"],
    ["a list of no names", { name: "a", models: [7] }, "models"],
    ["a limit of nothing", { name: "a", concurrent: 0 }, "concurrent"],
    ["half a request", { name: "a", requests_per_minute: 1.5 }, "requests_per_minute"],
    ["a limit that is no number", { name: "a", usd_per_day: "5" }, "usd_per_day"],
    ["a time that has gone", { name: "a", expires_at: "2020-01-01" }, "expires_at"],
    ["no time", { name: "a", expires_at: "soon" }, "expires_at"],
    [
      "a budget that another route walks around",
      { name: "a", routes: ["embeddings"], tokens_per_day: 1 },
      "routes",
    ],
    ["a scope that another route walks around", { name: "a", routes: ["files"], models: ["m"] }, "routes"],
    ["a scope and every route", { name: "a", routes: ["*"], experiments: ["tone"] }, "routes"],
    ["an unknown member", { name: "a", model: "m" }, "model"],
  ] as const) {
    test(`is not made of ${says}`, async () => {
      const { status, body } = await assay.admin("POST", "/admin/keys", order);
      assert.equal(status, 400);
      assert.equal((body.error as { param?: string }).param, param);
    });
  }

  test("is not repeated by an answer that does not know it", async () => {
    const text = `ask_${"0".repeat(12)}_${"x".repeat(43)}`;
    const { status, body } = await assay.admin("DELETE", `/admin/keys/${text}`);
    assert.equal(status, 404);
    assert.ok(!JSON.stringify(body).includes("xxx"));
  });

  test("is not made for an experiment that is not there, and the one that was meant is told", async () => {
    const { status, body } = await assay.admin("POST", "/admin/keys", { name: "a", experiments: ["tune"] });
    assert.equal(status, 404);
    assert.match(JSON.stringify(body), /Did you mean \\"tone\\"/);
  });
});

test("the status says who is asked for a key, and how to make the first one", async () => {
  const auth = async () => (await assay.admin("GET", "/admin/status")).body.auth as Record<string, unknown>;
  const before = await auth();
  const { id } = await assay.createKey();
  const { client_keys: count } = await auth();
  assert.deepEqual([before.mode, count], ["keys", Number(before.client_keys) + 1]);
  for (const { id: other } of (await assay.admin("GET", "/admin/keys")).body.keys as { id: string }[]) {
    await assay.admin("DELETE", `/admin/keys/${other}`);
  }
  assert.ok(id.length > 0);
  const after = await auth();
  assert.equal(after.client_keys, 0);
  assert.match(String(after.hint), /assay keys create/);
});
