/** Ramps of a whole Assay, over real sockets: what is raised, what is taken back, and what a client sees of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as turn } from "node:timers/promises";
import OpenAI from "openai";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";

let upstream: ScriptedUpstream;
before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
});
after(() => upstream.close());

const ramp = `    fallback: [{ variant: control }]
    ramp:
      warm_up_requests: 0
      steps:
        - { share: 0.25, least: 1s, most: 1h, units: 5, requests: 5 }
        - { share: 0.5, least: 1h, most: 24h, units: 5, requests: 5 }
`;

async function started(t: TestContext, folder?: string): Promise<TestApp> {
  upstream.setScript({});
  const assay = await startTestApp({
    // Whoever starts again while the breaker is open meets its fallbacks, which are failures of the treatment.
    config: configWith({
      upstreamUrl: upstream.url,
      upstream: "    breaker: { open_ms: 50 }",
      experiment: ramp,
    }),
    rampEvaluateMs: 20,
    ...(folder === undefined ? {} : { folder, storeEngine: "sqlite" as const }),
  });
  if (folder === undefined) t.after(() => assay.close());
  return assay;
}

async function admin(assay: TestApp, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${assay.adminUrl}/admin/experiments/tone/${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined ? {} : { body: JSON.stringify({ by: "ada", reason: "because", ...body }) }),
  });
  // Tests look into whatever JSON came.
  return { code: response.status, ...((await response.json()) as Record<string, unknown>) };
}

/** Asks by turns of many users until the ramp has this status. */
async function askUntil(assay: TestApp, isSo: (view: Record<string, unknown>) => boolean) {
  const client = new OpenAI({ baseURL: assay.url, apiKey: "none", maxRetries: 0 });
  for (let round = 0; round < 200; round++) {
    const asked = Array.from({ length: 20 }, (_, at) =>
      client.chat.completions.create({
        model: "tone",
        user: `user-${20 * round + at}`,
        messages: [{ role: "user", content: "Hi" }],
      }),
    );
    for (const answer of await Promise.all(asked)) assert.ok(answer.choices[0]?.message.content);
    await turn(20);
    const view = await admin(assay, "ramp");
    if (isSo(view)) return view;
  }
  throw new Error(`the ramp did not get there: ${JSON.stringify(await admin(assay, "ramp"))}`);
}

async function variantsServed(assay: TestApp): Promise<ReadonlySet<string>> {
  const served = new Set<string>();
  for (let at = 0; at < 60; at++) {
    const body = { model: "tone", user: `late-${at}`, messages: [{ role: "user", content: "Hi" }] };
    const response = await assay.chat(body);
    await response.text();
    served.add(response.headers.get("x-assay-variant") ?? "");
  }
  return served;
}

describe("a ramp", () => {
  test("serves nobody the treatment before it is started, whatever the file's weights", async (t) => {
    const assay = await started(t);
    assert.deepEqual(await variantsServed(assay), new Set(["control"]));
    assert.equal((await admin(assay, "ramp")).status, "draft");
    const put = await fetch(`${assay.adminUrl}/admin/experiments/tone/allocation`, {
      method: "PUT",
      body: JSON.stringify({ coverage: 1 }),
    });
    assert.equal(put.status, 409);
  });

  test("raises a treatment that does no harm, and completes it by an operator's word", async (t) => {
    const assay = await started(t);
    const dry = await admin(assay, "ramp/start", { dry_run: true });
    assert.deepEqual(
      (dry.moves as { changes_arm: number }[]).map(({ changes_arm: moved }) => moved),
      [0, 0, 0],
    );
    assert.equal((await admin(assay, "ramp")).status, "draft");
    await admin(assay, "ramp/start", {});
    // A step is decided a moment before its shares are in force.
    const second = await askUntil(assay, ({ actual_share: share }) => share === 0.5);
    assert.equal(second.step, 2);
    const metrics = await (await fetch(`${assay.adminUrl}/metrics`)).text();
    assert.match(metrics, /assay_ramp_step\{.*"tone".*\} 2/);
    const promoted = await admin(assay, "ramp/promote", {});
    assert.equal(promoted.status, "completed");
    assert.equal(promoted.incumbent, "candidate");
    const kinds = (await variantsServed(assay)).has("candidate");
    assert.ok(kinds);
    // A kill sends everybody back, also those who meet the incumbent outside of the split.
    await admin(assay, "kill", { variant: "candidate" });
    assert.deepEqual(await variantsServed(assay), new Set(["control"]));
  });

  test("takes back a treatment that breaks, and no client sees an error", async (t) => {
    const assay = await started(t);
    await admin(assay, "ramp/start", {});
    await askUntil(assay, ({ step }) => step === 2);
    upstream.setScript({ "model-b": () => ({ kind: "server_error", status: 500 }) });
    const view = await askUntil(assay, ({ status }) => status === "rolled_back");
    assert.match(String(view.reason), /of the treatment/);
    assert.equal(view.actual_share, 0);
    assert.deepEqual(await variantsServed(assay), new Set(["control"]));
    const pinned = await assay.chat({ model: "experiment/tone@candidate", messages: [] });
    assert.equal(pinned.headers.get("x-assay-variant"), "control");
    const again = await admin(assay, "ramp/start", {});
    assert.equal(again.code, 409);
    upstream.setScript({});
    const overridden = await admin(assay, "ramp/start", { override_lock: true });
    assert.equal(overridden.status, "scheduled");
    await askUntil(assay, ({ step }) => step === 2);
  });

  test("tells its hooks, and an instance whose hook is away says what it could not tell", async (t) => {
    const heard: { readonly type: string; readonly reason: string; readonly signature: unknown }[] = [];
    const hook = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      request.on("end", () => {
        const { type, data } = JSON.parse(text);
        heard.push({ type, reason: data.reason, signature: request.headers["webhook-signature"] });
        response.writeHead(204).end();
      });
    }).listen(0, "127.0.0.1");
    await once(hook, "listening");
    t.after(() => hook.close());
    const address = hook.address();
    const notify = ["HOOK", "AWAY"].map((name) => `        - { url: "\${${name}}", secret: "\${SIGN}" }\n`);
    const assay = await startTestApp({
      config: configWith({
        upstreamUrl: upstream.url,
        experiment: `${ramp}      notify:\n${notify.join("")}`,
      }),
      env: {
        HOOK: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/hook`,
        AWAY: "http://127.0.0.1:1/away-token",
        SIGN: "s".repeat(32),
      },
      rampEvaluateMs: 60_000,
    });
    t.after(() => assay.close());
    await admin(assay, "ramp/start", {});
    await admin(assay, "kill", {});
    await admin(assay, "revive", {});
    await admin(assay, "ramp/abort", { reason: "jane@example.org complained" });
    const outbox = async () => (await fetch(`${assay.adminUrl}/admin/notifications`)).json();
    for (let turns = 0; turns < 200 && heard.length < 4; turns++) await turn(10);
    assert.deepEqual(heard.map(({ type }) => type).toSorted(), [
      "assay.ramp.aborted",
      "assay.ramp.killed",
      "assay.ramp.revived",
      "assay.ramp.started",
    ]);
    assert.match(String(heard[0]?.signature), /^v1,/);
    const aborted = heard.find(({ type }) => type === "assay.ramp.aborted");
    assert.match(aborted?.reason ?? "", /^\[email.*\] complained$/);
    const { waiting } = (await outbox()) as { waiting: { error: string }[] };
    assert.equal(waiting.length, 4);
    const shown = JSON.stringify([waiting, await admin(assay, "../tone"), assay.logs]);
    assert.ok(!shown.includes("away-token") && !shown.includes("sssss"), shown);
  });

  test("goes on after a restart with what it had decided", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "assay-ramp-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const first = await started(t, folder);
    try {
      await admin(first, "ramp/start", {});
      await askUntil(first, ({ step }) => step === 2);
      await admin(first, "ramp/pause", {});
    } finally {
      await first.close();
    }
    const second = await started(t, folder);
    try {
      const view = await admin(second, "ramp");
      assert.equal(view.status, "paused");
      assert.equal(view.step, 2);
      assert.equal(view.actual_share, 0.5);
      assert.equal((await admin(second, "ramp/rollback", {})).status, "rolled_back");
    } finally {
      await second.close();
    }
  });

  test("ends with the process, also while its gate does not answer", { timeout: 10_000 }, async (t) => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, "listening");
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const gate = `      gate: { url: "${url}", query: up, above: 0, timeout_ms: 30000 }\n`;
    const assay = await startTestApp({
      config: configWith({ upstreamUrl: upstream.url, experiment: `${ramp}${gate}` }),
      rampEvaluateMs: 20,
    });
    const asked = once(server, "request");
    await admin(assay, "ramp/start", {});
    const [{ socket }] = await asked;
    const left = once(socket, "close");
    await assay.close();
    await left;
  });
});
