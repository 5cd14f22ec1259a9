import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp } from "../support/app.ts";

const headMs = 150;

test("a slow upload is the client's time: the upstream's budget begins when the body has been sent", async () => {
  const upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const app = await startTestApp({
    config: configWith({
      upstreamUrl: upstream.url,
      upstream: `    budgets: { head_ms: ${headMs}, stall_ms: 5000 }`,
    }),
  });
  try {
    const body = JSON.stringify({ input: "x".repeat(400) });
    const headers = { "content-type": "application/json", "content-length": body.length };
    const answered = Promise.withResolvers<number | undefined>();
    const upload = request(`${app.url}/moderations`, { method: "POST", headers }, (response) => {
      response.resume();
      answered.resolve(response.statusCode);
    });
    upload.on("error", answered.reject);
    // Three times the budget on its way; a wait is what is under test.
    for (let at = 0; at < body.length; at += 50) {
      upload.write(body.slice(at, at + 50));
      await wait(headMs / 3);
    }
    upload.end();
    assert.equal(await answered.promise, 200);
    assert.equal(upstream.requests.at(-1)?.body.toString(), body);
  } finally {
    await app.close();
    await upstream.close();
  }
});
