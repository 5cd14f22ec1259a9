import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { behaviourOf } from "../../src/upstreams/scripted/behaviour.ts";
import { rawPost } from "../support/raw-post.ts";
import { alice, assertHas, config, tracedBy, traceOf } from "./golden.ts";
import { ask, type ObservedApp, promptFiles, startObservedApp } from "./observed-app.ts";

let app: ObservedApp;

before(async () => {
  app = await startObservedApp({ config, files: promptFiles });
});
beforeEach(() => app.upstream.setScript({}));
after(() => app.close());

const traced = (body: unknown, headers: Record<string, string> = alice) => tracedBy(app, body, headers);

describe("a request that fails", () => {
  test("for an invalid answer has a failed check and an ERROR on the SERVER span", async () => {
    app.upstream.setScript({ "gpt-4.1": [{ kind: "answer", content: "no json" }] });
    const { status, tree, server, only } = await traced(ask("refused"));
    assert.equal(status, 502);
    assert.equal(tree[0], "SERVER POST /v1/chat/completions ERROR");
    assert.match(tree.at(-1) ?? "", /^ {2}INTERNAL validate_output .* ERROR$/);
    assertHas(only("INTERNAL", "validate_output")[0], { "assay.validation.result": "fail" });
    assertHas(server, {
      "assay.outcome": "schema_fail",
      "assay.validation.result": "fail",
      "error.type": "output_schema_violation",
      "http.response.status_code": 502,
    });
  });

  test("at its upstream for good has an ERROR on every attempt and on the SERVER span", async () => {
    app.upstream.setScript({ "gpt-4.1": () => behaviourOf("server_error;status=503") });
    const { status, tree, server } = await traced(ask("tone"));
    assert.equal(status, 503);
    assert.deepEqual(
      tree.filter((line) => line.endsWith("ERROR")),
      [
        "SERVER POST /v1/chat/completions ERROR",
        "  CLIENT chat gpt-4.1 ERROR",
        "  CLIENT chat gpt-4.1 ERROR",
      ],
    );
    assertHas(server, { "assay.outcome": "upstream_error", "error.type": "upstream_error" });
  });

  test("by its own fault (4xx) leaves the SERVER span unset", async () => {
    const { status, tree, server } = await traced(ask("experiment/tonne"));
    assert.equal(status, 404);
    assert.deepEqual(tree, ["SERVER POST /v1/chat/completions"]);
    assertHas(server, { "assay.outcome": "client_error", "error.type": "model_not_found" });
  });

  test("before it could be read has a trace too", async () => {
    const { status, tree, server } = await traced("{ this is no JSON");
    assert.equal(status, 400);
    assert.deepEqual(tree, ["SERVER POST /v1/chat/completions"]);
    assertHas(server, { "error.type": "invalid_json", "assay.attempt.number": 0 });
  });

  test("because the client hung up is cancelled: both spans end and the attempt says why", async () => {
    app.upstream.setScript({ "gpt-4.1": [behaviourOf("stall;after=2")] });
    const heard = await rawPost({
      url: `${app.url}/chat/completions`,
      body: ask("tone", { stream: true }),
      headers: { ...alice, "content-type": "application/json" },
      enough: (text) => text.includes("data:"),
    });
    const { server, attempts, tree } = await traceOf(app, String(heard.headers["x-trace-id"]), 0);
    assert.deepEqual(tree[0], "SERVER POST /v1/chat/completions");
    assertHas(server, { "assay.outcome": "cancelled", "error.type": "client_cancelled" });
    assert.equal(attempts.length, 1);
    assertHas(attempts[0], { "error.type": "client_cancelled" });
  });
});

describe("a request outside the split", () => {
  test("of a killed experiment keeps its variant and is served by the control", async () => {
    const order = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"reason":"test"}',
    };
    assert.equal((await fetch(`${app.adminUrl}/admin/experiments/killed/kill`, order)).status, 200);
    const { tree, server, attempts, only } = await traced(ask("killed"));
    assert.equal(tree.at(-1), "  CLIENT chat gpt-4.1-mini");
    const killed = {
      "assay.variant": "candidate",
      "assay.variant.served": "control",
      "gen_ai.prompt.version": "v1",
    };
    assertHas(server, { ...killed, "assay.assignment.reason": "killed" });
    assertHas(attempts[0], killed);
    assertHas(only("INTERNAL", "experiment.assign")[0], {
      "feature_flag.result.variant": "control",
      "feature_flag.result.reason": "disabled",
    });
  });

  test("that pins a variant, or has no unit, says so and has no unit hash", async () => {
    const pinned = await traced(ask("experiment/tone@control"));
    assertHas(pinned.server, { "assay.assignment.reason": "pinned", "assay.variant": "control" });
    assertHas(pinned.only("INTERNAL", "assign")[0], { "feature_flag.result.reason": "static" });
    const nobody = await traced(ask("tone"), {});
    assertHas(nobody.server, {
      "assay.assignment.reason": "no_unit",
      "assay.assignment.unit_hash": undefined,
      "assay.assignment.unit_source": undefined,
      "assay.variant": "control",
    });
  });

  test("and outside every experiment has neither an assignment nor a prompt", async () => {
    const { tree, server } = await traced(ask("gpt-4.1"));
    assert.deepEqual(tree, ["SERVER POST /v1/chat/completions", "  CLIENT chat gpt-4.1"]);
    assertHas(server, { "assay.assignment.reason": "no_experiment", "assay.experiment.id": undefined });
  });
});

describe("a route that is only passed through", () => {
  const pass = async (path: string, init: RequestInit) => {
    const response = await fetch(`${app.url}${path}`, init);
    await response.text();
    return traceOf(app, response.headers.get("x-trace-id") ?? "", response.status);
  };

  test("is a SERVER and a CLIENT span", async () => {
    const body = JSON.stringify({ model: "text-embedding-3-small", input: "hello" });
    const { status, tree, attempts } = await pass("/embeddings", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    assert.equal(status, 200);
    assert.deepEqual(tree, ["SERVER POST /v1/embeddings", "  CLIENT POST /v1/embeddings"]);
    assertHas(attempts[0], { "assay.upstream.name": "test", "http.response.status_code": 200 });
  });

  test("puts no id of its path into a span's name", async () => {
    const { status, tree, server } = await pass("/files/file-12345", { method: "DELETE" });
    assert.equal(status, 404);
    assert.deepEqual(tree, ["SERVER DELETE /v1/files", "  CLIENT DELETE /v1/files ERROR"]);
    assertHas(server, { "http.route": "/v1/files", "url.path": "/v1/files/file-12345" });
  });

  test("has no CLIENT span when nothing was sent", async () => {
    const { status, tree } = await pass("/files", { headers: { origin: "https://elsewhere.example" } });
    assert.equal(status, 421);
    assert.deepEqual(tree, ["SERVER GET /v1/files"]);
  });
});
