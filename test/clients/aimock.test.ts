import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import type OpenAI from "openai";
import { APIError, toFile } from "openai";
import { startTestApp, type TestApp } from "../support/app.ts";
import { ask, clientOf, collect, plainConfig, rejection, weatherTool, withoutIds } from "./proxied.ts";

/** What a client makes of one answer. */
interface Row {
  readonly ending: string;
  readonly status: number;
  readonly code: unknown;
  readonly retryAfter: string | null;
  readonly answer: unknown;
}

type Request = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "model">;

const cases: readonly { readonly name: string; readonly request: Request; readonly wanted: Partial<Row> }[] =
  [
    { name: "words", request: { messages: ask("say words") }, wanted: { ending: "stop" } },
    { name: "words beyond ASCII", request: { messages: ask("say ünïcode") }, wanted: { ending: "stop" } },
    { name: "reasoning before words", request: { messages: ask("say reasons") }, wanted: { ending: "stop" } },
    {
      name: "tool calls",
      request: { messages: ask("call tools"), tools: [weatherTool] },
      wanted: { ending: "tool_calls" },
    },
    {
      name: "words and a tool call",
      request: { messages: ask("call and say"), tools: [weatherTool] },
      wanted: { ending: "tool_calls" },
    },
    {
      name: "JSON",
      request: { messages: ask("say json"), response_format: { type: "json_object" } },
      wanted: { ending: "stop" },
    },
    { name: "an answer cut by length", request: { messages: ask("be cut") }, wanted: { ending: "length" } },
    {
      name: "a rate limit",
      request: { messages: ask("fail 429") },
      wanted: { ending: "RateLimitError", status: 429, retryAfter: "7" },
    },
    {
      name: "a server error",
      request: { messages: ask("fail 500") },
      wanted: { ending: "InternalServerError", status: 500 },
    },
    {
      name: "an overload",
      request: { messages: ask("fail 503") },
      wanted: { ending: "InternalServerError", status: 503 },
    },
    {
      name: "a bad request",
      request: { messages: ask("fail 400") },
      wanted: { ending: "BadRequestError", status: 400, code: "context_length_exceeded" },
    },
    {
      name: "a question that nobody knows",
      request: { messages: ask("something else") },
      wanted: { ending: "NotFoundError", status: 404 },
    },
  ];

describe("aimock, an upstream that nobody here wrote", () => {
  let mock: LLMock;
  let app: TestApp;
  before(async () => {
    mock = mocked();
    await mock.start();
    app = await startTestApp({ config: plainConfig(`${mock.url}/v1`) });
  });
  after(async () => {
    await app.close();
    await mock.stop();
  });

  for (const { name, request, wanted } of cases) {
    test(`gives the same row directly and through the proxy: ${name}`, async () => {
      const direct = await wholeRow(clientOf(`${mock.url}/v1`), request);
      const through = await wholeRow(clientOf(app.url), request);
      assert.deepEqual(through, direct);
      assert.partialDeepStrictEqual(through, wanted);
    });

    test(`gives the same row directly and through the proxy, streamed: ${name}`, async () => {
      const direct = await streamedRow(clientOf(`${mock.url}/v1`), request);
      const through = await streamedRow(clientOf(app.url), request);
      assert.deepEqual(through, direct);
      assert.partialDeepStrictEqual(through, wanted);
    });
  }

  const chaos = [
    // A drop answers 500 with an error of its own, which is passed on.
    { kind: "drop", ending: "InternalServerError", code: "chaos_drop" },
    { kind: "malformed", ending: "InternalServerError", code: "upstream_malformed_response" },
    { kind: "disconnect", ending: "InternalServerError", code: "upstream_reset" },
  ] as const;
  for (const { kind, ending, code } of chaos) {
    test(`names what chaos does, whole and streamed: ${kind}`, async () => {
      mock.setChaos({ [`${kind}Rate`]: 1 });
      try {
        const openai = clientOf(app.url);
        const whole = await wholeRow(openai, { messages: ask("say words") });
        const streamed = await streamedRow(openai, { messages: ask("say words") });
        for (const row of [whole, streamed]) assert.partialDeepStrictEqual(row, { ending, code });
      } finally {
        mock.clearChaos();
      }
    });
  }

  test("names the break of a stream that is cut off", async () => {
    const request = { model: "gpt-4.1", messages: ask("break off"), stream: true } as const;
    const reading = async () => collect(await clientOf(app.url).chat.completions.create(request));
    const error = await rejection(reading(), APIError);
    // A reset may overtake the chunks that were written before it.
    assert.match(String(error.code), /^upstream_(reset|stream_interrupted)$/);
  });

  test("gives the same rows directly and through the proxy for files, sound and pictures", async () => {
    const direct = withoutIds(await mediaRows(clientOf(`${mock.url}/v1`)));
    const paths = () => mock.getRequests().map(({ path }) => path.replace(/file-[^/]+/, "file-id"));
    const directPaths = paths();
    mock.clearRequests();
    assert.deepEqual(withoutIds(await mediaRows(clientOf(app.url))), direct);
    assert.deepEqual(paths(), directPaths.slice(-paths().length));
    assert.ok(paths().includes("/v1/files?limit=5&purpose=batch"));
  });
});

function mocked(): LLMock {
  const failing = (status: number, code: string) => ({
    status,
    retryAfter: 7,
    error: { message: `played ${status}`, type: "played", code },
  });
  const call = (name: string) => ({ name, arguments: '{"city":"Köln","days":2}' });
  return new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent" })
    .onMessage("say words", { content: "Your parcel has left, and arrives on Monday." })
    .onMessage("say ünïcode", { content: 'naïve 日本語 🎈 "quoted" \\ \u2028' })
    .onMessage("say reasons", { content: "42", reasoning: "six times seven" })
    .onMessage("call tools", { toolCalls: [call("weather"), call("weather")] })
    .onMessage("call and say", { content: "Let me look.", toolCalls: [call("weather")] })
    .onJsonOutput("say json", { topic: "billing", urgent: true })
    .onMessage("be cut", { content: "This answer is", finishReason: "length" })
    .onMessage("break off", { content: "one two three four" }, { chunkSize: 4, truncateAfterChunks: 3 })
    .onSpeech("say it", { audio: Buffer.from([0, 255, 13, 10, 128]).toString("base64") })
    .onTranscription({ transcription: { text: "so it was said" } })
    .onImage("draw it", { image: { url: "http://127.0.0.1/picture.png" } })
    .onMessage("fail 429", failing(429, "rate_limit_exceeded"))
    .onMessage("fail 500", failing(500, "server_error"))
    .onMessage("fail 503", failing(503, "overloaded"))
    .onMessage("fail 400", failing(400, "context_length_exceeded"));
}

async function wholeRow(openai: OpenAI, request: Request): Promise<Row> {
  try {
    const { data, response } = await openai.chat.completions
      .create({ model: "gpt-4.1", ...request })
      .withResponse();
    return rowOf(response, data.choices[0]?.finish_reason, data);
  } catch (error) {
    return failedRow(error);
  }
}

async function streamedRow(openai: OpenAI, request: Request): Promise<Row> {
  try {
    const { data, response } = await openai.chat.completions
      .create({ model: "gpt-4.1", ...request, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    const chunks = [];
    for await (const chunk of data) chunks.push(chunk);
    const finish = chunks.findLast(({ choices }) => choices[0]?.finish_reason)?.choices[0];
    return rowOf(response, finish?.finish_reason, chunks);
  } catch (error) {
    return failedRow(error);
  }
}

function rowOf(response: Response, finishReason: string | null | undefined, answer: unknown): Row {
  return {
    ending: finishReason ?? "none",
    status: response.status,
    code: undefined,
    retryAfter: response.headers.get("retry-after"),
    answer: withoutIds(answer),
  };
}

function failedRow(error: unknown): Row {
  if (!(error instanceof APIError)) throw error;
  return {
    ending: error.constructor.name,
    status: error.status ?? 0,
    code: error.code,
    retryAfter: error.headers?.get("retry-after") ?? null,
    answer: error.error,
  };
}

/** A file's life, and bodies that are not JSON in either direction. */
async function mediaRows(openai: OpenAI): Promise<unknown> {
  const content = Buffer.from("{\n}\r\n");
  const file = await openai.files.create({ file: await toFile(content, "a.jsonl"), purpose: "batch" });
  const listed = await openai.files.list({ limit: 5, purpose: "batch" });
  const download = await openai.files.content(file.id);
  const rows = {
    file: withoutIds(file),
    listed: listed.data.length,
    download: [download.headers.get("content-type"), await download.text()],
    deleted: (await openai.files.delete(file.id)).deleted,
  };
  const speech = await openai.audio.speech.create({ model: "tts-1", voice: "alloy", input: "say it" });
  const sound = Buffer.from(await speech.arrayBuffer()).toString("hex");
  const heard = await openai.audio.transcriptions.create({
    model: "whisper-1",
    file: await toFile(Buffer.from([0, 1, 255]), "a.mp3"),
  });
  const picture = await openai.images.generate({ model: "dall-e-3", prompt: "draw it" });
  return { ...rows, speech: [speech.headers.get("content-type"), sound], heard, picture: picture.data };
}
