import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ChatStreamReader } from "../../src/core/chat-stream.ts";

const plain = { choices: 1, hidesUsage: false, collects: true };

const event = (data: string | undefined) => ({ raw: Buffer.alloc(0), data });
const json = (value: unknown) => event(JSON.stringify(value));
const chunk = (delta: object, finish: string | null = null, index = 0) =>
  json({ id: "c1", model: "m1", choices: [{ index, delta, finish_reason: finish }] });

describe("ChatStreamReader", () => {
  test("knows content from what only prepares it", () => {
    const reader = new ChatStreamReader(plain);
    const verdicts = [
      event(undefined),
      chunk({ role: "assistant", content: "" }),
      chunk({ content: null }),
      chunk({}),
      json({ choices: [], prompt_filter_results: [] }),
    ].map((it) => reader.read(it));
    for (const verdict of verdicts) assert.deepEqual(verdict, { kind: "forward", isContent: false });
    for (const content of [
      chunk({ content: "a" }),
      chunk({ refusal: "no" }),
      chunk({ tool_calls: [{ index: 0, function: { name: "f", arguments: "" } }] }),
      chunk({ reasoning_content: "hm" }),
      chunk({}, "stop"),
    ]) {
      assert.deepEqual(new ChatStreamReader(plain).read(content), { kind: "forward", isContent: true });
    }
  });

  test("is finished when every choice that was asked for has its finish_reason", () => {
    const reader = new ChatStreamReader({ ...plain, choices: 2 });
    assert.equal(reader.isFinished, false);
    reader.read(chunk({}, "stop", 1));
    assert.equal(reader.isFinished, false);
    reader.read(chunk({ content: "a" }, null, 0));
    assert.equal(reader.isFinished, false);
    reader.read(chunk({}, "length", 0));
    assert.equal(reader.isFinished, true);
    assert.deepEqual(
      reader.choices.map(({ index, finishReason }) => [index, finishReason]),
      [
        [0, "length"],
        [1, "stop"],
      ],
    );
  });

  test("is done at [DONE] and drops it, with or without spaces around", () => {
    for (const text of ["[DONE]", " [DONE] "]) {
      const reader = new ChatStreamReader(plain);
      assert.deepEqual(reader.read(event(text)), { kind: "drop" });
      assert.deepEqual([reader.isDone, reader.isFinished], [true, false]);
    }
  });

  test("drops and counts what is no chunk", () => {
    const reader = new ChatStreamReader(plain);
    for (const text of ["{oops", '"text"', "7", "null", "[]", ""]) {
      assert.deepEqual(reader.read(event(text)), { kind: "drop" });
    }
    assert.equal(reader.malformedChunks, 6);
    assert.equal(reader.chunks, 0);
  });

  test("shows an error, as an object or a text", () => {
    const read = (error: unknown) => new ChatStreamReader(plain).read(json({ error }));
    assert.deepEqual(read({ code: "x" }), { kind: "error", error: { code: "x" } });
    assert.deepEqual(read("busy"), { kind: "error", error: { message: "busy" } });
    assert.equal(read(null).kind, "forward");
  });

  test("hides the usage chunk only where it was asked for by us, and counts it either way", () => {
    const usage = json({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } });
    for (const hidesUsage of [true, false]) {
      const reader = new ChatStreamReader({ ...plain, hidesUsage });
      assert.equal(reader.read(usage).kind, hidesUsage ? "drop" : "forward");
      assert.equal(reader.usage?.outputTokens, 5);
    }
    const reader = new ChatStreamReader({ ...plain, hidesUsage: true });
    const both = {
      choices: [{ index: 0, delta: { content: "a" } }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    };
    assert.equal(reader.read(json(both)).kind, "forward");
  });

  test("puts text and tool calls together from however many pieces", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 30 });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 5 }), (content, argument, size) => {
        const reader = new ChatStreamReader(plain);
        for (let at = 0; at < content.length; at += size) {
          reader.read(chunk({ content: content.slice(at, at + size) }));
        }
        reader.read(chunk({ tool_calls: [{ index: 1, function: { name: "f", arguments: "" } }] }));
        for (let at = 0; at < argument.length; at += size) {
          const piece = { index: 1, function: { arguments: argument.slice(at, at + size) } };
          reader.read(chunk({ tool_calls: [piece] }));
        }
        reader.read(chunk({}, "stop"));
        const [choice] = reader.choices;
        assert.equal(choice?.content ?? "", content);
        assert.deepEqual(choice?.toolCalls[1], { name: "f", arguments: argument });
        assert.equal(reader.characters, content.length + argument.length);
      }),
    );
  });

  test("collects nothing where nobody will read it, but counts all the same", () => {
    const reader = new ChatStreamReader({ ...plain, collects: false });
    reader.read(chunk({ content: "hello" }));
    assert.equal(reader.choices[0]?.content, undefined);
    assert.deepEqual([reader.characters, reader.chunks], [5, 1]);
  });

  test("never throws, and grows by no number that a chunk names", () => {
    fc.assert(
      fc.property(fc.array(fc.json(), { maxLength: 10 }), (texts) => {
        const reader = new ChatStreamReader(plain);
        for (const text of texts) reader.read(event(text));
      }),
    );
    const reader = new ChatStreamReader(plain);
    for (let index = 0; index < 1000; index++) reader.read(chunk({ content: "x" }, null, index));
    reader.read(chunk({ tool_calls: [{ index: 4_000_000_000, function: { arguments: "x" } }] }));
    assert.ok(reader.choices.length <= 128);
    assert.deepEqual(reader.choices[0]?.toolCalls, []);
  });

  test("survives chunks whose members have other types than they should", () => {
    const odd = fc.anything();
    const chunks = fc.record({
      id: odd,
      model: odd,
      usage: odd,
      choices: fc.oneof(odd, fc.array(fc.record({ index: odd, delta: odd, finish_reason: odd }))),
    });
    fc.assert(
      fc.property(chunks, (value) => {
        let text: string | undefined;
        try {
          text = JSON.stringify(value);
        } catch {
          // A bigint or a circle: no upstream can send it.
        }
        new ChatStreamReader(plain).read(event(text));
      }),
      { numRuns: 1000 },
    );
  });
});
