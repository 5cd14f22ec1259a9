/** Uses a client's key and an operator's everywhere, and looks for their secrets in everything that stays or leaves. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { rawPost } from "../support/raw-post.ts";
import { ask, type ObservedApp, startObservedApp } from "./observed-app.ts";

const adminToken = "canary-admin-token-0123456789abcdef";
const config = (upstreamUrl: string) => `
upstreams: { test: { base_url: "${upstreamUrl}" } }
experiments:
  tone: { match: { models: [tone] }, variants: { control: { model: gpt-4.1 } } }
auth: { mode: keys }
server: { admin: { token: "\${ADMIN_TOKEN}" } }
telemetry: { content: redacted }
`;

interface Made {
  readonly id: string;
  readonly key: string;
}

const adminPaths = ["/metrics", "/admin/status", "/admin/audit?limit=1000", "/admin/keys", "/admin/records"];

describe("the secret of a key", () => {
  const folder = mkdtempSync(join(tmpdir(), "assay-key-canary-"));
  const sinks: Record<string, string> = {};
  let app: ObservedApp;
  let keys: readonly Made[];

  before(async () => {
    app = await startObservedApp({ config, env: { ADMIN_TOKEN: adminToken }, storeEngine: "sqlite", folder });
    const call = (method: string, path: string, token: string, body?: unknown) =>
      fetch(`${app.adminUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const make = async (order: object): Promise<Made> =>
      (await (await call("POST", "/admin/keys", adminToken, order)).json()) as Made;
    const web = await make({ name: "web", routes: ["*"] });
    const ops = await make({ name: "ops", role: "operate" });
    keys = [web, ops];
    const post = (body: unknown, path = "/chat/completions", bearer = web.key) =>
      rawPost({
        url: `${app.url}${path}`,
        body,
        headers: {
          authorization: `Bearer ${bearer}`,
          "content-type": "application/json",
          "x-assay-user": "ada",
        },
      });
    const messages = [{ role: "user", content: `my key is ${web.key}, the admin's ${ops.key}` }];
    await post(ask("tone", { messages }));
    await post(ask("tone", { messages, stream: true }));
    await post(ask(web.key, { messages }));
    await post(ask(`experiment/${web.key}`, { messages }));
    await post(ask("tone"), `/files/${web.key}?key=${web.key}`);
    await post({ metric: web.key, unit: "ada", value: 1 }, "/outcomes");
    await post(ask("tone"), "/chat/completions", ops.key);
    await post(ask("tone"), "/chat/completions", `${web.key}x`);
    await call("POST", "/admin/kill", ops.key, {
      scope: "tone",
      reason: `because of ${web.key}`,
      by: ops.key,
    });
    await call("POST", "/admin/kill", web.key, { scope: "tone" });
    await call("GET", "/admin/status", `${ops.key}x`);
    await call("DELETE", `/admin/keys/${web.id}`, adminToken);
    await post(ask("tone"));
    await app.records(3);
    for (const path of adminPaths) sinks[path] = await (await call("GET", path, adminToken)).text();
    await app.end();
    sinks.log = app.logs.join("");
    const state = join(folder, ".assay");
    sinks["the state folder"] = readdirSync(state)
      .map((name) => readFileSync(join(state, name), "latin1"))
      .join("\n");
    sinks["what OTLP sent"] = app.sink.bytes().toString("utf8");
  });
  after(async () => {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of [...adminPaths, "log", "the state folder", "what OTLP sent"]) {
    test(`is not in ${name}, nor is the admin token`, () => {
      const text = sinks[name] ?? "";
      assert.ok(text.length > 0);
      assert.ok(!text.includes(adminToken));
      for (const { key } of keys) {
        const at = text.indexOf(key.slice("ask_012345678901_".length));
        assert.equal(at, -1, `…${text.slice(Math.max(0, at - 120), at + 60)}…`);
      }
    });
  }

  test("is not needed to know whose request it was: the span has the key's id", () => {
    const servers = app.sink.spans.filter(({ kind }) => kind === "SERVER");
    assert.ok(servers.length >= 5);
    for (const { attributes } of servers) assert.equal(attributes["assay.client.key_id"], keys[0]?.id);
  });
});
