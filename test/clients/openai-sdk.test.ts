import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { startHostileUpstream, wholeAnswer } from "../support/hostile-upstream.ts";
import {
  answerSchema,
  ask,
  clientOf,
  collect,
  lastBody,
  type Proxied,
  plainConfig,
  recordOf,
  startProxied,
  weatherTool,
  withoutIds,
} from "./proxied.ts";

describe("the openai SDK against the proxy", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied();
  });
  after(() => proxied.close());

  test("gets the same completion as from the upstream itself", async () => {
    const { openai, direct } = proxied;
    const request = { model: "gpt-4.1", messages: ask("Where is my parcel?") };
    const through = await openai.chat.completions.create(request);
    assert.deepEqual(withoutIds(through), withoutIds(await direct.chat.completions.create(request)));
    assert.equal(through.choices[0]?.finish_reason, "stop");
  });

  test("reads the proxy's request id, and finds the upstream's beside it", async () => {
    const { data, response, request_id } = await proxied.openai.chat.completions
      .create({ model: "tone", messages: ask("Hi"), user: "ada" })
      .withResponse();
    const record = await recordOf(proxied, ({ requestId }) => requestId === request_id);
    assert.equal(record.responseId, data.id);
    assert.equal(response.headers.get("x-assay-experiment"), "tone");
    assert.equal(response.headers.get("x-assay-model"), data.model);
    assert.equal(response.headers.get("x-assay-unit-source"), "user");
    assert.match(response.headers.get("x-upstream-request-id") ?? "", /^req_/);
    assert.equal(response.headers.get("x-ratelimit-limit-requests"), "10000");
  });

  test("streams by its iterator the words of the whole answer", async () => {
    const { openai } = proxied;
    const request = { model: "gpt-4.1-mini", messages: ask("How do I cancel?") };
    const whole = await openai.chat.completions.create(request);
    const chunks = await collect(await openai.chat.completions.create({ ...request, stream: true }));
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    assert.equal(text, whole.choices[0]?.message.content);
    assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, "stop");
  });

  test("gathers a stream by its helper", async () => {
    const stream = proxied.openai.chat.completions.stream({ model: "gpt-4.1", messages: ask("Hi") });
    let deltas = "";
    stream.on("content", (delta) => {
      deltas += delta;
    });
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0]?.message.content, deltas);
    assert.equal(final.choices[0]?.finish_reason, "stop");
  });

  const usages = [
    { options: undefined, sent: { include_usage: true }, isShown: false },
    { options: { include_usage: true }, sent: { include_usage: true }, isShown: true },
    { options: { include_usage: false }, sent: { include_usage: false }, isShown: false },
  ] as const;
  for (const { options, sent, isShown } of usages) {
    test(`${isShown ? "shows" : "hides"} the usage chunk when stream_options is ${JSON.stringify(options)}`, async () => {
      const { openai, upstream } = proxied;
      const { data: stream, request_id } = await openai.chat.completions
        .create({
          model: "gpt-4.1",
          messages: ask("Hi"),
          stream: true,
          ...(options && { stream_options: options }),
        })
        .withResponse();
      const chunks = await collect(stream);
      const withUsage = chunks.filter(({ usage }) => usage !== undefined && usage !== null);
      assert.equal(withUsage.length, isShown ? 1 : 0);
      assert.equal(
        chunks.every(({ choices }) => choices.length === 1),
        !isShown,
      );
      assert.deepEqual(lastBody(upstream).stream_options, sent);
      const record = await recordOf(proxied, ({ requestId }) => requestId === request_id);
      assert.equal(record.usage?.source, sent.include_usage ? "provider" : "estimated");
    });
  }

  test("gets a tool call, and words once it has sent the tool's result", async () => {
    const { openai } = proxied;
    const called = await openai.chat.completions.create({
      model: "gpt-4.1",
      messages: ask("[[fault:tool_call;name=weather]] Will it rain?"),
      tools: [weatherTool],
    });
    const message = called.choices[0]?.message;
    const call = message?.tool_calls?.[0];
    assert.equal(called.choices[0]?.finish_reason, "tool_calls");
    assert.ok(message !== undefined && call?.type === "function");
    assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
    const told = await openai.chat.completions.create({
      model: "gpt-4.1",
      messages: [
        ...ask("[[fault:tool_call;name=weather]] Will it rain?"),
        message,
        { role: "tool", tool_call_id: call.id, content: "dry" },
      ],
      tools: [weatherTool],
    });
    assert.equal(told.choices[0]?.finish_reason, "stop");
  });

  test("puts a streamed tool call together", async () => {
    const stream = proxied.openai.chat.completions.stream({
      model: "gpt-4.1",
      messages: ask("Will it rain?"),
      tools: [weatherTool],
      tool_choice: { type: "function", function: { name: "weather" } },
    });
    const final = await stream.finalChatCompletion();
    const call = final.choices[0]?.message.tool_calls?.[0];
    assert.ok(call?.type === "function");
    assert.equal(call.function.name, "weather");
    assert.deepEqual(Object.keys(JSON.parse(call.function.arguments)).sort(), ["city", "days"]);
  });

  test("parses structured output, whole and streamed", async () => {
    const { openai } = proxied;
    const request = {
      model: "gpt-4.1",
      messages: ask("Sort this ticket."),
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "ticket", strict: true, schema: { ...answerSchema } },
      },
    };
    const whole = await openai.chat.completions.parse(request);
    const streamed = await openai.chat.completions.stream(request).finalChatCompletion();
    assert.deepEqual(Object.keys(whole.choices[0]?.message.parsed ?? {}), ["topic", "urgent"]);
    assert.deepEqual(streamed.choices[0]?.message.parsed, whole.choices[0]?.message.parsed);
  });

  test("gets every one of several choices, whole and streamed", async () => {
    const { openai } = proxied;
    const request = { model: "gpt-4.1", messages: ask("Three ideas."), n: 3 };
    const whole = await openai.chat.completions.create(request);
    const streamed = await openai.chat.completions.stream(request).finalChatCompletion();
    const texts = (answer: typeof whole) => answer.choices.map(({ message }) => message.content);
    assert.equal(whole.choices.length, 3);
    assert.deepEqual(texts(streamed), texts(whole));
  });

  test("gets log probabilities and members that nobody knows as the upstream wrote them", async () => {
    const answer = {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "gpt-4.1",
      choices: [
        {
          index: 0,
          finish_reason: "stop",
          message: { role: "assistant", content: "yes", refusal: null, reasoning_content: "hm" },
          logprobs: { content: [{ token: "yes", logprob: -0.25, bytes: [121], top_logprobs: [] }] },
        },
      ],
      vendor: { seed: 9007199254740991 },
    };
    const upstream = await startHostileUpstream((socket) =>
      socket.write(wholeAnswer(JSON.stringify(answer))),
    );
    const app = await startTestApp({ config: plainConfig(upstream.url) });
    try {
      const openai = clientOf(app.url);
      const got = await openai.chat.completions.create({
        model: "gpt-4.1",
        messages: ask("Yes?"),
        logprobs: true,
      });
      assert.deepEqual({ ...got }, answer);
    } finally {
      await app.close();
      await upstream.close();
    }
  });
});
