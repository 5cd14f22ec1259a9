import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startTestApp, type TestApp } from "../support/app.ts";
import { answerSchema, ask, plainConfig, weatherTool } from "./proxied.ts";
import { type Steady, startSteady } from "./steady-upstream.ts";

const ownDocument = fileURLToPath(new URL("openai-chat.yaml", import.meta.url));
const document = process.env.ASSAY_TEST_OPENAPI ?? ownDocument;

const hello = { model: "gpt-4.1", messages: ask("Hello") };
const call = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };

/** Requests that the upstream judges, and whether it finds fault with them. */
const judged: readonly { readonly name: string; readonly body: unknown; readonly isFaulty: boolean }[] = [
  { name: "the least", body: hello, isFaulty: false },
  {
    name: "every number",
    body: {
      ...hello,
      temperature: 0.7,
      top_p: 0.1,
      n: 1,
      seed: 9007199254740991,
      max_completion_tokens: 128,
      presence_penalty: -2,
      frequency_penalty: 2,
      logprobs: true,
      top_logprobs: 20,
      logit_bias: { "50256": -100 },
    },
    isFaulty: false,
  },
  {
    name: "every name",
    body: {
      ...hello,
      user: "ada",
      safety_identifier: "s",
      prompt_cache_key: "k",
      metadata: { team: "support" },
      service_tier: "flex",
      reasoning_effort: "low",
      verbosity: "high",
      store: false,
      stop: ["\n", "END"],
      modalities: ["text"],
    },
    isFaulty: false,
  },
  {
    name: "nulls",
    body: { ...hello, temperature: null, n: null, stop: null, stream: null, metadata: null },
    isFaulty: false,
  },
  { name: "an explicit false", body: { ...hello, stream: false }, isFaulty: false },
  {
    name: "tools and their results",
    body: {
      ...hello,
      messages: [
        { role: "developer", content: "Be brief." },
        ...ask("Rain?"),
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: "dry" },
      ],
      tools: [weatherTool],
      tool_choice: { type: "function", function: { name: "weather" } },
      parallel_tool_calls: false,
    },
    isFaulty: false,
  },
  {
    name: "structured output",
    body: {
      ...hello,
      response_format: {
        type: "json_schema",
        json_schema: { name: "t", strict: true, schema: answerSchema },
      },
    },
    isFaulty: false,
  },
  {
    name: "content in parts",
    body: { ...hello, messages: [{ role: "user", content: [{ type: "text", text: "ünïcode 🎈" }] }] },
    isFaulty: false,
  },
  { name: "no messages in the list", body: { ...hello, messages: [] }, isFaulty: true },
  { name: "an unknown parameter, which is allowed", body: { ...hello, temprature: 1 }, isFaulty: false },
  { name: "a seed that is a string", body: { ...hello, seed: "7" }, isFaulty: true },
  { name: "a message without a role", body: { ...hello, messages: [{ content: "Hello" }] }, isFaulty: true },
  { name: "a role that nobody plays", body: { ...hello, messages: [{ role: "robot" }] }, isFaulty: true },
  { name: "a tool without a function", body: { ...hello, tools: [{ type: "function" }] }, isFaulty: true },
  { name: "an effort beyond the list", body: { ...hello, reasoning_effort: "heroic" }, isFaulty: true },
  { name: "too many top_logprobs", body: { ...hello, top_logprobs: 21 }, isFaulty: true },
  {
    name: "several faults at once",
    body: { ...hello, seed: "7", logprobs: 1, parallel_tool_calls: "no" },
    isFaulty: true,
  },
];

/** Requests that the proxy refuses itself, before an upstream is paid for them; steady finds fault with them too. */
const refused: readonly { readonly name: string; readonly body: unknown; readonly error: object }[] = [
  { name: "no JSON", body: "nope", error: { code: "invalid_json" } },
  {
    name: "no model",
    body: { messages: ask("Hello") },
    error: { code: "missing_required_parameter", param: "model" },
  },
  {
    name: "no messages",
    body: { model: "m" },
    error: { code: "missing_required_parameter", param: "messages" },
  },
  {
    name: "a model that is a number",
    body: { ...hello, model: 4 },
    error: { code: "invalid_value", param: "model" },
  },
  {
    name: "a temperature of 3",
    body: { ...hello, temperature: 3 },
    error: { code: "invalid_value", param: "temperature" },
  },
  { name: "n of 0", body: { ...hello, n: 0 }, error: { code: "invalid_value", param: "n" } },
  {
    name: "metadata in a list",
    body: { ...hello, metadata: [] },
    error: { code: "invalid_value", param: "metadata" },
  },
  {
    name: "a stream of yes",
    body: { ...hello, stream: "yes" },
    error: { code: "invalid_value", param: "stream" },
  },
];

describe("steady, with the parameters of OpenAI's API", () => {
  let steady: Steady;
  let app: TestApp;
  before(async () => {
    steady = await startSteady(document);
    app = await startTestApp({ config: plainConfig(steady.url) });
  });
  after(async () => {
    await app.close();
    await steady.close();
  });

  for (const { name, body, isFaulty } of judged) {
    test(`judges a request alike, directly and through the proxy: ${name}`, async () => {
      const direct = await answerOf(steady.url, body);
      const seenDirect = await steady.next();
      const through = await answerOf(app.url, body);
      const seenThrough = await steady.next();
      assert.deepEqual(through, direct);
      assert.deepEqual(seenThrough, seenDirect);
      assert.deepEqual(seenThrough.body, body);
      assert.equal(seenThrough.diagnostics.length > 0, isFaulty);
    });
  }

  for (const { name, body, error } of refused) {
    test(`is spared what the proxy refuses: ${name}`, async () => {
      await answerOf(steady.url, body);
      assert.notDeepEqual((await steady.next()).diagnostics, []);
      const through = await answerOf(app.url, body);
      assert.equal(through.status, 400);
      assert.partialDeepStrictEqual(through.answer, { error });
      // What it hears next is not that request.
      await answerOf(app.url, hello);
      assert.deepEqual((await steady.next()).body, hello);
    });
  }

  test("finds nothing wrong with the usage that the proxy asks for in a stream", async () => {
    const through = await answerOf(app.url, { ...hello, stream: true });
    const { diagnostics, body } = await steady.next();
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(body, { ...hello, stream: true, stream_options: { include_usage: true } });
    // steady answers with JSON whatever `stream` says, which a client of streams cannot read.
    assert.equal(through.status, 502);
    assert.partialDeepStrictEqual(through.answer, { error: { code: "upstream_malformed_response" } });
  });
});

async function answerOf(url: string, body: unknown): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}
