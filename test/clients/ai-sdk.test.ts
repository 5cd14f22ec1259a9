import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import {
  answerSchema,
  collect,
  lastBody,
  type Proxied,
  recordOf,
  rejection,
  startProxied,
  weatherTool,
} from "./proxied.ts";

describe("the AI SDK against the proxy", () => {
  let proxied: Proxied;
  let openai: ReturnType<typeof createOpenAI>;
  before(async () => {
    proxied = await startProxied();
    openai = createOpenAI({ baseURL: proxied.app.url, apiKey: "sk-client" });
  });
  after(() => proxied.close());

  test("generates text in an experiment, by header", async () => {
    const { text, usage, finishReason, response } = await generateText({
      model: openai.chat("tone"),
      prompt: "Where is my parcel?",
      headers: { "x-assay-user": "ada" },
    });
    assert.notEqual(text, "");
    assert.equal(finishReason, "stop");
    assert.ok((usage.outputTokens ?? 0) > 0);
    assert.equal(response.headers?.["x-assay-assignment"], "split");
    const record = await recordOf(proxied, ({ responseId }) => responseId === response.id);
    assert.equal(record.unitSource, "header:x-assay-user");
    assert.equal(record.usage?.outputTokens, usage.outputTokens);
  });

  test("streams the text of the whole answer", async () => {
    const question = { model: openai.chat("gpt-4.1"), prompt: "How do I cancel?" };
    const whole = await generateText(question);
    const streamed = streamText(question);
    const pieces = await collect(streamed.textStream);
    assert.ok(pieces.length > 1);
    assert.equal(pieces.join(""), whole.text);
    assert.equal((await streamed.usage).outputTokens, whole.usage.outputTokens);
  });

  test("generates an object by its schema, whole and streamed", async () => {
    const schema = jsonSchema<{ topic: string; urgent: boolean }>({
      ...answerSchema,
      required: [...answerSchema.required],
    });
    const question = {
      model: openai.chat("gpt-4.1"),
      prompt: "Sort this ticket.",
      output: Output.object({ schema }),
    };
    const { output } = await generateText(question);
    assert.equal(typeof output.topic, "string");
    assert.equal(typeof output.urgent, "boolean");
    assert.deepEqual(await streamText(question).output, output);
  });

  test("calls a tool and goes on with its result, whole and streamed", async () => {
    const asked: string[] = [];
    const question = {
      model: openai.chat("gpt-4.1"),
      prompt: "[[fault:tool_call;name=weather]] Will it rain?",
      tools: {
        weather: tool({
          description: "Weather of a city.",
          inputSchema: jsonSchema<{ city: string }>({
            ...weatherTool.function.parameters,
            required: ["city", "days"],
          }),
          execute: async ({ city }) => {
            asked.push(city);
            return { sky: "dry" };
          },
        }),
      },
      stopWhen: stepCountIs(3),
    };
    const { steps, text } = await generateText(question);
    assert.deepEqual(
      steps.map(({ finishReason }) => finishReason),
      ["tool-calls", "stop"],
    );
    const streamed = streamText(question);
    assert.equal((await collect(streamed.textStream)).join(""), text);
    assert.equal(asked.length, 2);
  });

  test("passes through on its default, the responses API", async () => {
    const { upstream } = proxied;
    const { text } = await generateText({ model: openai("gpt-4.1"), prompt: "Hi" });
    assert.notEqual(text, "");
    assert.equal(upstream.requests.at(-1)?.path, "/v1/responses");
    assert.equal(lastBody(upstream).model, "gpt-4.1");
    const streamed = streamText({ model: openai("gpt-4.1"), prompt: "Hi" });
    assert.equal((await collect(streamed.textStream)).join(""), text);
  });

  test("sees the code and the status of a failure, and that a retry may not help", async () => {
    const { upstream } = proxied;
    const error = await rejection(
      generateText({ model: openai.chat("experiment/tune"), prompt: "Hi" }),
      APICallError,
    );
    assert.equal(error.statusCode, 404);
    assert.equal(error.isRetryable, false);
    assert.match(error.message, /Did you mean "tone"/);
    const callsBefore = upstream.requests.length;
    const rejected = generateText({
      model: openai.chat("gpt-4.1"),
      prompt: "[[fault:server_error;status=500]]",
      maxRetries: 0,
    });
    assert.equal((await rejection(rejected, APICallError)).statusCode, 500);
    assert.equal(upstream.requests.length, callsBefore + 3);
  });

  test("hangs up by its signal: the record says cancelled", async () => {
    const controller = new AbortController();
    const streamed = streamText({
      model: openai.chat("hung-up"),
      prompt: "[[fault:stall;after=3]]",
      abortSignal: controller.signal,
    });
    for await (const piece of streamed.textStream) if (piece !== "") controller.abort();
    const record = await recordOf(proxied, ({ requestModel }) => requestModel === "hung-up");
    assert.equal(record.outcome, "cancelled");
  });
});
