import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { assertHas, traceOf } from "./golden.ts";
import { type ObservedApp, startObservedApp } from "./observed-app.ts";
import { scrape, totalOf } from "./scrape.ts";

const secret = "jane@example.com";
let server: ModelServer;
let app: ObservedApp;

before(async () => {
  server = await startModelServer({ body: { prediction: "stays", model_version: "churn-9" } });
  app = await startObservedApp({
    config: (chatUrl) => `
upstreams: { chat: { base_url: "${chatUrl}" } }
telemetry: { content: redacted }
experiments:
  churn:
    predict: { input: { title: customer, type: object, required: [age] } }
    variants: { control: { weight: 0, url: "${server.url}" }, candidate: { url: "${server.url}" } }
    output: { schema: { title: verdict, type: object } }
`,
  });
});
after(async () => {
  await app.close();
  await server.close();
});

async function traced(input: unknown) {
  const response = await fetch(`${app.url}/predict/churn`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-assay-user": "u" },
    body: JSON.stringify(input),
  });
  await response.text();
  return traceOf(app, response.headers.get("x-trace-id") ?? "", response.status);
}

describe("the trace of a prediction", () => {
  test("is the one of a chat, with an attempt under names of its own", async () => {
    const { tree, server: root, attempts } = await traced({ age: 42, messages: [secret] });
    assert.deepEqual(tree, [
      "SERVER POST /v1/predict/{experiment}",
      "  INTERNAL experiment.assign",
      "  CLIENT predict candidate",
      "  INTERNAL validate_output verdict",
    ]);
    assertHas(root, {
      "assay.experiment.id": "churn",
      "assay.variant": "candidate",
      "assay.outcome": "success",
      "assay.token_in": undefined,
      "http.route": "/v1/predict/{experiment}",
      "url.path": "/v1/predict/churn",
    });
    assertHas(attempts[0], {
      "assay.operation.name": "predict",
      "assay.predict.model": "candidate",
      "assay.predict.model_version": "churn-9",
      "assay.variant.served": "candidate",
      "server.address": "127.0.0.1",
    });
    const generative = Object.keys(attempts[0]?.attributes ?? {}).filter((name) =>
      name.startsWith("gen_ai."),
    );
    assert.deepEqual(generative, []);
  });

  test("goes on to the model server", async () => {
    const { attempts } = await traced({ age: 1 });
    const [, traceId, spanId] = server.seen.at(-1)?.headers.traceparent?.toString().split("-") ?? [];
    assert.deepEqual([traceId, spanId], [attempts[0]?.traceId, attempts[0]?.spanId]);
  });

  test("ends before any attempt where the input is bad, and never holds it", async () => {
    const { tree, server: root, status } = await traced({ mail: secret });
    assert.equal(status, 422);
    assert.deepEqual(tree, ["SERVER POST /v1/predict/{experiment}"]);
    assertHas(root, { "error.type": "invalid_input", "assay.outcome": "client_error" });
  });

  test("holds neither input nor answer, even where content is asked for", () => {
    const everything = JSON.stringify(app.sink.spans, (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    for (const text of [secret, "stays", '"age"']) assert.ok(!everything.includes(text), text);
  });
});

test("metrics count predictions as requests, and not as generative operations", async () => {
  await traced({ age: 1 });
  await app.records(1);
  const samples = await scrape(app.adminUrl);
  const labels = { experiment: "churn", variant: "candidate", outcome: "success" };
  assert.ok((totalOf(samples, "assay_requests_total", labels) ?? 0) >= 1);
  assert.ok((totalOf(samples, "assay_exposures_total", { experiment: "churn" }) ?? 0) >= 1);
  assert.ok((totalOf(samples, "assay_attempts_total", { upstream: "churn/candidate" }) ?? 0) >= 1);
  assert.equal(totalOf(samples, "gen_ai_client_operation_duration_count"), undefined);
  assert.equal(totalOf(samples, "assay_tokens_total", { experiment: "churn" }), undefined);
  assert.equal(totalOf(samples, "assay_cost_unknown_total", { experiment: "churn" }), undefined);
});
