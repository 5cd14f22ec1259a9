import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Answer, ChunkSink, ChunkSource, Completion } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import { checkAtEnd } from "../../src/pipeline/check-at-end.ts";

const completion: Completion = {
  failure: undefined,
  responseId: "c1",
  responseModel: undefined,
  usage: undefined,
  choices: [],
  firstChunkMs: undefined,
  chunks: 1,
  malformedChunks: 0,
  characters: 0,
};
const verdict = new Failure("output_schema_violation", "wrong");
const cut = new Failure("upstream_stream_interrupted", "cut");

/** Says one chunk, then ends as `ended` says. */
function answerOf(ended: Completion, calls: string[] = []): Answer {
  const source: ChunkSource = {
    start(sink: ChunkSink) {
      sink.chunk(Buffer.from("a"));
      if (ended.failure === undefined) sink.end();
      else sink.fail(ended.failure);
    },
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
    cancel: () => calls.push("cancel"),
  };
  return { status: 200, headers: {}, body: { kind: "stream", source }, completion: Promise.resolve(ended) };
}

async function hear(answer: Answer): Promise<readonly string[]> {
  assert.ok(answer.body.kind === "stream");
  const heard: string[] = [];
  answer.body.source.start({
    chunk: (bytes) => heard.push(bytes.toString()),
    end: () => heard.push("END"),
    fail: ({ code }) => heard.push(code),
  });
  await setImmediate();
  return heard;
}

describe("checkAtEnd", () => {
  test("lets a good stream end as it did", async () => {
    const checked = checkAtEnd(answerOf(completion), () => undefined);
    assert.deepEqual(await hear(checked), ["a", "END"]);
    assert.equal(await checked.completion, completion);
  });

  test("turns the end of a bad one into its verdict, for the client and for the record", async () => {
    const checked = checkAtEnd(answerOf(completion), () => verdict);
    assert.deepEqual(await hear(checked), ["a", "output_schema_violation"]);
    assert.deepEqual(await checked.completion, { ...completion, failure: verdict });
  });

  test("waits for a verdict that takes its time, and lets the chunks go before it", async () => {
    const late = Promise.withResolvers<Failure | undefined>();
    const checked = checkAtEnd(answerOf(completion), () => late.promise);
    const heard = await hear(checked);
    assert.deepEqual(heard, ["a"]);
    late.resolve(verdict);
    await checked.completion;
    await setImmediate();
    assert.deepEqual(heard, ["a", "output_schema_violation"]);
  });

  test("does not judge what broke off: the break is its failure", async () => {
    const checked = checkAtEnd(answerOf({ ...completion, failure: cut }), () => {
      throw new Error("it was judged");
    });
    assert.deepEqual(await hear(checked), ["a", "upstream_stream_interrupted"]);
    assert.equal((await checked.completion).failure, cut);
  });

  test("passes backpressure on", () => {
    const calls: string[] = [];
    const { body } = checkAtEnd(answerOf(completion, calls), () => undefined);
    assert.ok(body.kind === "stream");
    body.source.pause();
    body.source.resume();
    assert.deepEqual(calls, ["pause", "resume"]);
  });

  test("leaves a whole answer alone", () => {
    const answer: Answer = { ...answerOf(completion), body: { kind: "whole", bytes: Buffer.from("{}") } };
    assert.equal(
      checkAtEnd(answer, () => verdict),
      answer,
    );
  });

  test("gives the failure of a judge that breaks to the client, and never a clean end", async () => {
    const checked = checkAtEnd(answerOf(completion), () => {
      throw new Error("a fault of ours");
    });
    assert.deepEqual(await hear(checked), ["a", "internal_error"]);
    assert.equal((await checked.completion).failure?.code, "internal_error");
  });
});
