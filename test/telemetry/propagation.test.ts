import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { behaviourOf } from "../../src/upstreams/scripted/behaviour.ts";
import { startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp } from "../support/app.ts";
import { rawPost } from "../support/raw-post.ts";
import { ask, type ObservedApp, startObservedApp } from "./observed-app.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const callerId = "b7ad6b7169203331";
const parent = (flags: string) => `00-${traceId}-${callerId}-${flags}`;
const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0[01]$/;

/** `talkative` stands for the upstream that the configuration lets hear baggage. */
const config = (url: string) =>
  `${configWith({ upstreamUrl: url })}
models: { talkative: { upstream: talkative } }
`.replace("upstreams:", `upstreams:\n  talkative: { base_url: "${url}", send_baggage: true }`);

describe("trace context", () => {
  let app: ObservedApp;

  before(async () => {
    app = await startObservedApp({ config: (url) => `${config(url)}default_upstream: test\n` });
  });
  beforeEach(() => app.upstream.setScript({}));
  after(() => app.close());

  const lastHeaders = () => app.upstream.requests.at(-1)?.headers ?? {};

  const chat = async (headers: Record<string, string>, body: unknown = ask("tone")) => {
    const known = app.sink.spans.length;
    const response = await app.chat(body, headers);
    await response.text();
    const id = response.headers.get("x-trace-id") ?? "";
    await app.sink.until(() => app.sink.spans.slice(known).some(({ kind }) => kind === "SERVER"), "a span");
    const spans = app.sink.spans.slice(known);
    const one = (kind: string) => {
      const found = spans.find((span) => span.kind === kind);
      assert.ok(found);
      return found;
    };
    return { response, id, server: one("SERVER"), client: spans.find(({ kind }) => kind === "CLIENT") };
  };

  for (const flags of ["01", "00"]) {
    test(`of the caller is the parent, with the sampled flag ${flags}`, async () => {
      const { id, server } = await chat({ traceparent: parent(flags) });
      assert.equal(id, traceId);
      assert.deepEqual([server.traceId, server.parentId], [traceId, callerId]);
    });
  }

  test("that is malformed begins a new trace, and what stood beside it is not passed on", async () => {
    for (const traceparent of [
      "garbage",
      `ff-${traceId}-${callerId}-01`,
      `00-${"0".repeat(32)}-${callerId}-01`,
    ]) {
      const { id, server } = await chat({ traceparent, tracestate: "vendor=1" });
      assert.notEqual(id, traceId);
      assert.equal(server.parentId, "");
      assert.equal(lastHeaders().tracestate, undefined);
    }
  });

  test("reaches the upstream with the attempt's own span as the parent, and tracestate as it was", async () => {
    const { client } = await chat({ traceparent: parent("01"), tracestate: "vendor=1,other=2" });
    assert.equal(lastHeaders().traceparent, `00-${traceId}-${client?.spanId}-01`);
    assert.equal(lastHeaders().tracestate, "vendor=1,other=2");
  });

  test("reaches the upstream of a route that is passed through", async () => {
    const response = await fetch(`${app.url}/embeddings`, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: parent("01") },
      body: JSON.stringify({ model: "text-embedding-3-small", input: "hello" }),
    });
    await response.text();
    const heard = form.exec(String(lastHeaders().traceparent));
    assert.equal(heard?.[1], traceId);
    await app.sink.until(() => app.sink.spans.some(({ spanId }) => spanId === heard?.[2]), "the CLIENT span");
    assert.equal(response.headers.get("x-trace-id"), traceId);
  });

  test("names another span for each attempt", async () => {
    app.upstream.setScript({ "*": [behaviourOf("server_error;status=500")] });
    const before = app.upstream.requests.length;
    await chat({});
    const parents = app.upstream.requests.slice(before).map(({ headers }) => headers.traceparent);
    assert.equal(parents.length, 2);
    assert.equal(new Set(parents).size, 2);
  });

  test("comes with baggage only where the configuration says so", async () => {
    await chat({ baggage: "tenant=acme" });
    assert.equal(lastHeaders().baggage, undefined);
    await chat({ baggage: "tenant=acme" }, ask("talkative"));
    assert.equal(lastHeaders().baggage, "tenant=acme");
  });

  test("is in every answer: good ones, 4xx and 502", async () => {
    const bad = { "*": () => behaviourOf("invalid_json_body") };
    const cases = [
      { body: ask("tone"), script: {}, status: 200 },
      { body: "{", script: {}, status: 400 },
      { body: ask("experiment/none"), script: {}, status: 404 },
      { body: ask("tone"), script: bad, status: 502 },
    ];
    for (const { body, script, status } of cases) {
      app.upstream.setScript(script);
      const { response, id, server } = await chat({}, body);
      assert.equal(response.status, status);
      assert.equal(id, server.traceId);
      assert.equal(response.headers.get("traceresponse"), `00-${server.traceId}-${server.spanId}-01`);
    }
  });

  test("is in the answers to a wrong method and to a foreign origin", async () => {
    const answers = [
      await fetch(`${app.url}/chat/completions`),
      await app.chat(ask("tone"), { origin: "https://elsewhere.example" }),
      await fetch(`${app.url}/models`),
    ];
    for (const answer of answers) {
      await answer.text();
      assert.match(answer.headers.get("traceresponse") ?? "", form, `${answer.status} ${answer.url}`);
      assert.match(answer.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
    }
  });

  test("is there before the first byte of a stream that never goes on", async () => {
    app.upstream.setScript({ "*": [behaviourOf("stall;after=2")] });
    const heard = await rawPost({
      url: `${app.url}/chat/completions`,
      body: ask("tone", { stream: true }),
      headers: { "content-type": "application/json" },
      enough: (text) => text.length > 0,
    });
    assert.match(String(heard.headers.traceresponse), form);
    assert.equal(heard.ending, "enough");
  });
});

test("without telemetry the ids still come, and the caller's trace goes on to the upstream", async () => {
  const upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const app = await startTestApp({ config: configWith({ upstreamUrl: upstream.url }) });
  try {
    const plain = await app.chat(ask("tone"));
    await plain.text();
    assert.match(plain.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
    assert.match(plain.headers.get("traceresponse") ?? "", form);
    assert.match(String(upstream.requests[0]?.headers.traceparent), form);

    const joined = await app.chat(ask("tone"), { traceparent: parent("01"), tracestate: "vendor=1" });
    await joined.text();
    assert.equal(joined.headers.get("x-trace-id"), traceId);
    const heard = upstream.requests[1]?.headers ?? {};
    assert.equal(form.exec(String(heard.traceparent))?.[1], traceId);
    assert.notEqual(form.exec(String(heard.traceparent))?.[2], callerId);
    assert.equal(heard.tracestate, "vendor=1");

    await (await app.chat(ask("tone"), { tracestate: "vendor=1" })).text();
    assert.equal(upstream.requests[2]?.headers.tracestate, undefined);
  } finally {
    await app.close();
    await upstream.close();
  }
});
