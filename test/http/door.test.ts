import assert from "node:assert/strict";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { type FaultyApp, good, startFaultyApp, until } from "../faults/fixture.ts";

let app: FaultyApp;
let agent: Agent;
/** Lets the one request go that is open; the next is let in once it has left. */
let release: () => void = () => undefined;

before(async () => {
  app = await startFaultyApp({
    rest: "server: { limits: { requests: 1 }, cors_origins: [https://app.example.com] }",
  });
});
after(() => app.close());
beforeEach(() => {
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});

interface Refusal {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** Posts on one kept connection. */
function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${app.url}${path}`, {
      method: "POST",
      agent,
      headers: { "content-type": "application/json", ...headers },
    });
    sent.on("error", reject);
    sent.on("response", async (response) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    sent.end(body);
  });
}

async function whileFull(check: () => Promise<void>): Promise<void> {
  const asked = app.upstream.requests.length;
  app.play((socket, request) => {
    release = () => good(socket, request);
  });
  const first = app.ask("alone");
  await until("the first request", () => app.upstream.requests.length === asked + 1);
  try {
    await check();
  } finally {
    agent.destroy();
    release();
    assert.equal((await first).status, 200);
  }
}

describe("a request that finds no room", () => {
  test("is told in OpenAI's shape, on any route of the API, when to come back", () =>
    whileFull(async () => {
      for (const path of ["/chat/completions", "/embeddings", "/predict/alone", "/outcomes"]) {
        const { status, headers, text } = await post(path, "{}");
        assert.equal(status, 503);
        const { error } = JSON.parse(text);
        assert.deepEqual(
          [error.code, error.type, error.param, typeof error.message],
          ["overloaded", "server_error", null, "string"],
        );
        assert.equal(headers["retry-after"], "2");
        const ms = Number(headers["retry-after-ms"]);
        assert.ok(ms > 1000 && ms <= 2000, `retry-after-ms is ${ms}`);
        assert.match(String(headers["x-request-id"]), /^[0-9a-f-]{36}$/);
        assert.equal(headers["x-should-retry"], undefined);
      }
    }));

  test("keeps its connection, and asks again on it", () =>
    whileFull(async () => {
      const first = await post("/chat/completions", `{"model":"${"a".repeat(60_000)}"}`);
      assert.deepEqual([first.status, first.headers.connection], [503, "keep-alive"]);
      const [socket] = Object.values(agent.freeSockets).flat();
      await post("/chat/completions", "{}");
      assert.equal(Object.values(agent.freeSockets).flat()[0], socket);
    }));

  test("loses its connection where the body is not worth reading", () =>
    whileFull(async () => {
      for (const headers of [{ "content-length": "65537" }, { "transfer-encoding": "chunked" }]) {
        const { status, headers: answered } = await post("/chat/completions", "a".repeat(65_537), headers);
        assert.deepEqual([status, answered.connection], [503, "close"]);
      }
    }));

  test("may be read by a page of an allowed origin", () =>
    whileFull(async () => {
      const { headers } = await post("/chat/completions", "{}", { origin: "https://app.example.com" });
      assert.equal(headers["access-control-allow-origin"], "https://app.example.com");
    }));

  test("is counted, and is neither recorded nor sent on", () =>
    whileFull(async () => {
      const metrics = async () => await (await fetch(`${app.adminUrl}/metrics`)).text();
      const refused = async () =>
        Number(
          /assay_requests_refused_total\{[^}]*reason="requests"[^}]*\} (\d+)/.exec(await metrics())?.[1] ?? 0,
        );
      const [before, records, asked] = [
        await refused(),
        (await app.app.records.recent({ limit: 1000 })).length,
        app.upstream.requests.length,
      ];
      await post("/chat/completions", "{}");
      assert.equal(await refused(), before + 1);
      assert.equal((await app.app.records.recent({ limit: 1000 })).length, records);
      assert.equal(app.upstream.requests.length, asked);
    }));

  test("stands in nobody's way who asks for health, or a page for permission", () =>
    whileFull(async () => {
      const origin = app.url.replace(/\/v1$/, "");
      for (const url of [`${origin}/healthz`, `${origin}/readyz`, `${app.adminUrl}/healthz`])
        assert.equal((await fetch(url)).status, 200);
      const preflight = await fetch(`${app.url}/chat/completions`, {
        method: "OPTIONS",
        headers: { origin: "https://app.example.com" },
      });
      assert.equal(preflight.status, 204);
    }));

  test("is let in when there is room again", async () => {
    await whileFull(async () => assert.equal((await post("/chat/completions", "{}")).status, 503));
    app.play(good);
    assert.equal((await app.ask("alone")).status, 200);
  });
});
