/** The data plane's door: who comes in, for what, and how much of it. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { durationText } from "../../src/http/auth.ts";
import { good } from "../faults/fixture.ts";
import { scrape, totalOf } from "../telemetry/scrape.ts";
import { answers, assay, chat, post, startKeyedApp, useKeyedApp } from "./keys-fixture.ts";

useKeyedApp();

const never = `ask_${"0".repeat(12)}_${"x".repeat(43)}`;
const paths: readonly (readonly [string, RequestInit])[] = [
  ["/chat/completions", chat()],
  ["/chat/completions/", chat()],
  ["/predict/tone", post({})],
  ["/outcomes", post({})],
  ["/feedback", post({})],
  ["/models", {}],
  ["/models/tone", {}],
  ["/models/gpt-up", {}],
  ["/embeddings", post({ model: "m", input: "x" })],
  ["/responses", post({ model: "m", input: "x" })],
  ["/files", {}],
  ["/nothing", {}],
];

describe("without a key that holds", () => {
  for (const [path, init] of paths) {
    test(`nobody comes in: ${init.method ?? "GET"} ${path}`, async () => {
      const before = assay.upstream.requests.length;
      for (const key of [undefined, "", "unused", never]) {
        const { status, code, headers } = await assay.ask(path, key, init);
        assert.deepEqual([status, code], [401, "invalid_api_key"], String(key));
        assert.equal(headers.get("www-authenticate"), "Bearer");
        assert.equal(headers.get("x-should-retry"), "false");
        assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
      }
      assert.equal(assay.upstream.requests.length, before);
    });
  }

  test("an unknown, a wrong and a revoked key hear the same", async () => {
    const { id, key } = await assay.createKey();
    const wrong = `ask_${id}_${"x".repeat(43)}`;
    const messages = [await assay.ask("/models", never), await assay.ask("/models", wrong)];
    await assay.admin("DELETE", `/admin/keys/${id}`, { reason: "leaked" });
    messages.push(await assay.ask("/models", key));
    assert.equal(new Set(messages.map(({ body }) => JSON.stringify(body))).size, 1);
  });

  test("nothing is read, recorded or traced, and the refusals are counted", async () => {
    const count = async () => totalOf(await scrape(assay.adminUrl), "assay_requests_refused_total") ?? 0;
    const before = await count();
    const { headers } = await assay.ask("/chat/completions", never, { ...chat(), body: "{".repeat(10_000) });
    assert.equal(headers.get("x-trace-id"), null);
    assert.equal(await count(), before + 1);
    const recent = await assay.app.records.recent({ limit: 10 });
    assert.ok(!recent.some(({ requestId }) => requestId === headers.get("x-request-id")));
  });

  test("a page whose origin is allowed may read why, and may ask beforehand", async () => {
    const origin = "https://app.example.com";
    const refused = await assay.ask("/models", undefined, { headers: { origin } });
    assert.equal(refused.headers.get("access-control-allow-origin"), origin);
    const foreign = await assay.ask("/models", undefined, { headers: { origin: "https://evil.example" } });
    assert.equal(foreign.headers.get("access-control-allow-origin"), null);
    const preflight = await fetch(`${assay.url}/chat/completions`, {
      method: "OPTIONS",
      headers: { origin },
    });
    assert.equal(preflight.status, 204);
  });

  test("health is told all the same", async () => {
    for (const path of ["healthz", "readyz"]) {
      assert.equal((await fetch(`${assay.url.replace("/v1", "")}/${path}`)).status, 200);
    }
  });
});

describe("with a key", () => {
  test("a request is served, and its record names the key by its id", async () => {
    const { id, key } = await assay.createKey();
    const { status, headers } = await assay.ask("/chat/completions", key, chat());
    assert.equal(status, 200);
    const requestId = headers.get("x-request-id");
    for (;;) {
      const record = (await assay.app.records.recent({ limit: 10 })).find(
        (one) => one.requestId === requestId,
      );
      if (record !== undefined) {
        assert.equal(record.clientKeyId, id);
        break;
      }
      await setImmediate();
    }
  });

  test("no route sends it to the upstream", async () => {
    const { key } = await assay.createKey({ routes: ["*"] });
    const before = assay.upstream.requests.length;
    for (const [path, init] of paths) await assay.ask(path, key, init);
    const sent = assay.upstream.requests.slice(before).map((request) => request.toString("latin1"));
    assert.ok(sent.length >= 6, String(sent.length));
    for (const request of sent)
      assert.ok(!request.includes("ask_") && !/authorization/i.test(request), request);
  });

  test("that is revoked while requests run lets those end and no other one in", async () => {
    const { id, key } = await assay.createKey();
    let finish = () => {};
    const held = Promise.withResolvers<void>();
    assay.play((socket, request) => {
      finish = () => good(socket, request);
      held.resolve();
    });
    const running = assay.ask("/chat/completions", key, chat());
    await held.promise;
    assert.equal((await assay.admin("DELETE", `/admin/keys/${id}`)).status, 200);
    assert.equal((await assay.ask("/chat/completions", key, chat())).status, 401);
    finish();
    assay.play(answers);
    assert.equal((await running).status, 200);
  });
});

describe("a key's scope", () => {
  test("of routes: another one is refused before the body is read", async () => {
    const { key } = await assay.createKey({ routes: ["chat"] });
    assert.equal((await assay.ask("/chat/completions", key, chat())).status, 200);
    for (const [path, init] of paths.slice(2)) {
      const { status, code } = await assay.ask(path, key, init);
      assert.deepEqual([status, code], [403, "route_not_allowed"], path);
    }
    // What the upstream has kept of everybody's chats.
    assert.equal((await assay.ask("/chat/completions", key)).code, "route_not_allowed");
  });

  test("without a word leaves out what is everybody's", async () => {
    const { key } = await assay.createKey();
    for (const [path, init] of [
      ["/files", {}],
      ["/models/gpt-up", { method: "DELETE" }],
      ["/chat/completions", {}],
      ["/nothing", {}],
    ] as const) {
      assert.equal((await assay.ask(path, key, init)).code, "route_not_allowed", path);
    }
    assert.equal((await assay.ask("/embeddings", key, post({ model: "m", input: "x" }))).status, 200);
  });

  test("of experiments and models holds on every route, for pins and for the header too", async () => {
    const { key } = await assay.createKey({ experiments: ["tone"], models: ["gpt-up"] });
    const codeOf = async (path: string, init: RequestInit) => (await assay.ask(path, key, init)).code ?? "ok";
    assert.equal(await codeOf("/chat/completions", chat("experiment/tone@candidate")), "ok");
    assert.equal(await codeOf("/chat/completions", chat("gpt-up")), "ok");
    assert.equal(await codeOf("/chat/completions", chat("experiment/length")), "experiment_not_allowed");
    assert.equal(
      await codeOf("/chat/completions", chat("experiment/length@candidate")),
      "experiment_not_allowed",
    );
    const named = post({ model: "gpt-up", messages: [] }, { "x-assay-experiment": "length" });
    assert.equal(await codeOf("/chat/completions", named), "experiment_not_allowed");
    assert.equal(await codeOf("/chat/completions", chat("gpt-other")), "model_not_allowed");
    assert.equal(await codeOf("/predict/length", post({})), "experiment_not_allowed");
    assert.equal(await codeOf("/embeddings", post({ model: "gpt-up", input: "x" })), "ok");
    assert.equal(await codeOf("/embeddings", post({ model: "gpt-other", input: "x" })), "model_not_allowed");
    assert.equal(await codeOf("/responses", post({ input: "x" })), "model_not_allowed");
    assert.equal(await codeOf("/responses/resp_1", {}), "model_not_allowed");
    assert.equal(
      await codeOf("/embeddings", { method: "POST", body: '{"model":"gpt-up"}' }),
      "unsupported_media_type",
    );
    assert.equal(await codeOf("/models/gpt-other", {}), "model_not_allowed");
    assert.equal(await codeOf("/models/experiment%2Flength", {}), "experiment_not_allowed");
  });

  test("of models is not widened by members that upstreams take for further models", async () => {
    const { key } = await assay.createKey({ experiments: ["tone"], models: ["gpt-up"] });
    const before = assay.upstream.requests.length;
    for (const name of ["models", "fallbacks", "Fallbacks", "context_window_fallbacks"]) {
      const body = { messages: [], [name]: ["gpt-other"] };
      for (const [path, model] of [
        ["/chat/completions", "gpt-up"],
        ["/chat/completions", "experiment/tone"],
        ["/responses", "gpt-up"],
      ] as const) {
        const { status, code } = await assay.ask(path, key, post({ model, ...body }));
        assert.deepEqual([status, code], [403, "model_not_allowed"], `${path} ${name}`);
      }
    }
    assert.equal(assay.upstream.requests.length, before);
    const open = await assay.createKey();
    const { status } = await assay.ask(
      "/responses",
      open.key,
      post({ model: "gpt-up", models: ["gpt-other"] }),
    );
    assert.equal(status, 200);
  });

  test("shows in the list of models", async () => {
    const { key } = await assay.createKey({ experiments: ["tone"], models: ["gpt-up"] });
    const idsFor = async (who: string) =>
      ((await assay.ask("/models", who)).body.data as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(await idsFor(key), ["experiment/tone", "tone", "gpt-up"]);
    const all = await idsFor((await assay.createKey()).key);
    assert.deepEqual(all, [
      "experiment/tone",
      "tone",
      "experiment/length",
      "gpt-length",
      "model-a",
      "gpt-up",
      "gpt-other",
    ]);
  });

  test("of a role of the admin API is no client's", async () => {
    const { key } = await assay.createKey({ role: "administer" });
    assert.equal((await assay.ask("/chat/completions", key, chat())).code, "route_not_allowed");
  });
});

describe("a key's limits", () => {
  test("of requests a minute answer 429 with the time to come back, as OpenAI does", async () => {
    const { key } = await assay.createKey({ requests_per_minute: 2 });
    for (const _ of [1, 2]) assert.equal((await assay.ask("/models", key)).status, 200);
    const { status, code, headers } = await assay.ask("/models", key);
    assert.deepEqual([status, code], [429, "rate_limit_exceeded"]);
    const waitMs = Number(headers.get("retry-after-ms"));
    assert.ok(waitMs > 0 && waitMs <= 30_000, String(waitMs));
    assert.equal(headers.get("retry-after"), String(Math.ceil(waitMs / 1000)));
    assert.equal(headers.get("x-ratelimit-limit-requests"), "2");
    assert.equal(headers.get("x-ratelimit-remaining-requests"), "0");
    assert.match(headers.get("x-ratelimit-reset-requests") ?? "", /^(\d+(\.\d+)?s|1m0s)$/);
    // The SDKs may wait and try again.
    assert.equal(headers.get("x-should-retry"), null);
  });

  test("of open requests hold until an answer has ended, whoever hangs up", async () => {
    const { key } = await assay.createKey({ concurrent: 1 });
    const held = Promise.withResolvers<void>();
    assay.play(() => held.resolve());
    const patience = new AbortController();
    const running = assay.ask("/chat/completions", key, { ...chat(), signal: patience.signal });
    await held.promise;
    const refused = await assay.ask("/chat/completions", key, chat());
    assert.deepEqual([refused.status, refused.code], [429, "rate_limit_exceeded"]);
    patience.abort();
    await assert.rejects(running);
    assay.play(answers);
    // The server hears of it a turn or two later.
    while ((await assay.ask("/chat/completions", key, chat())).status === 429) await setImmediate();
  });

  for (const limit of [{ tokens_per_day: 1 }, { usd_per_day: 0.5 }]) {
    test(`of a day answer 429 once it is spent, and still take outcomes: ${JSON.stringify(limit)}`, async () => {
      const { id, key } = await assay.createKey(limit);
      const first = await assay.ask("/chat/completions", key, chat("model-a"));
      assert.equal(first.status, 200);
      // It is counted when the record is made, which is when the last byte has left.
      let refused = await assay.ask("/chat/completions", key, chat("model-a"));
      while (refused.status === 200) refused = await assay.ask("/chat/completions", key, chat("model-a"));
      assert.deepEqual([refused.status, refused.code], [429, "insufficient_quota"]);
      assert.equal(refused.headers.get("x-should-retry"), "false");
      assert.equal(refused.headers.get("retry-after"), null);
      assert.equal((await assay.ask("/models", key)).status, 200);
      assert.equal((await assay.ask("/outcomes", key, post({}))).status, 400);
      const { body } = await assay.admin("GET", "/admin/keys");
      const shown = (body.keys as { id: string; spent_today: { tokens: number; usd: number } }[]).find(
        (one) => one.id === id,
      );
      assert.ok((shown?.spent_today.tokens ?? 0) > 0 && (shown?.spent_today.usd ?? 0) > 0);
    });
  }

  test("are written as OpenAI writes them", () => {
    assert.deepEqual([0.2, 20, 999, 1000, 1234, 59_999.5, 60_000, 360_000, 61_500].map(durationText), [
      "1ms",
      "20ms",
      "999ms",
      "1s",
      "1.234s",
      "1m0s",
      "1m0s",
      "6m0s",
      "1m1.5s",
    ]);
  });
});

describe("a restart", () => {
  test("gives back neither a key that was revoked nor a budget that was spent", async () => {
    const first = await startKeyedApp();
    const { key } = await first.createKey({ tokens_per_day: 1 });
    const gone = await first.createKey({ name: "gone" });
    await first.admin("DELETE", `/admin/keys/${gone.id}`);
    await first.ask("/chat/completions", key, chat());
    await first.records(1);
    await first.app.close();
    const second = await startKeyedApp({ folder: first.folder });
    assert.equal((await second.ask("/chat/completions", key, chat())).code, "insufficient_quota");
    assert.equal((await second.ask("/models", gone.key)).code, "invalid_api_key");
    await second.close();
    await first.upstream.close();
    rmSync(first.folder, { recursive: true });
  });
});
