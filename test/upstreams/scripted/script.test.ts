import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { behaviourOf } from "../../../src/upstreams/scripted/behaviour.ts";
import { failFirst, withProbability } from "../../../src/upstreams/scripted/script.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../src/upstreams/scripted/server.ts";
import { rawPost } from "../../support/raw-post.ts";

let upstream: ScriptedUpstream;

before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
});
beforeEach(() => upstream.setScript({}));
after(() => upstream.close());

const ask = (content: string, model = "gpt-4.1") => ({
  model,
  messages: [{ role: "user" as const, content }],
});

const post = (body: unknown) => rawPost({ url: `${upstream.url}/chat/completions`, body });

describe("the choice of a behaviour", () => {
  const statuses = async (count: number, body: unknown) => {
    const seen = [];
    for (let at = 0; at < count; at += 1) seen.push((await post(body)).status);
    return seen;
  };

  test("takes a fault from the model's name", async () => {
    assert.equal((await post(ask("hello", "scripted-fault:server_error;status=503"))).status, 503);
  });

  test("reads a directive in the last user message only", async () => {
    const old = { role: "user", content: "[[fault:server_error]]" };
    const messages = [old, { role: "assistant", content: "ok" }, { role: "user", content: "and now?" }];
    assert.deepEqual(await statuses(1, { model: "m", messages }), [200]);
    assert.deepEqual(await statuses(1, { model: "m", messages: [old] }), [500]);
  });

  test("plays a directive for the one model that it names, so that a fallback can succeed", async () => {
    const body = (model: string) => ask("Hi [[fault:server_error;model=gpt-4.1]]", model);
    assert.deepEqual(
      [...(await statuses(2, body("gpt-4.1"))), ...(await statuses(1, body("other")))],
      [500, 500, 200],
    );
  });

  test("plays a directive a number of times, then answers well once, then starts over", async () => {
    const body = ask("Hi [[fault:server_error;times=2]]");
    assert.deepEqual(await statuses(6, body), [500, 500, 200, 500, 500, 200]);
  });

  test("takes a model's queue before the queue of all", async () => {
    upstream.setScript({ a: failFirst(2, behaviourOf("quota")), "*": [behaviourOf("server_error")] });
    assert.deepEqual(await statuses(3, ask("x", "a")), [429, 429, 200]);
    assert.deepEqual(await statuses(2, ask("x", "b")), [500, 200]);
  });

  test("fails a seeded share of requests, the same ones each time", async () => {
    const run = () => {
      upstream.setScript({ "*": withProbability(0.5, behaviourOf("server_error"), 7) });
      return statuses(40, ask("x"));
    };
    const first = await run();
    assert.deepEqual(await run(), first);
    const failed = first.filter((status) => status === 500).length;
    assert.ok(failed > 8 && failed < 32, String(failed));
  });
});
