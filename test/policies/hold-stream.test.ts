import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StreamMode } from "../../src/domain/config.ts";
import { Failure } from "../../src/domain/failure.ts";
import { holdStream } from "../../src/policies/hold-stream.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import { completionOf, contextOf, renderedRequest, wholeAnswer } from "./policy-fixture.ts";
import { read, streamAnswer } from "./source-fixture.ts";

const { output } = experimentWith();
const requestIn = (streamMode: StreamMode) =>
  renderedRequest({ experiment: experimentWith({ output: { ...output, streamMode } }) });

describe("buffer mode", () => {
  test("gives the same bytes once the stream has ended", async () => {
    const answer = streamAnswer(["data: 1\n\n", "data: 2\n\n"], completionOf());
    const held = await holdStream(async () => answer)(requestIn("buffer"), contextOf());
    assert.deepEqual(await read(held), { text: "data: 1\n\ndata: 2\n\n", failure: undefined });
    assert.equal(held.completion, answer.completion);
  });

  test("turns a stream that was cut into a failure that can still be rescued", async () => {
    const failure = new Failure("upstream_stream_interrupted", "cut");
    const answer = streamAnswer(["data: 1\n\n"], completionOf({ failure }));
    await assert.rejects(holdStream(async () => answer)(requestIn("buffer"), contextOf()), failure);
  });

  test("leaves whole answers alone, and so do the other modes with streams", async () => {
    const whole = wholeAnswer();
    assert.equal(await holdStream(async () => whole)(requestIn("buffer"), contextOf()), whole);
    const stream = streamAnswer(["data: 1\n\n"], completionOf());
    for (const mode of ["passthrough", "validate_at_end"] as const) {
      assert.equal(await holdStream(async () => stream)(requestIn(mode), contextOf()), stream);
    }
    const outside = { ...renderedRequest(), experiment: undefined };
    assert.equal(await holdStream(async () => stream)(outside, contextOf()), stream);
  });

  test("stops where its reader pauses, and goes on where it stopped", async () => {
    const chunks = ["1", "2", "3"];
    const held = await holdStream(async () => streamAnswer(chunks, completionOf()))(
      requestIn("buffer"),
      contextOf(),
    );
    assert.equal(held.body.kind, "stream");
    if (held.body.kind !== "stream") return;
    const { source } = held.body;
    const seen: string[] = [];
    source.start({
      chunk: (bytes) => {
        seen.push(bytes.toString());
        source.pause();
      },
      end: () => seen.push("end"),
      fail: () => seen.push("fail"),
    });
    assert.deepEqual(seen, ["1"]);
    source.resume();
    assert.deepEqual(seen, ["1", "2"]);
    source.resume();
    source.resume();
    assert.deepEqual(seen, ["1", "2", "3", "end"]);
  });
});
