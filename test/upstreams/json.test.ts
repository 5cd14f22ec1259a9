import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Answer, Upstream } from "../../src/domain/chat.ts";
import { Failure, type FailureCode } from "../../src/domain/failure.ts";
import { createJsonUpstream } from "../../src/upstreams/json.ts";
import { configOf } from "../config/config-fixture.ts";
import { type ModelServer, type ModelServerAnswer, startModelServer } from "../support/model-server.ts";

let server: ModelServer;
let upstream: Upstream;

before(async () => {
  server = await startModelServer({ body: { prediction: "a" } });
  const { upstreams } = configOf(
    `upstreams: { iris: { dialect: json, base_url: "${server.url}/", api_key: "\${KEY}", max_response_bytes: 1000, headers: { x-team: lab } } }`,
    { env: { KEY: "server-key" } },
  );
  const config = upstreams.iris;
  assert.ok(config !== undefined);
  upstream = createJsonUpstream(config, config.baseUrl);
});
afterEach(() => {
  server.answer = () => ({ body: { prediction: "a" } });
});
after(async () => {
  await server.close();
  await upstream.close();
});

function attempt(predictionPath?: string): Promise<Answer> {
  return upstream.attempt({
    body: Buffer.from('{"x":1}'),
    isStream: false,
    hidesUsage: false,
    choices: 1,
    collects: false,
    headers: { traceparent: "00-1-2-00" },
    predictionPath,
    signal: new AbortController().signal,
  });
}

async function failureOf(answer: ModelServerAnswer): Promise<Failure> {
  server.answer = () => answer;
  try {
    await attempt();
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown;
  }
  throw new Error("the answer was taken");
}

describe("a model server", () => {
  test("is posted the body at its very address, with our key and headers", async () => {
    await attempt();
    const { method, path, headers, text } = server.seen.at(-1) ?? assert.fail();
    assert.deepEqual([method, path, text], ["POST", "/predict/", '{"x":1}']);
    assert.equal(headers.authorization, "Bearer server-key");
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["x-team"], "lab");
    assert.equal(headers.traceparent, "00-1-2-00");
  });

  test("answers an object, whose bytes stay as they are and are the content that is checked", async () => {
    const body = '{ "prediction": 1.50, "model_version": 3, "p": [0.10, 0.90] }';
    server.answer = () => ({ body });
    const answer = await attempt();
    assert.ok(answer.body.kind === "whole");
    assert.equal(answer.body.bytes.toString(), body);
    const completion = await answer.completion;
    assert.equal(completion.choices[0]?.content, body);
    assert.equal(completion.responseModel, "3");
    assert.equal(completion.prediction, "1.5");
    assert.equal(completion.usage, undefined);
  });

  test("may have its prediction elsewhere", async () => {
    server.answer = () => ({ body: { outputs: [{ label: true }] } });
    assert.equal((await (await attempt("/outputs/0/label")).completion).prediction, "true");
  });

  test("serves no other route", async () => {
    const call = { method: "GET", path: "/models", headers: {}, body: undefined };
    await assert.rejects(upstream.forward({ ...call, signal: new AbortController().signal }), {
      code: "unsupported_parameter",
    });
  });
});

describe("an answer that is none", () => {
  const bodies: readonly (readonly [string, unknown, RegExp])[] = [
    ["has no prediction", { label: "a" }, /without a value at \/prediction/],
    ["has null in its place", { prediction: null }, /without a value at \/prediction/],
    ["is a list", [1], /not one JSON object/],
    ["is no JSON", "<html>", /not one JSON object/],
    ["has a number that JSON has not", '{"prediction":NaN}', /not one JSON object/],
    ["has a key twice", '{"prediction":1,"prediction":2}', /the key "prediction" twice/],
    ["is empty", "", /not one JSON object/],
  ];
  for (const [says, body, message] of bodies) {
    test(`${says}: malformed, and the server's fault`, async () => {
      const failure = await failureOf({ body });
      assert.equal(failure.code, "upstream_malformed_response");
      assert.match(failure.message, message);
      assert.ok(failure.rule.canFallback && failure.rule.blamesUpstream);
    });
  }

  test("is longer than it may be", async () => {
    const failure = await failureOf({ body: { prediction: "x".repeat(2000) } });
    assert.equal(failure.code, "upstream_response_too_large");
  });

  test("is a redirect, which is not followed", async () => {
    const asked = server.seen.length;
    const failure = await failureOf({ status: 307, headers: { location: server.url }, body: "" });
    assert.equal(failure.code, "upstream_redirected");
    assert.equal(server.seen.length, asked + 1);
  });

  test("is compressed although identity was asked for", async () => {
    const failure = await failureOf({ headers: { "content-encoding": "gzip" }, body: "" });
    assert.equal(failure.code, "upstream_encoding_refused");
  });
});

describe("an error of a model server", () => {
  const shapes: readonly (readonly [number, unknown, FailureCode, string])[] = [
    [422, { detail: [{ loc: ["x"] }] }, "upstream_rejected", ': [{"loc":["x"]}]'],
    [400, { error: { message: "x is too big" } }, "upstream_rejected", ": x is too big"],
    [400, { error: "no" }, "upstream_rejected", ": no"],
    [400, { title: "Bad input" }, "upstream_rejected", ": Bad input"],
    [400, "<html>", "upstream_rejected", "."],
    [404, { message: "no such model" }, "upstream_model_not_found", ": no such model"],
    [429, {}, "upstream_rate_limited", "."],
    [500, { error: "Traceback: secret" }, "upstream_error", "."],
    [503, "busy", "upstream_error", "."],
  ];
  for (const [status, body, code, words] of shapes) {
    test(`${status} ${JSON.stringify(body)} reaches the client in OpenAI's shape`, async () => {
      const failure = await failureOf({ status, body });
      const answer = failure.details.upstreamAnswer;
      assert.equal(failure.code, code);
      // What the server said stands in the client's answer alone: spans have our own words.
      assert.equal(failure.message, `Upstream "iris" answered ${status}.`);
      assert.equal(answer?.status, status);
      assert.deepEqual(JSON.parse(answer?.bytes.toString() ?? ""), {
        error: {
          message: `Upstream "iris" answered ${status}${words}`,
          type: failure.rule.type,
          param: null,
          code,
        },
      });
    });
  }

  test("tells how long to wait", async () => {
    const failure = await failureOf({ status: 503, headers: { "retry-after": "7" }, body: {} });
    assert.equal(failure.details.retryAfterMs, 7000);
  });

  test("says nothing of our key", async () => {
    const failure = await failureOf({ status: 401, body: { detail: "bad key" } });
    assert.equal(failure.code, "upstream_unauthorized");
    assert.equal(failure.details.upstreamAnswer, undefined);
  });
});
