import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import OpenAI from "openai";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../src/upstreams/scripted/server.ts";
import { rawPost } from "../../support/raw-post.ts";

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

const fault = (name: string, isStream: boolean, enough?: (text: string) => boolean) =>
  rawPost({
    url: `${upstream.url}/chat/completions`,
    body: { ...ask("Where is my parcel?"), stream: isStream },
    headers: { "x-scripted-fault": name },
    ...(enough === undefined ? {} : { enough }),
  });

/** The `data:` of each event that is JSON. */
function chunksOf(
  text: string,
): readonly { choices?: { delta: { content?: string }; finish_reason: string | null }[] }[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice(6)));
}

const contentChunks = (text: string) => text.split('"delta":{"content":').length - 1;

describe("faults of the connection and the status", () => {
  test("resets before any header", async () => {
    for (const isStream of [true, false]) assert.equal((await fault("reset", isStream)).ending, "ECONNRESET");
  });

  test("hangs without a byte until the client gives up", async () => {
    const abort = new AbortController();
    const answer = fetch(`${upstream.url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify(ask("[[fault:hang]] hello, is anyone there?")),
      signal: abort.signal,
    });
    const hasArrived = () => upstream.requests.some(({ body }) => body.includes("is anyone there?"));
    // Others are answered while the first one waits.
    while (!hasArrived()) assert.equal((await fetch(`${upstream.url}/models`)).status, 200);
    abort.abort(new Error("gave up"));
    await assert.rejects(answer, /gave up/);
  });

  test("tells when to come back, in both units or in the one asked for", async () => {
    const both = await fault("rate_limited;ms=1500", true);
    assert.deepEqual(
      [both.status, both.headers["retry-after"], both.headers["retry-after-ms"]],
      [429, "2", "1500"],
    );
    const none = await fault("rate_limited;header=none", false);
    assert.deepEqual(
      [none.status, none.headers["retry-after"], none.headers["retry-after-ms"]],
      [429, undefined, undefined],
    );
  });

  test("answers quota, server errors and redirects", async () => {
    assert.equal(JSON.parse((await fault("quota", false)).text).error.code, "insufficient_quota");
    for (const status of [500, 502, 503])
      assert.equal((await fault(`server_error;status=${status}`, true)).status, status);
    const moved = await fault("redirect;location=http://127.0.0.1:9/v1", false);
    assert.deepEqual([moved.status, moved.headers.location], [307, "http://127.0.0.1:9/v1"]);
  });

  test("names the known faults when one is unknown or has a wrong parameter", async () => {
    const unknown = await fault("explode", false);
    assert.equal(unknown.status, 400);
    assert.match(JSON.parse(unknown.text).error.message, /"explode".*reset_before_headers.*wrong_schema/);
    assert.match((await fault("stall;aftr=3", false)).text, /stall takes no \\"aftr\\".*after/);
    assert.match((await fault("stall;after=soon", false)).text, /after=soon is no whole number/);
    assert.match((await fault("server_error;status=200", false)).text, /status=200 is no error/);
    // A header could not carry it, and node would throw.
    const accented = await post(ask("[[fault:redirect;location=/caf\u00e9]]"));
    assert.equal(accented.status, 400);
  });
});

describe("faults of a stream", () => {
  const hasThree = (text: string) => contentChunks(text) === 3;

  test("stalls after three chunks with the connection open", async () => {
    const heard = await fault("stall;after=3", true, hasThree);
    assert.equal(heard.ending, "enough");
  });

  test("cuts the connection after three chunks", async () => {
    const heard = await fault("cut;after=3", true);
    assert.deepEqual([contentChunks(heard.text), heard.ending], [3, "ECONNRESET"]);
  });

  test("ends cleanly without a finish_reason", async () => {
    const heard = await fault("clean_end_without_finish", true);
    assert.deepEqual([contentChunks(heard.text), heard.ending], [3, "end"]);
    assert.ok(chunksOf(heard.text).every((chunk) => chunk.choices?.[0]?.finish_reason === null));
  });

  test("leaves out [DONE] after a finished answer", async () => {
    const { text } = await fault("missing_done", true);
    assert.equal(chunksOf(text).at(-1)?.choices?.[0]?.finish_reason, "stop");
    assert.ok(!text.includes("[DONE]"));
  });

  test("reports an error inside a 200, before any content or after some", async () => {
    for (const count of [0, 2]) {
      const heard = await fault(`error_in_200;after=${count}`, true);
      assert.deepEqual([heard.status, contentChunks(heard.text)], [200, count]);
      assert.match(heard.text.trimEnd().split("\n\n").at(-1) ?? "", /^data: \{"error":/);
    }
  });

  test("puts one malformed chunk among good ones", async () => {
    const good = await fault("answer", true);
    const { text } = await fault("malformed_chunk;after=2", true);
    const broken = text.split("\n\n").filter((event) => event.includes("<broken>"));
    assert.equal(broken.length, 1);
    assert.throws(() => JSON.parse(broken[0]?.slice(6) ?? ""));
    assert.equal(contentChunks(text), contentChunks(good.text));
  });

  test("sends one line of ten million bytes", async () => {
    const { text } = await fault("huge_line", true);
    assert.ok(Math.max(...text.split("\n").map((line) => line.length)) > 10_000_000);
  });

  test("goes on without end until the client hangs up", async () => {
    for (const isStream of [true, false]) {
      assert.equal(
        (await fault("endless_body", isStream, (text) => text.length > 3_000_000)).ending,
        "enough",
      );
    }
  });

  test("is zipped though nobody asked", async () => {
    for (const isStream of [true, false]) {
      const heard = await fault("gzip", isStream);
      assert.equal(heard.headers["content-encoding"], "gzip");
      assert.equal(heard.text.charCodeAt(0), 0x1f);
    }
  });

  test("holds the first content back but not the headers", async () => {
    const heard = await fault("slow_first_token;ms=600000", true, (text) => text.includes('"role"'));
    assert.deepEqual([heard.status, contentChunks(heard.text)], [200, 0]);
    assert.ok((await fault("slow_first_token;ms=1", true)).text.endsWith("[DONE]\n\n"));
    assert.equal((await fault("slow_first_token;ms=1", false)).ending, "end");
  });
});

describe("faults of a whole answer", () => {
  test("breaks off before its announced length", async () => {
    const heard = await fault("truncated_json", false);
    assert.equal(heard.ending, "ECONNRESET");
    assert.ok(heard.text.length < Number(heard.headers["content-length"]));
  });

  test("breaks off unseen where only the close ends the body", async () => {
    const heard = await fault("truncated_json;length=no", false);
    assert.equal(heard.ending, "end");
    assert.deepEqual(
      [heard.headers["content-length"], heard.headers["transfer-encoding"]],
      [undefined, undefined],
    );
    assert.throws(() => JSON.parse(heard.text));
  });

  test("has relatives of the stream's faults", async () => {
    for (const name of ["invalid_json_body", "malformed_chunk", "clean_end_without_finish"]) {
      const { text, ending } = await fault(name, false);
      assert.equal(ending, "end");
      assert.throws(() => JSON.parse(text), name);
    }
    assert.equal((await fault("cut", false)).ending, "ECONNRESET");
    assert.equal((await fault("stall", false, (text) => text.length > 100)).ending, "enough");
    assert.ok(JSON.parse((await fault("error_in_200", false)).text).error);
    assert.ok(JSON.parse((await fault("huge_line;bytes=200000", false)).text).choices);
  });
});

describe("faults of the content", () => {
  test("refuses, filters and runs out of length, whole and streamed", async () => {
    for (const [name, finish] of [
      ["refusal", "stop"],
      ["content_filter", "content_filter"],
      ["length", "length"],
    ] as const) {
      const body = ask(`Help me [[fault:${name}]]`);
      const whole = (await openai.chat.completions.create(body)).choices[0];
      assert.equal(whole?.finish_reason, finish);
      assert.equal(whole?.message.refusal === null, name !== "refusal");
      const { text } = await post({ ...body, stream: true });
      assert.ok(text.includes(`"finish_reason":"${finish}"`), name);
    }
  });

  test("breaks the schema once and then, asked to correct itself, keeps it", async () => {
    const format = {
      response_format: { type: "json_schema" as const, json_schema: { name: "reply", schema: replySchema } },
    };
    const question = { role: "user" as const, content: "Cancel my plan [[fault:wrong_schema]]" };
    for (const _ of ["first run", "second run"]) {
      const wrong = await openai.chat.completions.create({ model: "m", messages: [question], ...format });
      const said = wrong.choices[0]?.message.content ?? "";
      assert.notEqual(typeof JSON.parse(said).escalate, "boolean");
      const correction = { role: "user" as const, content: "That does not fit the schema. Correct it." };
      const messages = [question, { role: "assistant" as const, content: said }, correction];
      const right = await openai.chat.completions.create({ model: "m", messages, ...format });
      assert.equal(typeof JSON.parse(right.choices[0]?.message.content ?? "").escalate, "boolean");
    }
  });

  test("breaks the schema as often as asked before a plain retry succeeds", async () => {
    const body = ask(`${supportPrompt} [[fault:wrong_schema;times=2;form=text]]`);
    const tries = [];
    for (let count = 0; count < 3; count += 1) {
      tries.push((await openai.chat.completions.create(body)).choices[0]?.message.content?.startsWith("{"));
    }
    assert.deepEqual(tries, [false, false, true]);
  });
});
