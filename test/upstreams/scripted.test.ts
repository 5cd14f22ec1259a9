import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import OpenAI from "openai";
import { behaviourOf } from "../../src/upstreams/scripted/behaviour.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { rawPost } from "../support/raw-post.ts";

let upstream: ScriptedUpstream;
let openai: OpenAI;

before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  openai = new OpenAI({ baseURL: upstream.url, apiKey: "x", maxRetries: 0 });
});
beforeEach(() => upstream.setScript({}));
after(() => upstream.close());

const ask = (content: string, model = "gpt-4.1") => ({
  model,
  messages: [{ role: "user" as const, content }],
});

const supportPrompt =
  "Answer with a JSON object: `reply` (text) and `escalate` (true when a person must look).";

const replySchema = {
  type: "object",
  properties: { reply: { type: "string", minLength: 1 }, escalate: { type: "boolean" } },
  required: ["reply", "escalate"],
  additionalProperties: false,
};

const post = (body: unknown) => rawPost({ url: `${upstream.url}/chat/completions`, body });

describe("a good answer", () => {
  test("is the same for the same model and question, and another for another model", async () => {
    const first = await openai.chat.completions.create(ask("How do I get a refund?"));
    const again = await openai.chat.completions.create(ask("How do I get a refund?"));
    assert.equal(first.choices[0]?.message.content, again.choices[0]?.message.content);
    assert.equal(first.choices[0]?.finish_reason, "stop");
    assert.notEqual(first.id, again.id);
    const other = await openai.chat.completions.create(ask("How do I get a refund?", "gpt-4.1-mini"));
    assert.notEqual(first.choices[0]?.message.content, other.choices[0]?.message.content);
  });

  test("counts tokens plausibly and carries OpenAI's headers", async () => {
    const long = await openai.chat.completions.create(ask("word ".repeat(2000))).withResponse();
    assert.ok((long.data.usage?.prompt_tokens ?? 0) > 2000);
    assert.equal((long.data.usage?.prompt_tokens_details?.cached_tokens ?? 1) % 128, 0);
    assert.equal(
      long.data.usage?.total_tokens,
      (long.data.usage?.prompt_tokens ?? 0) + (long.data.usage?.completion_tokens ?? 0),
    );
    assert.match(long.response.headers.get("x-request-id") ?? "", /^req_/);
    for (const name of ["openai-processing-ms", "openai-organization", "x-ratelimit-remaining-requests"]) {
      assert.ok(long.response.headers.has(name), name);
    }
  });

  test("streams the words that the whole answer has", async () => {
    const whole = await openai.chat.completions.create(ask("How do I get a refund?"));
    const stream = openai.chat.completions.stream({
      ...ask("How do I get a refund?"),
      stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0]?.message.content, whole.choices[0]?.message.content);
    assert.deepEqual(final.usage, whole.usage);
  });

  test("opens a stream with the role, and sends usage only when asked", async () => {
    const bare = await post({ ...ask("Where is my parcel?"), stream: true });
    assert.match(bare.text.split("\n\n")[0] ?? "", /"role":"assistant"/);
    assert.ok(!bare.text.includes('"usage"'));
    assert.ok(bare.text.endsWith("data: [DONE]\n\n"));
    const counted = await post({ ...ask("x"), stream: true, stream_options: { include_usage: true } });
    const events = counted.text.split("\n\n").filter((event) => event !== "");
    assert.match(events.at(-2) ?? "", /"usage":\{.*"choices":\[\]|"choices":\[\].*"usage":\{/);
    assert.ok(events.slice(0, -2).every((event) => event.includes('"usage":null')));
  });

  test("gives n choices, whole and streamed", async () => {
    const whole = await openai.chat.completions.create({ ...ask("Tell me."), n: 3 });
    assert.deepEqual(
      whole.choices.map((choice) => choice.index),
      [0, 1, 2],
    );
    const final = await openai.chat.completions.stream({ ...ask("Tell me."), n: 3 }).finalChatCompletion();
    assert.deepEqual(
      final.choices.map((choice) => choice.message.content),
      whole.choices.map((choice) => choice.message.content),
    );
  });

  test("stops at the client's token limit with finish_reason length", async () => {
    const short = await openai.chat.completions.create({ ...ask("Tell me."), max_completion_tokens: 3 });
    assert.equal(short.choices[0]?.finish_reason, "length");
    assert.equal(short.usage?.completion_tokens, 3);
  });
});

describe("structured answers", () => {
  test("satisfy the response_format's schema, as a support reply in words", async () => {
    const completion = await openai.chat.completions.parse({
      ...ask("I was charged twice and want a refund"),
      response_format: {
        type: "json_schema",
        json_schema: { name: "reply", strict: true, schema: replySchema },
      },
    });
    const answer = JSON.parse(completion.choices[0]?.message.content ?? "");
    assert.deepEqual(Object.keys(answer), ["reply", "escalate"]);
    assert.match(answer.reply, /refund|charge/);
    assert.equal(typeof answer.escalate, "boolean");
  });

  test("follow the shipped prompt without a schema, and escalate what is serious", async () => {
    const messages = [
      { role: "system" as const, content: supportPrompt },
      { role: "user" as const, content: "My lawyer will write to you." },
    ];
    const completion = await openai.chat.completions.create({ model: "gpt-4.1", messages });
    const answer = JSON.parse(completion.choices[0]?.message.content ?? "");
    assert.equal(answer.escalate, true);
    assert.ok(answer.reply.length > 20);
  });

  test("are JSON for json_object", async () => {
    const completion = await openai.chat.completions.create({
      ...ask("Say it as JSON"),
      response_format: { type: "json_object" },
    });
    assert.equal(typeof JSON.parse(completion.choices[0]?.message.content ?? "").answer, "string");
  });
});

describe("tools", () => {
  const tools = [
    {
      type: "function" as const,
      function: {
        name: "find_order",
        parameters: { type: "object", properties: { order: { type: "integer" } }, required: ["order"] },
      },
    },
  ];

  test("are called when the choice forces them, with arguments of their schema, whole and streamed", async () => {
    const forced = { ...ask("Where is it?"), tools, tool_choice: "required" as const };
    const whole = await openai.chat.completions.create(forced);
    const streamed = await openai.chat.completions.stream(forced).finalChatCompletion();
    for (const { choices } of [whole, streamed]) {
      const call = choices[0]?.message.tool_calls?.[0];
      assert.equal(choices[0]?.finish_reason, "tool_calls");
      assert.ok(call?.type === "function");
      assert.equal(call.function.name, "find_order");
      assert.equal(typeof JSON.parse(call.function.arguments).order, "number");
    }
  });

  test("are called when the script says so, and not again once the tool has answered", async () => {
    upstream.setScript({ "*": () => behaviourOf("tool_call") });
    const first = await openai.chat.completions.create({ ...ask("Where is it?"), tools });
    assert.equal(first.choices[0]?.finish_reason, "tool_calls");
    const call = first.choices[0]?.message;
    assert.ok(call !== undefined);
    const result = {
      role: "tool" as const,
      tool_call_id: call.tool_calls?.[0]?.id ?? "",
      content: "in Oslo",
    };
    const second = await openai.chat.completions.create({
      model: "gpt-4.1",
      messages: [{ role: "user", content: "Where is it?" }, call, result],
      tools,
    });
    assert.equal(second.choices[0]?.finish_reason, "stop");
  });

  test("get arguments that are no JSON, or break the schema, on demand", async () => {
    for (const [form, breaks] of [
      ["json", true],
      ["schema", false],
    ] as const) {
      upstream.setScript({ "*": [behaviourOf(`tool_call_bad_arguments;form=${form}`)] });
      const answer = await openai.chat.completions.create({ ...ask("x"), tools });
      const call = answer.choices[0]?.message.tool_calls?.[0];
      assert.ok(call?.type === "function");
      const parse = () => JSON.parse(call.function.arguments);
      if (breaks) assert.throws(parse);
      else assert.equal(parse().order, undefined);
    }
  });
});

describe("other routes", () => {
  test("list models and find one by its name", async () => {
    const names = (await openai.models.list()).data.map((model) => model.id);
    assert.ok(names.includes("gpt-4.1"));
    assert.equal((await openai.models.retrieve("gpt-4o")).id, "gpt-4o");
    await assert.rejects(openai.models.retrieve("nonesuch"), { status: 404, code: "model_not_found" });
  });

  test("embed texts as vectors of length 1, packed or plain alike", async () => {
    const create = (encoding: "base64" | "float") =>
      openai.embeddings.create({ model: "e", input: ["a", "b"], dimensions: 8, encoding_format: encoding });
    const plain = await create("float");
    const packed = await create("base64");
    const [vector = []] = plain.data.map((item) => item.embedding);
    assert.equal(plain.data.length, 2);
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-9);
    // The SDK's type says numbers, but a base64 that was asked for by name comes as text.
    const bytes = Buffer.from(String(packed.data[0]?.embedding), "base64");
    assert.ok(Math.abs(bytes.readFloatLE(4) - (vector[1] ?? 0)) < 1e-6);
  });

  test("flag violence in a moderation", async () => {
    const { results } = await openai.moderations.create({ input: ["hello", "I will attack"] });
    assert.deepEqual(
      results.map((result) => result.flagged),
      [false, true],
    );
  });

  test("answer responses, whole and streamed alike", async () => {
    const body = { model: "gpt-4.1", input: "How do I cancel my plan?" };
    const whole = await openai.responses.create(body);
    assert.equal(whole.status, "completed");
    assert.ok(whole.output_text.length > 10);
    const streamed = await openai.responses.stream(body).finalResponse();
    assert.equal(streamed.output_text, whole.output_text);
  });

  test("call tools through responses", async () => {
    const tool = { type: "function" as const, name: "find", parameters: { type: "object" }, strict: false };
    const body = { model: "gpt-4.1", input: "x", tools: [tool], tool_choice: "required" as const };
    const whole = await openai.responses.create(body);
    const streamed = await openai.responses.stream(body).finalResponse();
    for (const { output } of [whole, streamed]) {
      assert.ok(output[0]?.type === "function_call");
      assert.deepEqual([output[0].name, output[0].arguments], ["find", "{}"]);
    }
  });

  test("answer 404 and 400 in OpenAI's error shape", async () => {
    const lost = await fetch(`${upstream.url}/nowhere`, { method: "POST", body: "{}" });
    assert.equal(lost.status, 404);
    const { error } = JSON.parse(await lost.text());
    assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
    const broken = await fetch(`${upstream.url}/chat/completions`, { method: "POST", body: "{" });
    assert.equal(JSON.parse(await broken.text()).error.code, "invalid_json");
    const bare = await fetch(`${upstream.url}/chat/completions`, { method: "POST", body: '{"model":"m"}' });
    assert.equal(JSON.parse(await bare.text()).error.param, "messages");
  });
});

describe("the server", () => {
  test("shows the requests that it saw, and forgets the oldest beyond its bound", async () => {
    const own = await startScriptedUpstream();
    for (let at = 0; at < 300; at += 1) await (await fetch(`${own.url}/models?at=${at}`)).text();
    assert.equal(own.requests.length, 256);
    assert.equal(own.requests.at(-1)?.path, "/v1/models?at=299");
    await own.close();
  });

  test("keeps the body's bytes as they came", async () => {
    const bytes = '{"model":"m" , "messages":[ ]}';
    await (await fetch(`${upstream.url}/chat/completions`, { method: "POST", body: bytes })).text();
    assert.equal(upstream.requests.at(-1)?.body.toString(), bytes);
    assert.equal(upstream.requests.at(-1)?.method, "POST");
  });

  test("cuts hanging connections when it closes, and closes twice without complaint", async () => {
    const own = await startScriptedUpstream();
    own.setScript({ "*": () => behaviourOf("slow_first_token;ms=600000") });
    const response = await fetch(`${own.url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ ...ask("x"), stream: true }),
    });
    await own.close();
    await assert.rejects(response.text());
    await own.close();
  });
});
