import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { behaviourOf } from "../../src/upstreams/scripted/behaviour.ts";
import { alice, assertHas, config, tracedBy } from "./golden.ts";
import { ask, type ObservedApp, promptFiles, startObservedApp } from "./observed-app.ts";

let app: ObservedApp;

before(async () => {
  app = await startObservedApp({ config, files: promptFiles });
});
beforeEach(() => app.upstream.setScript({}));
after(() => app.close());

const traced = (body: unknown, headers: Record<string, string> = alice) => tracedBy(app, body, headers);

const candidate = {
  "assay.experiment.id": "tone",
  "assay.variant": "candidate",
  "gen_ai.prompt.name": "reply",
  "gen_ai.prompt.version": "v2",
};

describe("a request that goes well", () => {
  test("is one SERVER span over its assignment, its prompt and one attempt", async () => {
    const { tree, server, attempts, only } = await traced(ask("tone"));
    assert.deepEqual(tree, [
      "SERVER POST /v1/chat/completions",
      "  INTERNAL experiment.assign",
      "  INTERNAL render_prompt reply",
      "  CLIENT chat gpt-4.1",
    ]);
    assert.equal(server.parentId, "");
    assertHas(server, {
      ...candidate,
      "assay.variant.served": "candidate",
      "assay.assignment.reason": "split",
      "assay.assignment.unit_source": "header:x-assay-user",
      "assay.config.revision": app.app.revision().id,
      "assay.outcome": "success",
      "assay.safety.outcome": "pass",
      "assay.attempt.number": 1,
      "assay.fallback.used": undefined,
      "assay.usage.source": "provider",
      "http.request.method": "POST",
      "http.route": "/v1/chat/completions",
      "http.response.status_code": 200,
      "error.type": undefined,
    });
    assert.match(String(server.attributes["assay.assignment.unit_hash"]), /^[0-9a-f]{32}$/);
    assert.match(String(server.attributes["assay.prompt.hash"]), /^[0-9a-f]+$/);
    assertHas(attempts[0], {
      ...candidate,
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4.1",
      "gen_ai.request.stream": false,
      "gen_ai.response.model": "gpt-4.1",
      "gen_ai.response.finish_reasons": ["stop"],
      "assay.attempt.number": 1,
      "assay.attempt.reason": "initial",
      "assay.attempt.backoff_ms": undefined,
      "server.address": "127.0.0.1",
      "server.port": app.upstream.port,
    });
    assert.match(String(attempts[0]?.attributes["gen_ai.response.id"]), /^chatcmpl-/);
    assert.match(String(attempts[0]?.attributes["assay.upstream.request_id"]), /^req_/);
    assertHas(only("INTERNAL", "experiment.assign")[0], {
      "feature_flag.key": "tone",
      "feature_flag.result.variant": "candidate",
      "feature_flag.result.reason": "split",
      "feature_flag.version": "tone",
      "feature_flag.provider.name": "assay",
    });
    assertHas(only("INTERNAL", "render_prompt")[0], { "assay.prompt.messages": 1, "assay.prompt.chars": 32 });
  });

  test("has its tokens on the attempt and their sums, with the dollars, on the SERVER span", async () => {
    const { spans, server, attempts } = await traced(ask("tone"));
    const [attempt] = attempts;
    assert.ok(Number(attempt?.attributes["gen_ai.usage.input_tokens"]) > 0);
    assert.equal(server.attributes["assay.token_in"], attempt?.attributes["gen_ai.usage.input_tokens"]);
    assert.equal(server.attributes["assay.token_out"], attempt?.attributes["gen_ai.usage.output_tokens"]);
    assert.ok(Number(server.attributes["assay.cost.usd_est"]) > 0);
    assert.equal(server.attributes["assay.cost.usd_est"], attempt?.attributes["gen_ai.usage.cost"]);
    assert.ok(server.attributes["assay.cost.price_table"]);
    const withUsage = spans.filter(({ attributes }) =>
      Object.keys(attributes).some((name) => name.startsWith("gen_ai.usage.")),
    );
    assert.deepEqual(withUsage, [attempt]);
  });

  test("has no cost at all when nobody knows the model's price", async () => {
    const { server, attempts } = await traced(ask("unpriced"));
    assert.ok(Number(server.attributes["assay.token_in"]) > 0);
    assertHas(server, { "assay.cost.usd_est": undefined, "assay.cost.price_table": undefined });
    assertHas(attempts[0], { "gen_ai.usage.cost": undefined });
  });

  test("lasts, as a stream, until its last byte, and tells the time to its first chunk without any event", async () => {
    const { tree, spans, server, attempts } = await traced(ask("tone", { stream: true }));
    assert.deepEqual(tree.at(-1), "  CLIENT chat gpt-4.1");
    const first = attempts[0]?.attributes["gen_ai.response.time_to_first_chunk"];
    assert.ok(typeof first === "number" && first > 0 && first < 5, String(first));
    assertHas(server, { "gen_ai.response.time_to_first_chunk": first, "assay.outcome": "success" });
    assertHas(attempts[0], { "gen_ai.request.stream": true });
    assert.deepEqual(
      spans.flatMap(({ events }) => events),
      [],
    );
    assert.ok(server.endedAt >= (attempts[0]?.endedAt ?? 0n));
  });

  test("has spans of their true length, in the order of what happened", async () => {
    const { server, only } = await traced(ask("tone"));
    for (const span of only("INTERNAL")) {
      assert.ok(span.startedAt < span.endedAt, `${span.name} takes no time at all`);
      assert.ok(span.startedAt + millisecond >= server.startedAt, `${span.name} begins before its parent`);
      assert.ok(span.endedAt <= server.endedAt + millisecond, `${span.name} ends after its parent`);
    }
    const elapsedMs = Number(server.endedAt - server.startedAt) / 1e6;
    assert.ok(Math.abs(elapsedMs - Number(server.attributes["assay.latency_ms"])) < 50);
  });
});

/** Each span has its own idea of the wall clock, which the SDK takes in whole milliseconds. */
const millisecond = 2_000_000n;

describe("a request that is rescued", () => {
  test("by a retry: the failed attempt is an ERROR, the second links to it, the SERVER span stays unset", async () => {
    app.upstream.setScript({ "gpt-4.1": [behaviourOf("server_error;status=500")] });
    const { tree, server, attempts } = await traced(ask("tone"));
    assert.deepEqual(tree.slice(3), ["  CLIENT chat gpt-4.1 ERROR", "  CLIENT chat gpt-4.1"]);
    const [first, second] = attempts;
    assert.deepEqual(first?.links, []);
    assert.deepEqual(second?.links, [{ traceId: server.traceId, spanId: first?.spanId }]);
    assertHas(first, { "error.type": "upstream_error", "assay.attempt.reason": "initial" });
    assertHas(second, {
      "error.type": undefined,
      "assay.attempt.reason": "retry",
      "assay.attempt.number": 2,
    });
    assert.equal(server.status, "UNSET");
    assertHas(server, { "assay.attempt.number": 2, "assay.outcome": "success", "error.type": undefined });
  });

  test("by another model: the SERVER span is unset and says from what, to what and why", async () => {
    app.upstream.setScript({ "gpt-4.1": [behaviourOf("quota")] });
    const { tree, server, attempts } = await traced(ask("rescued"));
    assert.deepEqual(tree, [
      "SERVER POST /v1/chat/completions",
      "  INTERNAL experiment.assign",
      "  INTERNAL render_prompt reply",
      "  CLIENT chat gpt-4.1 ERROR",
      "  INTERNAL render_prompt reply",
      "  CLIENT chat gpt-4.1-nano",
    ]);
    assertHas(server, {
      "assay.fallback.used": true,
      "assay.fallback.from": "candidate",
      "assay.fallback.to": "gpt-4.1-nano",
      "assay.fallback.cause": "upstream_quota_exhausted",
      "assay.variant": "candidate",
      "assay.variant.served": undefined,
      "assay.outcome": "success",
    });
    assertHas(attempts[1], { "assay.attempt.reason": "fallback", "assay.experiment.id": "rescued" });
    assert.deepEqual(attempts[1]?.links, [{ traceId: server.traceId, spanId: attempts[0]?.spanId }]);
  });

  test("by the canned answer: every attempt is an ERROR and the SERVER span is not", async () => {
    const out = { "gpt-4.1": [behaviourOf("quota")], "gpt-4.1-nano": [behaviourOf("quota")] };
    app.upstream.setScript(out);
    const { status, tree, server } = await traced(ask("rescued"));
    assert.equal(status, 200);
    assert.deepEqual(tree.slice(3), [
      "  CLIENT chat gpt-4.1 ERROR",
      "  INTERNAL render_prompt reply",
      "  CLIENT chat gpt-4.1-nano ERROR",
    ]);
    assertHas(server, {
      "assay.fallback.used": true,
      "assay.fallback.to": "canned",
      "assay.token_in": undefined,
    });
  });

  test("by a repair: the check that failed is an ERROR, the one after it passes", async () => {
    app.upstream.setScript({
      "gpt-4.1": [
        { kind: "answer", content: '{"good":"perhaps"}' },
        { kind: "answer", content: '{"good":true}' },
      ],
    });
    const { tree, server, attempts, only } = await traced(ask("mended"));
    const name = only("INTERNAL", "validate_output")[0]?.name ?? "";
    assert.deepEqual(tree.slice(3), [
      "  CLIENT chat gpt-4.1",
      `  INTERNAL ${name} ERROR`,
      "  CLIENT chat gpt-4.1",
      `  INTERNAL ${name}`,
    ]);
    const [failed, passed] = only("INTERNAL", "validate_output");
    assertHas(failed, { "assay.validation.result": "fail", "assay.validation.error_path": "/good" });
    assertHas(passed, { "assay.validation.result": "pass", "assay.validation.error_path": undefined });
    assertHas(passed, { "assay.experiment.id": "mended", "assay.variant": "candidate" });
    assertHas(attempts[1], { "assay.attempt.reason": "repair" });
    assertHas(server, { "assay.validation.result": "pass", "assay.outcome": "success" });
    const sum = attempts.reduce(
      (total, { attributes }) => total + Number(attributes["gen_ai.usage.input_tokens"]),
      0,
    );
    assert.equal(server.attributes["assay.token_in"], sum);
  });
});

test("a unit is never exported by its name, only by its keyed hash", async () => {
  await traced(ask("tone", { user: "bob-5Zk" }), {});
  await app.end();
  assert.ok(app.sink.spans.some(({ attributes }) => attributes["assay.assignment.unit_hash"] !== undefined));
  const bytes = app.sink.bytes();
  for (const name of ["alice-7Qx", "bob-5Zk"]) assert.equal(bytes.includes(name), false, name);
});

test("names the service, its version and the instance, and nothing of the command line", () => {
  const [resource] = app.sink.spans.map((span) => span.resource);
  assert.ok(resource);
  assert.equal(resource["service.name"], "assay");
  assert.match(String(resource["service.version"]), /^\d+\.\d+\.\d+/);
  assert.match(String(resource["service.instance.id"]), /^[0-9a-f-]{36}$/);
  assert.deepEqual(
    Object.keys(resource).filter((name) => /^(process|host|os)\./.test(name)),
    [],
  );
});
