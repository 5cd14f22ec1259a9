import assert from "node:assert/strict";
import { afterEach, before, describe, after as last, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { startTestApp, type TestApp } from "../support/app.ts";
import { type ModelServer, startModelServer } from "../support/model-server.ts";

let control: ModelServer;
let candidate: ModelServer;
let app: TestApp | undefined;

before(async () => {
  control = await startModelServer({ body: { prediction: "from control" } });
  candidate = await startModelServer({ body: { prediction: "from candidate" } });
});
afterEach(async () => {
  control.answer = () => ({ body: { prediction: "from control" } });
  candidate.answer = () => ({ body: { prediction: "from candidate" } });
  await app?.close();
  app = undefined;
});
last(() => Promise.all([control.close(), candidate.close()]));

/** Everybody is in the candidate. */
async function started(experiment: string, limits = ""): Promise<TestApp> {
  app = await startTestApp({
    config: `
upstreams:
  a: { dialect: json, base_url: "${control.url}" }
  b:
    dialect: json
    base_url: "${candidate.url}"
    retry: { base_ms: 1, max_ms: 1, max_attempts: 2 }
${limits}
models: { small: { upstream: a }, large: { upstream: b } }
experiments:
  iris:
    unit: user
    predict: {}
    variants: { control: { weight: 0, model: small }, candidate: { weight: 1, model: large } }
${experiment}
`,
  });
  return app;
}

async function predict(from: TestApp, input: unknown = {}) {
  const response = await fetch(`${from.url}/predict/iris`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-assay-user": "u" },
    body: JSON.stringify(input),
  });
  // The answers of our own servers and of Assay are objects.
  const body = (await response.json()) as Record<string, unknown>;
  const error = Object(body.error) as { code?: string; message?: string };
  return { status: response.status, headers: response.headers, body, error };
}

describe("a model server that fails", () => {
  test("is asked again, and nobody notices", async () => {
    let turn = 0;
    candidate.answer = () =>
      turn++ === 0 ? { status: 500, body: {} } : { body: { prediction: "from candidate" } };
    const assay = await started("");
    const { status, body, headers } = await predict(assay);
    assert.deepEqual([status, body.prediction], [200, "from candidate"]);
    assert.equal(headers.get("x-assay-attempts"), "2");
    const [record] = await assay.records(1);
    assert.deepEqual(
      record?.attempts.map(({ reason, cause }) => [reason, cause]),
      [
        ["initial", "upstream_error"],
        ["retry", undefined],
      ],
    );
  });

  test("is replaced by another variant, which the record and the client are told", async () => {
    candidate.answer = () => ({ body: { label: "no prediction" } });
    const assay = await started("    fallback: [{ variant: control }]");
    const { body, headers } = await predict(assay);
    assert.equal(body.prediction, "from control");
    assert.equal(body.model_version, "small");
    assert.equal(headers.get("x-assay-fallback"), "control; cause=upstream_malformed_response");
    const [record] = await assay.records(1);
    assert.deepEqual([record?.assignedVariantId, record?.servedVariantId], ["candidate", "control"]);
    assert.equal(record?.prediction, "from control");
  });

  test("is replaced by a ready answer, which took no server's time", async () => {
    candidate.answer = () => ({ status: 503, body: {} });
    const assay = await started(`    fallback: [{ answer: '{"prediction":"unknown","why":"later"}' }]`);
    const { status, body, headers } = await predict(assay);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      prediction: "unknown",
      why: "later",
      model_version: "assay-canned",
      latency_ms: null,
    });
    assert.equal(headers.get("x-assay-fallback"), "canned; cause=upstream_error");
    const [record] = await assay.records(1);
    assert.deepEqual([record?.prediction, record?.servedVariantId], ["unknown", undefined]);
  });

  test("without a rescue answers in one shape, with its own status", async () => {
    candidate.answer = () => ({ status: 422, body: { detail: "petal missing" } });
    const { status, error, headers } = await predict(await started(""));
    assert.equal(status, 422);
    assert.deepEqual(error, {
      message: 'Upstream "b" answered 422: petal missing',
      type: "invalid_request_error",
      param: null,
      code: "upstream_rejected",
    });
    assert.equal(headers.get("x-should-retry"), "false");
    assert.ok(headers.get("x-request-id"));
  });

  test("is left alone once its breaker opens", async () => {
    candidate.answer = () => ({ status: 500, body: {} });
    const assay = await started("", "    breaker: { minimum_calls: 2, failure_ratio: 0.5, open_ms: 60000 }");
    await predict(assay);
    await predict(assay);
    const asked = candidate.seen.length;
    const { status, error, headers } = await predict(assay);
    assert.deepEqual([status, error.code], [503, "breaker_open"]);
    assert.ok(Number(headers.get("retry-after")) > 0);
    assert.equal(candidate.seen.length, asked);
  });

  test("that is not there is told as such", async () => {
    const assay = await started("");
    const nobody = "http://127.0.0.1:9/p";
    const variants = `control: { weight: 0, url: "${nobody}" }, candidate: { weight: 1, url: "${nobody}" }`;
    assay.write("assay.yaml", `experiments: { iris: { predict: {}, variants: { ${variants} } } }`);
    assert.equal((await assay.app.reload("t", "t")).result, "applied");
    const { status, error } = await predict(assay);
    assert.deepEqual([status, error.code], [502, "upstream_connect_failed"]);
  });

  test("that is silent gets its budget and no more", async () => {
    const never = Promise.withResolvers<void>();
    try {
      const assay = await started("    fallback: [{ variant: control }]", "    budgets: { head_ms: 30 }");
      candidate.wait = never.promise;
      const { body, headers } = await predict(assay);
      assert.equal(body.prediction, "from control");
      assert.equal(headers.get("x-assay-fallback"), "control; cause=upstream_first_token_timeout");
    } finally {
      never.resolve();
      candidate.wait = undefined;
    }
  });
});

describe("output that does not follow the schema", () => {
  const output = (onInvalid: string) =>
    `    output: { on_invalid: ${onInvalid}, schema: { title: label, type: object, properties: { prediction: { enum: [setosa] } } } }`;

  test("is asked for again, and counted", async () => {
    let turn = 0;
    candidate.answer = () => ({ body: { prediction: turn++ === 0 ? "rose" : "setosa" } });
    const assay = await started(output("retry"));
    assert.equal((await predict(assay)).body.prediction, "setosa");
    const [record] = await assay.records(1);
    assert.deepEqual(
      record?.validations.map(({ phase, result, errorPath }) => [phase, result, errorPath]),
      [
        ["first", "fail", "/prediction"],
        ["repaired", "pass", undefined],
      ],
    );
  });

  test("falls back where the configuration says so", async () => {
    candidate.answer = () => ({ body: { prediction: "rose" } });
    control.answer = () => ({ body: { prediction: "setosa" } });
    const assay = await started(`${output("fallback")}\n    fallback: [{ variant: control }]`);
    const { body, headers } = await predict(assay);
    assert.equal(body.prediction, "setosa");
    assert.equal(headers.get("x-assay-fallback"), "control; cause=output_schema_violation");
  });

  test("is 502 where it says error", async () => {
    candidate.answer = () => ({ body: { prediction: "rose" } });
    const { status, error } = await predict(await started(output("error")));
    assert.deepEqual([status, error.code], [502, "output_schema_violation"]);
    assert.match(error.message ?? "", /"label": \/prediction must be one of "setosa"/);
  });
});

test("a killed variant meets nobody; a revived one does again", async () => {
  const assay = await started("");
  const order = (path: string) =>
    fetch(`${assay.adminUrl}/admin/experiments/iris/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ by: "t", reason: "t", variant: "candidate" }),
    });
  assert.equal((await order("kill")).status, 200);
  const { body, headers } = await predict(assay);
  assert.equal(body.prediction, "from control");
  assert.equal(headers.get("x-assay-assignment"), "killed");
  const [record] = await assay.records(1);
  assert.deepEqual([record?.assignedVariantId, record?.servedVariantId], ["candidate", "control"]);
  await order("revive");
  assert.equal((await predict(assay)).body.prediction, "from candidate");
});

test("a client that hangs up ends the call of the model server, whose breaker learns nothing", async () => {
  const never = Promise.withResolvers<void>();
  candidate.wait = never.promise;
  try {
    const assay = await started("", "    breaker: { minimum_calls: 1, failure_ratio: 0 }");
    const controller = new AbortController();
    const asked = candidate.seen.length;
    const call = fetch(`${assay.url}/predict/iris`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-assay-user": "u" },
      body: "{}",
      signal: controller.signal,
    });
    while (candidate.seen.length === asked) await setImmediate();
    controller.abort();
    await assert.rejects(call);
    const [record] = await assay.records(1);
    assert.deepEqual([record?.outcome, record?.attempts[0]?.cause], ["cancelled", "client_cancelled"]);
    candidate.wait = undefined;
    assert.equal((await predict(assay)).status, 200);
  } finally {
    never.resolve();
    candidate.wait = undefined;
  }
});
