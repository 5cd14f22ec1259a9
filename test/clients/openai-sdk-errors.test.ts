import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import OpenAI, {
  APIError,
  APIUserAbortError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "openai";
import { behaviourOf } from "../../src/upstreams/scripted/behaviour.ts";
import { failFirst } from "../../src/upstreams/scripted/script.ts";
import { startTestApp } from "../support/app.ts";
import { chunkOf, startHostileUpstream, streamHead } from "../support/hostile-upstream.ts";
import {
  ask,
  clientOf,
  collect,
  type Proxied,
  plainConfig,
  recordOf,
  rejection,
  startProxied,
} from "./proxied.ts";

describe("the openai SDK when something fails", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied({ experiment: "    allow_pins: false" });
  });
  after(() => proxied.close());

  const classes = [
    { model: "experiment/tune", text: "Hi", type: NotFoundError, code: "model_not_found", param: "model" },
    {
      model: "experiment/tone@control",
      text: "Hi",
      type: PermissionDeniedError,
      code: "override_not_allowed",
      param: "model",
    },
    {
      model: "gpt-4.1",
      text: "[[fault:rate_limited;ms=1]]",
      type: RateLimitError,
      code: "rate_limit_exceeded",
      param: null,
    },
    {
      model: "gpt-4.1",
      text: "[[fault:quota]]",
      type: RateLimitError,
      code: "insufficient_quota",
      param: null,
    },
    {
      model: "gpt-4.1",
      text: "[[fault:server_error;status=503]]",
      type: InternalServerError,
      code: null,
      param: null,
    },
    {
      model: "gpt-4.1",
      text: "[[fault:gzip]]",
      type: InternalServerError,
      code: "upstream_encoding_refused",
      param: null,
    },
  ] as const;
  for (const { model, text, type, code, param } of classes) {
    test(`sees ${type.name} (${code ?? "no code"}) for ${model} ${text}`, async () => {
      const error = await rejection(
        proxied.openai.chat.completions.create({ model, messages: ask(text) }),
        type,
      );
      assert.equal(error.code, code);
      assert.equal(error.param, param);
      assert.notEqual(error.type, undefined);
      const record = await recordOf(proxied, ({ requestId }) => requestId === error.requestID);
      assert.equal(record.status, error.status);
    });
  }

  test("is told by name which parameter is wrong", async () => {
    const error = await rejection(
      proxied.openai.chat.completions.create({ model: "gpt-4.1", messages: ask("Hi"), temperature: 3 }),
      BadRequestError,
    );
    assert.equal(error.param, "temperature");
    assert.match(error.message, /a number from 0 to 2/);
  });

  test("does not multiply the tries of the proxy by its own", async () => {
    const { app, upstream } = proxied;
    const openai = clientOf(app.url, { maxRetries: 2 });
    const callsBefore = upstream.requests.length;
    await rejection(
      openai.chat.completions.create({
        model: "multiplied",
        messages: ask("[[fault:server_error;status=500]]"),
      }),
      InternalServerError,
    );
    const record = await recordOf(proxied, ({ requestModel }) => requestModel === "multiplied");
    assert.equal(record.attempts.length, 3);
    assert.equal(upstream.requests.length, callsBefore + 3);
  });

  test("does not notice what a retry of the proxy has mended", async () => {
    const { openai, upstream } = proxied;
    upstream.setScript({ mended: failFirst(1, behaviourOf("reset")) });
    const answer = await openai.chat.completions.create({ model: "mended", messages: ask("Hi") });
    assert.equal(answer.choices[0]?.finish_reason, "stop");
    const record = await recordOf(proxied, ({ requestModel }) => requestModel === "mended");
    assert.deepEqual(
      record.attempts.map(({ reason, cause }) => [reason, cause]),
      [
        ["initial", "upstream_reset"],
        ["retry", undefined],
      ],
    );
  });

  for (const fault of ["cut;after=3", "clean_end_without_finish;after=3"]) {
    test(`gets an error, not a short answer, when a stream breaks off: ${fault}`, async () => {
      const stream = await proxied.openai.chat.completions.create({
        model: "broken-off",
        messages: ask(`[[fault:${fault}]]`),
        stream: true,
      });
      const error = await rejection(collect(stream), APIError);
      assert.equal(error.code, "upstream_stream_interrupted");
    });
  }

  test("hangs up in mid-stream: the record says cancelled and blames nobody", async () => {
    const { openai } = proxied;
    const stream = await openai.chat.completions.create({
      model: "hung-up",
      messages: ask("[[fault:stall;after=3]]"),
      stream: true,
    });
    for await (const { choices } of stream) {
      if (choices[0]?.delta.content) stream.controller.abort();
    }
    const record = await recordOf(proxied, ({ requestModel }) => requestModel === "hung-up");
    assert.equal(record.outcome, "cancelled");
    assert.equal(record.errorType, "client_cancelled");
    assert.equal(record.attempts.length, 1);
    assert.equal(record.usage?.source, "estimated");
  });

  test("hangs up before the first byte: the upstream's silence is not waited for", async () => {
    const { openai, upstream } = proxied;
    const callsBefore = upstream.requests.length;
    const controller = new AbortController();
    const answer = openai.chat.completions.create(
      { model: "silent", messages: ask("[[fault:hang]]") },
      { signal: controller.signal },
    );
    const rejected = rejection(answer, APIUserAbortError);
    while (upstream.requests.length === callsBefore) await new Promise(setImmediate);
    controller.abort();
    await rejected;
    const record = await recordOf(proxied, ({ requestModel }) => requestModel === "silent");
    assert.equal(record.outcome, "cancelled");
    assert.equal(record.status, 499);
  });
});

test("hanging up takes the upstream's connection along, on this route and on others", async () => {
  const event = (data: unknown) => chunkOf(`data: ${JSON.stringify(data)}\n\n`);
  const chunk = { object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: "Hi" } }] };
  const closed: Promise<unknown>[] = [];
  const upstream = await startHostileUpstream((socket, request) => {
    closed.push(once(socket, "close"));
    const isChat = request.includes("/chat/completions");
    socket.write(streamHead + event(isChat ? chunk : { type: "response.created" }));
  });
  const app = await startTestApp({ config: plainConfig(upstream.url) });
  try {
    const { chat, responses } = clientOf(app.url);
    const request = { model: "m", stream: true } as const;
    const said = await chat.completions.create({ ...request, messages: ask("Hi") });
    for await (const _ of said) said.controller.abort();
    const responded = await responses.create({ ...request, input: "Hi" });
    for await (const _ of responded) responded.controller.abort();
    assert.equal(closed.length, 2);
    await Promise.all(closed);
  } finally {
    await app.close();
    await upstream.close();
  }
});

test("a retry of the SDK is known as one and is no second exposure", async () => {
  const proxied = await startProxied({ upstream: "    max_concurrent: 1" });
  const { app, openai } = proxied;
  try {
    const held = await openai.chat.completions.create({
      model: "model-a",
      messages: ask("[[fault:stall;after=1]]"),
      stream: true,
    });
    const statuses: number[] = [];
    const retrying = new OpenAI({
      baseURL: app.url,
      apiKey: "sk-client",
      maxRetries: 1,
      fetch: async (...call) => {
        const response = await fetch(...call);
        statuses.push(response.status);
        held.controller.abort();
        // Only when the held stream is gone does the second try find room.
        await app.records(2);
        return response;
      },
    });
    await retrying.chat.completions.create({ model: "tone", messages: ask("Hi"), user: "ada" });
    const tries = (await app.records(3)).filter(({ experimentId }) => experimentId === "tone");
    assert.deepEqual(statuses, [503, 200]);
    assert.deepEqual(
      tries.map(({ isClientRetry, isExposed }) => ({ isClientRetry, isExposed })),
      [
        { isClientRetry: false, isExposed: true },
        { isClientRetry: true, isExposed: false },
      ],
    );
  } finally {
    await proxied.close();
  }
});
