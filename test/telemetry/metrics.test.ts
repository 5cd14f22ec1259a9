import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { metric } from "../../src/telemetry/semconv-metrics.ts";
import { behaviourOf } from "../../src/upstreams/scripted/behaviour.ts";
import { ask, type ObservedApp, startObservedApp } from "./observed-app.ts";
import { type Sample, scrape, totalOf } from "./scrape.ts";

const config = (upstreamUrl: string) => `
upstreams:
  test:
    base_url: ${upstreamUrl}
    retry: { max_attempts: 2, base_ms: 1, max_ms: 2 }
experiments:
  tone: { match: { models: [tone] }, ${variants} }
  rescued: { match: { models: [rescued] }, ${variants}, fallback: [{ model: gpt-4.1-nano }] }
  mended: { match: { models: [mended] }, ${variants}, output: { ${schema}, on_invalid: repair } }
  unpriced: { match: { models: [unpriced] }, variants: { control: { model: nobody-knows-it } } }
`;
const variants = "variants: { control: { weight: 0, model: gpt-4.1-mini }, candidate: { model: gpt-4.1 } }";
const schema = "schema: { title: verdict, type: object, required: [good] }";

const alice = { "x-assay-user": "alice" };

describe("after known traffic", () => {
  let app: ObservedApp;
  let samples: readonly Sample[];
  const value = (name: string, labels?: Readonly<Record<string, string>>) => totalOf(samples, name, labels);

  before(async () => {
    app = await startObservedApp({ config });
    const send = async (body: unknown, headers: Record<string, string> = alice) => {
      await (await app.chat(body, headers)).text();
    };
    await send(ask("tone"));
    await send(ask("tone", { stream: true }));
    await send(ask("tone"), { ...alice, "x-stainless-retry-count": "1" });
    await send(ask("experiment/tone@control"));
    await send(ask("unpriced"));
    await send(ask("experiment/none"));
    app.upstream.setScript({ "gpt-4.1": [behaviourOf("quota")] });
    await send(ask("rescued"));
    app.upstream.setScript({ "gpt-4.1": [behaviourOf("refusal")] });
    await send(ask("tone"));
    app.upstream.setScript({
      "gpt-4.1": [
        { kind: "answer", content: "{}" },
        { kind: "answer", content: '{"good":1}' },
      ],
    });
    await send(ask("mended"));
    await (await fetch(`${app.url}/models`)).text();
    await app.records(9);
    samples = await scrape(app.adminUrl);
  });
  after(() => app.close());

  const candidate = (experiment: string) => ({ experiment, variant: "candidate" });

  test("requests are counted by experiment, variant, outcome, safety and fallback", () => {
    const plain = { ...candidate("tone"), outcome: "success", fallback_used: "false" };
    assert.equal(value("assay_requests_total"), 9);
    assert.equal(value("assay_requests_total", { ...plain, safety: "pass" }), 3);
    assert.equal(value("assay_requests_total", { ...plain, safety: "refused" }), 1);
    assert.equal(value("assay_requests_total", { ...candidate("rescued"), fallback_used: "true" }), 1);
    assert.equal(value("assay_requests_total", { outcome: "client_error" }), 1);
  });

  test("a client's retry and a pinned request are no exposures", () => {
    assert.equal(value("assay_exposures_total", candidate("tone")), 3);
    assert.equal(value("assay_exposures_total", { experiment: "tone" }), 3);
  });

  test("a pinned request stands under no variant", () => {
    const pinned = samples.filter(
      ({ name, labels }) =>
        name === "assay_requests_total" && labels.experiment === "tone" && labels.variant === undefined,
    );
    assert.deepEqual(
      pinned.map((sample) => sample.value),
      [1],
    );
  });

  test("attempts are counted by reason and by what they came to", () => {
    assert.equal(value("assay_attempts_total"), 10);
    assert.equal(
      value("assay_attempts_total", { upstream: "test", reason: "fallback", outcome: "success" }),
      1,
    );
    assert.equal(value("assay_attempts_total", { reason: "repair" }), 1);
    assert.equal(value("assay_attempts_total", { outcome: "upstream_quota_exhausted" }), 1);
  });

  test("a fallback says to what and why, without the model's name", () => {
    const labels = { ...candidate("rescued"), to: "model", cause: "upstream_quota_exhausted" };
    assert.equal(value("assay_fallbacks_total", labels), 1);
  });

  test("checks of the output are told apart: the first, and the repaired one", () => {
    assert.equal(
      value("assay_validations_total", { ...candidate("mended"), result: "fail", phase: "first" }),
      1,
    );
    assert.equal(
      value("assay_validations_total", { ...candidate("mended"), result: "pass", phase: "repaired" }),
      1,
    );
    assert.equal(value("assay_validations_total"), 2);
  });

  test("tokens and dollars are those of the records", async () => {
    const records = await app.app.records.recent({ limit: 100 });
    const attempts = records.flatMap((record) => record.attempts);
    const sum = (numbers: readonly (number | undefined)[]) =>
      numbers.reduce<number>((total, n) => total + (n ?? 0), 0);
    assert.equal(
      value("assay_tokens_total", { type: "input" }),
      sum(attempts.map(({ usage }) => usage?.inputTokens)),
    );
    assert.equal(
      value("assay_tokens_total", { type: "output" }),
      sum(attempts.map(({ usage }) => usage?.outputTokens)),
    );
    const costUsd = sum(records.map((record) => record.costUsd));
    assert.ok(costUsd > 0);
    assert.ok(Math.abs((value("assay_cost_total") ?? 0) - costUsd) < 1e-12);
    assert.equal(value("assay_cost_unknown_total", { experiment: "unpriced" }), 1);
    assert.equal(value("assay_cost_total", { experiment: "unpriced" }), undefined);
  });

  test("histograms are cumulative and end at their count", () => {
    for (const name of [
      "assay_request_duration",
      "gen_ai_client_token_usage",
      "http_server_request_duration",
    ]) {
      const all = samples.filter((sample) => sample.name === `${name}_bucket` && sample.labels.le === "+Inf");
      assert.ok(all.length > 0, name);
      assert.equal(
        value(`${name}_count`),
        all.reduce((total, sample) => total + sample.value, 0),
        name,
      );
    }
    assert.equal(value("assay_request_duration_count"), 9);
    assert.equal(value("gen_ai_client_operation_duration_count", { gen_ai_operation_name: "chat" }), 10);
    assert.equal(value("gen_ai_client_operation_time_to_first_chunk_count"), 1);
    assert.equal(value("gen_ai_client_operation_time_per_output_chunk_count"), 1);
    const http = {
      http_request_method: "POST",
      http_route: "/v1/chat/completions",
      http_response_status_code: "404",
    };
    assert.equal(value("http_server_request_duration_count", http), 1);
    assert.equal(value("http_server_request_duration_count", { http_route: "/v1/models" }), 1);
  });

  test("the state of the process is there: nothing active, a valid configuration, a closed breaker", () => {
    assert.equal(value("assay_requests_active"), 0);
    assert.equal(value("assay_config_valid"), 1);
    assert.equal(value("assay_breaker_state", { upstream: "test" }), 0);
  });

  test("a kill switch shows while it is on, and goes with it", async () => {
    const post = (path: string) => fetch(`${app.adminUrl}${path}`, { method: "POST" });
    assert.equal((await post("/admin/experiments/tone/kill")).status, 200);
    assert.equal(totalOf(await scrape(app.adminUrl), "assay_kill_switch_active", { scope: "tone" }), 1);
    assert.equal((await post("/admin/experiments/tone/revive")).status, 200);
    assert.equal(totalOf(await scrape(app.adminUrl), "assay_kill_switch_active"), undefined);
  });

  test("a push by OTLP says the same", async () => {
    await app.end();
    const points = app.sink.exports.at(-1) ?? [];
    const of = (name: string) => points.filter((point) => point.metric === name);
    assert.equal(
      of("assay.requests").reduce((total, point) => total + point.value, 0),
      9,
    );
    assert.deepEqual(
      [...new Set(of("assay.requests").map(({ kind, unit }) => `${kind} ${unit}`))],
      ["sum {request}"],
    );
    const duration = of("assay.request.duration");
    assert.equal(
      duration.reduce((total, { count }) => total + count, 0),
      9,
    );
    for (const { bounds, bucketCounts, count } of duration) {
      assert.deepEqual(bounds, metric.requestDuration.buckets);
      assert.equal(
        bucketCounts.reduce((total, bucket) => total + bucket, 0),
        count,
      );
    }
    assert.ok(points.some((point) => point.metric.startsWith("otel.sdk.processor.span.")));
  });
});

describe("whatever clients send", () => {
  const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "PROPFIND", "MKCOL", "SEARCH", "PURGE"];
  const word = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/);
  const path = fc.oneof(
    word.map((id) => `/v1/files/${id}`),
    word.map((id) => `/v1/${id}`),
    word.map((id) => `/v1/models/${id}`),
    word.map((id) => `/${id}?x=${id}`),
    fc.constantFrom("/v1/chat/completions", "/v1/embeddings", "/v1/responses", "/v1", "/v1/"),
  );
  const headers = fc.record({
    "x-assay-user": word,
    "x-assay-session": word,
    "x-request-id": word,
    "x-assay-rag-index-version": word,
    "user-agent": word,
  });
  const model = fc.oneof(
    word,
    fc.constantFrom("tone", "rescued", "mended"),
    word.map((name) => `experiment/${name}`),
    word.map((name) => `experiment/tone@${name}`),
    fc.constantFrom("scripted-fault:server_error", "scripted-fault:quota", "scripted-fault:redirect"),
  );
  const body = fc.oneof(
    fc.record({ model, messages: fc.constant([{ role: "user", content: "hello" }]), user: word }),
    fc.jsonValue(),
  );

  test("no instrument comes near its limit of series, and no label repeats a client's words", async () => {
    const app = await startObservedApp({ config });
    const seen = new Set<string>();
    try {
      const inputs = fc.record({ method: fc.constantFrom(...methods), path, headers, body });
      const chats = inputs.map((input) => ({ ...input, method: "POST", path: "/v1/chat/completions" }));
      for (const input of [...fc.sample(inputs, 300), ...fc.sample(chats, 300)]) {
        for (const text of Object.values(input.headers)) if (text.length > 5) seen.add(text);
        await send(app.app.port, input);
      }
      const samples = await scrape(app.adminUrl);
      const sizes = new Map<string, number>();
      for (const { name, labels } of samples) {
        if (labels.le === undefined || labels.le === "+Inf") sizes.set(name, (sizes.get(name) ?? 0) + 1);
        for (const text of Object.values(labels)) assert.equal(seen.has(text), false, `${name} has ${text}`);
      }
      assert.ok((totalOf(samples, "assay_requests_total") ?? 0) >= 300);
      for (const [name, size] of sizes) assert.ok(size < 200, `${name} has ${size} series`);
      assert.equal(totalOf(samples, "assay_requests_active"), 0);
    } finally {
      await app.close();
    }
  });
});

interface Input {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function send(port: number, { method, path, headers, body }: Input): Promise<void> {
  return new Promise((resolve) => {
    const sent = request({ port, host: "127.0.0.1", method, path, headers }, (response) => {
      response.resume();
      response.on("close", resolve);
    });
    sent.on("error", () => resolve());
    sent.end(method === "GET" || method === "HEAD" ? undefined : JSON.stringify(body));
  });
}
