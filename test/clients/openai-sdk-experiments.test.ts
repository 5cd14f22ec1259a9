import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { APIError } from "openai";
import { startTestApp } from "../support/app.ts";
import { answerSchema, ask, clientOf, type Proxied, recordOf, rejection, startProxied } from "./proxied.ts";

const schema = JSON.stringify(answerSchema);
const canned = '{"topic":"later","urgent":false}';

const experiment = `    output: { schema: ${schema}, stream_mode: buffer, on_invalid: repair }
    fallback: [{ answer: '${canned}' }]
  checked:
    variants: { control: { weight: 1, model: model-c } }
    output: { schema: ${schema}, stream_mode: validate_at_end }`;

describe("the openai SDK in experiments that check their answers", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied({ experiment });
  });
  after(() => proxied.close());

  const ticket = (model: string, text: string) => ({
    model,
    messages: ask(text),
    user: "ada",
    response_format: {
      type: "json_schema" as const,
      json_schema: { name: "ticket", schema: { ...answerSchema } },
    },
  });

  test("parses a stream that was held back and repaired, and never sees the wrong answer", async () => {
    const stream = proxied.openai.chat.completions.stream(
      ticket("tone", "[[fault:wrong_schema]] Sort this."),
    );
    const final = await stream.finalChatCompletion();
    const record = await recordOf(proxied, ({ responseId }) => responseId === final.id);
    assert.deepEqual(Object.keys(final.choices[0]?.message.parsed ?? {}), ["topic", "urgent"]);
    assert.deepEqual(
      record.attempts.map(({ reason }) => reason),
      ["initial", "repair"],
    );
  });

  test("parses the ready answer like any other, whole and streamed", async () => {
    const { openai } = proxied;
    const request = ticket("tone", "[[fault:server_error;status=500]]");
    const { data, response } = await openai.chat.completions.create(request).withResponse();
    assert.equal(data.choices[0]?.message.content, canned);
    assert.equal(data.choices[0]?.finish_reason, "stop");
    assert.equal(response.headers.get("x-assay-fallback"), "canned; cause=upstream_error");
    const streamed = await openai.chat.completions.stream(request).finalChatCompletion();
    assert.deepEqual(streamed.choices[0]?.message.parsed, JSON.parse(canned));
    assert.equal(streamed.choices[0]?.finish_reason, "stop");
  });

  test("gets the usage that it asks for from a stream that was held back", async () => {
    const stream = proxied.openai.chat.completions.stream({
      ...ticket("tone", "Sort this."),
      stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    const record = await recordOf(proxied, ({ responseId }) => responseId === final.id);
    assert.equal(final.usage?.completion_tokens, record.usage?.outputTokens);
  });

  test("gets an error behind a stream whose answer breaks the schema", async () => {
    const request = ticket("experiment/checked", "[[fault:wrong_schema]] Sort this at the end.");
    const error = await rejection(
      proxied.openai.chat.completions.stream(request).finalChatCompletion(),
      APIError,
    );
    assert.equal(error.code, "output_schema_violation");
  });

  test("lets its tool runner go round until the model has its words", async () => {
    const asked: string[] = [];
    const runner = proxied.openai.chat.completions.runTools({
      model: "gpt-4.1",
      messages: ask("[[fault:tool_call;name=weather]] Will it rain?"),
      stream: true,
      tools: [
        {
          type: "function",
          function: {
            name: "weather",
            description: "Weather of a city.",
            parse: (text: string): { city: string } => JSON.parse(text),
            function: ({ city }: { city: string }) => {
              asked.push(city);
              return "dry";
            },
            parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
          },
        },
      ],
    });
    assert.notEqual(await runner.finalContent(), "");
    assert.equal(asked.length, 1);
  });
});

test("the upstream gets the configured key in place of the client's, on every route", async () => {
  const { upstream, close } = await startProxied();
  const app = await startTestApp({
    config: `upstreams: { test: { base_url: "${upstream.url}", api_key: "\${KEY}" } }`,
    env: { KEY: "sk-configured" },
  });
  try {
    const openai = clientOf(app.url);
    await openai.chat.completions.create({ model: "gpt-4.1", messages: ask("Hi") });
    await openai.embeddings.create({ model: "text-embedding-3-small", input: "x" });
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.authorization),
      ["Bearer sk-configured", "Bearer sk-configured"],
    );
  } finally {
    await app.close();
    await close();
  }
});
