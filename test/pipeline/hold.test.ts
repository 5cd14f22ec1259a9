import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Answer, ChunkSink, Completion } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import { hold, replay } from "../../src/pipeline/hold.ts";

const completion: Completion = {
  failure: undefined,
  responseId: undefined,
  responseModel: undefined,
  usage: undefined,
  choices: [],
  firstChunkMs: undefined,
  chunks: 0,
  malformedChunks: 0,
  characters: 0,
};

/** A stream whose events the test sends by itself. */
function liveAnswer() {
  let sink: ChunkSink | undefined;
  const source = { start: (it: ChunkSink) => (sink = it), pause() {}, resume() {}, cancel() {} };
  const answer: Answer = {
    status: 200,
    headers: { "content-type": "text/event-stream" },
    body: { kind: "stream", source: { ...source, start: (it) => void source.start(it) } },
    completion: Promise.resolve(completion),
  };
  return { answer, send: (act: (to: ChunkSink) => void) => sink && act(sink) };
}

/** Reads a source; `stopsAfter` tells for which chunks the reader pauses, and it resumes by itself later. */
function read(chunks: readonly Buffer[], stopsAfter: (index: number) => boolean) {
  const source = replay(chunks);
  const heard: string[] = [];
  let waiting: (() => void) | undefined;
  source.start({
    chunk(bytes) {
      heard.push(bytes.toString());
      if (!stopsAfter(heard.length - 1)) return;
      source.pause();
      waiting = () => source.resume();
    },
    end: () => heard.push("END"),
    fail: () => heard.push("FAIL"),
  });
  return {
    heard,
    resume() {
      const act = waiting;
      waiting = undefined;
      act?.();
      return act !== undefined;
    },
  };
}

describe("hold", () => {
  test("gives a whole answer back as it is", async () => {
    const answer: Answer = { ...liveAnswer().answer, body: { kind: "whole", bytes: Buffer.from("{}") } };
    assert.equal(await hold(answer), answer);
  });

  test("waits for the end, then replays the same bytes", async () => {
    const { answer, send } = liveAnswer();
    let isSettled = false;
    const held = hold(answer).then((it) => {
      isSettled = true;
      return it;
    });
    send((sink) => sink.chunk(Buffer.from("a")));
    send((sink) => sink.chunk(Buffer.from("b")));
    await Promise.resolve();
    assert.equal(isSettled, false);
    send((sink) => sink.end());
    const { body, status, headers } = await held;
    assert.ok(body.kind === "stream");
    assert.deepEqual([status, headers], [answer.status, answer.headers]);
    const heard: string[] = [];
    body.source.start({
      chunk: (bytes) => heard.push(bytes.toString()),
      end: () => heard.push("END"),
      fail: () => heard.push("FAIL"),
    });
    assert.deepEqual(heard, ["a", "b", "END"]);
  });

  test("rejects with the stream's failure, so that another attempt may be made", async () => {
    const { answer, send } = liveAnswer();
    const held = hold(answer);
    send((sink) => sink.chunk(Buffer.from("a")));
    const failure = new Failure("upstream_stalled", "silent");
    send((sink) => sink.fail(failure));
    await assert.rejects(held, failure);
  });
});

describe("replay", () => {
  test("stops where its reader pauses it, and ends once, whatever the reader does", () => {
    const pauses = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(fc.nat(12), pauses, (count, stops) => {
        const chunks = Array.from({ length: count }, (_, index) => Buffer.from(String(index)));
        const reader = read(chunks, (index) => stops[index] === true);
        let last = reader.heard.length;
        while (reader.resume()) {
          assert.ok(reader.heard.length > last);
          last = reader.heard.length;
        }
        assert.deepEqual(reader.heard, [...chunks.map(String), "END"]);
      }),
    );
  });

  test("takes a resume from within a chunk, and ends once", () => {
    const source = replay([Buffer.from("a"), Buffer.from("b"), Buffer.from("c")]);
    const heard: string[] = [];
    source.start({
      chunk(bytes) {
        heard.push(bytes.toString());
        source.pause();
        source.resume();
      },
      end: () => heard.push("END"),
      fail: () => heard.push("FAIL"),
    });
    source.resume();
    assert.deepEqual(heard, ["a", "b", "c", "END"]);
  });
});
