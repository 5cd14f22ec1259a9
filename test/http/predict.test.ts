import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startTestApp, type TestApp } from "../support/app.ts";
import { type ModelServer, startModelServer } from "../support/model-server.ts";

let control: ModelServer;
let candidate: ModelServer;
let app: TestApp;

const experiments = () => `
server: { limits: { body_bytes: 2000 }, cors_origins: ["https://lab.example"] }
upstreams:
  chat: { base_url: "http://127.0.0.1:9/v1" }
  shared: { dialect: json, base_url: "${control.url}" }
models:
  iris-1: { upstream: shared, model: logreg-1 }
experiments:
  iris:
    unit: request
    predict: { input: ./flower.json }
    variants:
      control: { url: "${control.url}" }
      candidate: { url: "${candidate.url}", model: iris-7, parameters: { threshold: 0.5, mode: { fast: true } } }
  churn:
    unit: user
    predict: { prediction_path: /scores/0 }
    variants:
      control: { weight: 0, model: iris-1 }
      candidate: { url: "${candidate.url}" }
  secretive:
    unit: user
    predict: {}
    expose_assignment: false
    allow_pins: false
    variants: { control: { url: "${control.url}" } }
  tone: { variants: { control: { model: gpt } } }
`;
const flower = {
  title: "flower",
  type: "object",
  required: ["petal_length"],
  properties: { petal_length: { type: "number" } },
};

before(async () => {
  control = await startModelServer({ body: '{"prediction":"setosa","p":{"setosa":0.90}}' });
  candidate = await startModelServer({ body: { prediction: "virginica", model_version: "c2" } });
  app = await startTestApp({
    config: experiments(),
    files: { "flower.json": JSON.stringify(flower) },
  });
});
afterEach(() => {
  control.answer = () => ({ body: '{"prediction":"setosa","p":{"setosa":0.90}}' });
  candidate.answer = () => ({ body: { prediction: "virginica", model_version: "c2" } });
});
after(async () => {
  await app.close();
  await Promise.all([control.close(), candidate.close()]);
});

let recorded = 0;

async function predict(
  name: string,
  input: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string; body: Record<string, unknown> }> {
  const response = await fetch(`${app.url}/predict/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof input === "string" ? input : JSON.stringify(input),
  });
  recorded += 1;
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

const lastRecord = async () => (await app.records(recorded)).at(-1) ?? assert.fail("no record");

describe("a prediction", () => {
  test("is the server's answer, byte for byte, with a version and the latency", async () => {
    const { status, text, headers } = await predict("iris@control", { petal_length: 1.4 });
    assert.equal(status, 200);
    assert.match(
      text,
      /^\{"prediction":"setosa","p":\{"setosa":0\.90\},"model_version":"control","latency_ms":\d+(\.\d+)?\}$/,
    );
    assert.equal(headers.get("content-type"), "application/json");
    assert.equal(headers.get("x-assay-model"), "control");
  });

  test("keeps the version that the server tells", async () => {
    const { body } = await predict("iris@candidate", { petal_length: 1.4 });
    assert.equal(body.model_version, "c2");
  });

  test("has the name that the configuration gives the model where the server tells none", async () => {
    candidate.answer = () => ({ body: { prediction: "a" } });
    assert.equal((await predict("iris@candidate", { petal_length: 1 })).body.model_version, "iris-7");
  });

  test("sends the input as it came, with the variant's parameters in their places", async () => {
    await predict("iris@control", '{ "petal_length": 1.40 }');
    assert.equal(control.seen.at(-1)?.text, '{ "petal_length": 1.40 }');
    await predict("iris@candidate", { threshold: 0.9, petal_length: 1, stream: true, messages: 5 });
    assert.equal(
      candidate.seen.at(-1)?.text,
      '{"threshold":0.5,"petal_length":1,"stream":true,"messages":5,"mode":{"fast":true}}',
    );
  });

  test("is given to one variant or another at random, request by request, where the unit is the request", async () => {
    const variants = new Map<string | null, number>();
    for (let count = 0; count < 60; count++) {
      const { headers } = await predict("iris", { petal_length: 1 }, { "x-assay-user": "always-me" });
      const variant = headers.get("x-assay-variant");
      variants.set(variant, (variants.get(variant) ?? 0) + 1);
      assert.equal(headers.get("x-assay-assignment"), "split");
      assert.equal(headers.get("x-assay-unit-source"), "request");
    }
    // Fewer than 10 of 60 by a fair coin: once in 10^8.
    assert.ok((variants.get("control") ?? 0) >= 10 && (variants.get("candidate") ?? 0) >= 10);
  });

  test("is recorded with what was predicted, and without tokens", async () => {
    const { headers } = await predict("iris@candidate", { petal_length: 1 });
    const record = await lastRecord();
    assert.equal(record.requestId, headers.get("x-request-id"));
    assert.equal(record.experimentId, "iris");
    assert.equal(record.servedVariantId, "candidate");
    assert.equal(record.prediction, "virginica");
    assert.equal(record.responseModel, "c2");
    assert.equal(record.requestModel, "iris@candidate");
    assert.deepEqual([record.usage, record.costUsd, record.attempts.length], [undefined, undefined, 1]);
    assert.deepEqual([record.outcome, record.status, record.reason], ["success", 200, "pinned"]);
  });

  test("is redacted before it is kept", async () => {
    candidate.answer = () => ({ body: { prediction: "write to jane@example.com" } });
    const { body } = await predict("iris@candidate", { petal_length: 1 });
    assert.equal(body.prediction, "write to jane@example.com");
    const { prediction = "" } = await lastRecord();
    assert.match(prediction, /^write to \[email/);
  });

  test("may stand elsewhere in the answer", async () => {
    candidate.answer = () => ({ body: { scores: [0.25, 0.75] } });
    const { body } = await predict("churn", {}, { "x-assay-user": "u" });
    assert.equal(body.prediction, 0.25);
    assert.deepEqual(body.scores, [0.25, 0.75]);
    assert.equal((await lastRecord()).prediction, "0.25");
  });

  test("of a model with a name and an upstream of the configuration works as one by url", async () => {
    control.answer = () => ({ body: { scores: ["stays"] } });
    const { body, headers } = await predict("churn@control", {});
    assert.equal(body.model_version, "logreg-1");
    assert.equal(headers.get("x-assay-model"), "logreg-1");
  });

  test("does not give away by a model's name what the experiment keeps to itself", async () => {
    const { body, headers } = await predict("secretive", {}, { "x-assay-user": "u" });
    assert.equal(body.model_version, "secretive");
    assert.equal(headers.get("x-assay-variant"), null);
  });
});

describe("the unit of a prediction", () => {
  const served = (input: unknown, headers: Record<string, string> = {}) => {
    candidate.answer = () => ({ body: { scores: [1] } });
    return predict("churn", input, headers);
  };
  test("stands in a header, in baggage, or in the input's metadata", async () => {
    const cases: readonly (readonly [unknown, Record<string, string>, string])[] = [
      [{}, { "x-assay-user": "u" }, "header:x-assay-user"],
      [{}, { baggage: "user.id=u" }, "baggage:user.id"],
      [{ metadata: { user_id: "u" } }, {}, "metadata.user_id"],
      [{ metadata: { user_id: 42, other: [1] } }, {}, "metadata.user_id"],
    ];
    for (const [input, headers, source] of cases) {
      const { headers: answered } = await served(input, headers);
      assert.equal(answered.get("x-assay-unit-source"), source);
      assert.equal(answered.get("x-assay-assignment"), "split");
    }
  });

  test("is not looked for in other members, which are the model's", async () => {
    control.answer = () => ({ body: { scores: [1] } });
    for (const input of [{ user: "u" }, { safety_identifier: "u" }, { user: 7, metadata: "m" }]) {
      const { status, headers } = await served(input);
      assert.equal(status, 200);
      assert.equal(headers.get("x-assay-assignment"), "no_unit");
    }
  });
});

describe("input that does not follow the schema", () => {
  test("is told by its path, and no server is asked", async () => {
    const asked = control.seen.length + candidate.seen.length;
    const { status, body } = await predict("iris", { petal_length: "long" });
    assert.equal(status, 422);
    assert.deepEqual(body.error, {
      message:
        'petal_length is a string of 4 characters; it must be number. Correct it; see the input schema "flower".',
      type: "invalid_request_error",
      param: "petal_length",
      code: "invalid_input",
    });
    assert.equal(control.seen.length + candidate.seen.length, asked);
    const record = await lastRecord();
    assert.deepEqual([record.outcome, record.errorType], ["client_error", "invalid_input"]);
    assert.deepEqual([record.isExposed, record.experimentId], [false, undefined]);
  });

  const bad: readonly (readonly [string, string, number, string])[] = [
    ["no JSON", "{", 400, "invalid_json"],
    ["a list", "[1]", 400, "invalid_type"],
    ["too deep", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, 400, "json_too_complex"],
    ["too long", JSON.stringify({ a: "x".repeat(3000) }), 413, "request_too_large"],
  ];
  for (const [says, text, status, code] of bad) {
    test(`${says}: ${status} ${code}`, async () => {
      const { status: found, body } = await predict("iris", text);
      assert.deepEqual([found, Reflect.get(Object(body.error), "code")], [status, code]);
    });
  }

  test("another media type than JSON is refused", async () => {
    assert.equal((await predict("iris", "{}", { "content-type": "text/plain" })).status, 415);
  });
});

describe("what is named by a request", () => {
  const codeOf = (body: Record<string, unknown>) => Reflect.get(Object(body.error), "code");

  test("that is not there is answered with what was meant", async () => {
    const { status, body } = await predict("irs", {});
    assert.equal(status, 404);
    assert.deepEqual(body.error, {
      message: 'There is no experiment of predictions "irs". Did you mean "iris"?',
      type: "invalid_request_error",
      param: "experiment",
      code: "model_not_found",
    });
  });

  test("is named by the path alone", async () => {
    const { headers } = await predict(
      "iris@control",
      { petal_length: 1, model: "tone" },
      {
        "x-assay-experiment": "tone",
      },
    );
    assert.equal(headers.get("x-assay-experiment"), "iris");
  });

  test("may have a pin in the path or in a header, where pins are permitted", async () => {
    const inPath = await predict("iris%40candidate", { petal_length: 1 });
    const inHeader = await predict("iris/", { petal_length: 1 }, { "x-assay-variant": "candidate" });
    for (const { headers } of [inPath, inHeader]) {
      assert.equal(headers.get("x-assay-variant"), "candidate");
      assert.equal(headers.get("x-assay-assignment"), "pinned");
    }
    assert.equal((await predict("iris@cand", { petal_length: 1 })).status, 404);
    assert.equal(codeOf((await predict("secretive@control", {})).body), "override_not_allowed");
  });

  test("is a chat experiment's: the cure is the chat route", async () => {
    const { status, body } = await predict("tone", {});
    assert.equal(status, 404);
    assert.match(String(Reflect.get(Object(body.error), "message")), /post to \/v1\/chat\/completions with/);
  });

  test("is a prediction's on the chat route: the cure is this route", async () => {
    for (const model of ["experiment/iris", "iris-1"]) {
      const response = await app.chat({ model, messages: [] });
      recorded += 1;
      assert.equal(response.status, 400);
      const { error } = (await response.json()) as {
        error: { message: string; code: string; param: string };
      };
      assert.deepEqual([error.code, error.param], ["unsupported_parameter", "model"]);
      assert.match(error.message, /post (the model's|its) input to \/v1\/predict\//);
    }
  });

  test("is no model that a picker of chat models may show", async () => {
    const response = await fetch(`${app.url}/models`);
    const { data } = (await response.json()) as { data: { id: string }[] };
    assert.deepEqual(
      data.map(({ id }) => id),
      ["experiment/tone"],
    );
  });
});

describe("the route", () => {
  test("takes POST alone", async () => {
    const response = await fetch(`${app.url}/predict/iris`);
    recorded += 1;
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "POST");
  });

  test("serves browsers of known origins", async () => {
    const origin = "https://lab.example";
    const preflight = await fetch(`${app.url}/predict/iris`, { method: "OPTIONS", headers: { origin } });
    assert.equal(preflight.status, 204);
    const { headers } = await predict("iris", { petal_length: 1 }, { origin });
    assert.equal(headers.get("access-control-allow-origin"), origin);
    assert.equal(
      (await predict("iris", { petal_length: 1 }, { origin: "https://evil.example" })).status,
      421,
    );
  });
});
