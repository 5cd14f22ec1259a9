import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ChatStreamReader } from "../../src/core/chat-stream.ts";
import { learnTemplate, textOf } from "../../src/core/chunk-template.ts";
import { EventSplitter, eventBytes } from "../../src/core/server-sent-events.ts";

const chunkOf = (delta: object, others: object = {}, choice: object = {}) => ({
  id: "chatcmpl-1",
  model: "gpt-4.1",
  choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...choice }],
  usage: null,
  ...others,
});
const learn = (chunk: Record<string, unknown>) => learnTemplate(eventBytes(JSON.stringify(chunk)), chunk);

describe("a chunk's template", () => {
  test("reads the text of chunks that differ in it alone, escapes and all", () => {
    const template = learn(chunkOf({ content: "first" }));
    assert.ok(template);
    for (const text of [
      "second",
      "",
      'a "quoted" \\ line\n',
      "naïve 🦊",
      "\u{10FFFF}",
      "\ud800",
      "content",
    ]) {
      assert.equal(textOf(template, eventBytes(JSON.stringify(chunkOf({ content: text })))), text);
    }
  });

  test("looks past the padding that OpenAI adds, whatever its length", () => {
    const padded = (content: string, obfuscation: string) => chunkOf({ content }, { obfuscation });
    const template = learn(padded("first", "xY"));
    assert.ok(template);
    assert.equal(textOf(template, eventBytes(JSON.stringify(padded("second", "")))), "second");
    assert.equal(textOf(template, eventBytes(JSON.stringify(padded("third", "aB3xYz")))), "third");
  });

  test("takes no namesake for the member, before it or behind", () => {
    const before = (note: string) => ({ note: { content: note }, ...chunkOf({ content: "same" }) });
    const template = learn(before("first"));
    assert.equal(template && textOf(template, eventBytes(JSON.stringify(before("second")))), undefined);
    const behind = (content: string) => ({ ...chunkOf({ content }), note: { content: "same" } });
    const other = learn(behind("first"));
    assert.ok(other);
    assert.equal(textOf(other, eventBytes(JSON.stringify(behind("second")))), "second");
  });

  test("is not made of a chunk that says more than one text", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    for (const chunk of [
      chunkOf({}),
      chunkOf({ content: "" }),
      chunkOf({ content: "a", reasoning: "b" }),
      chunkOf({ refusal: "no" }),
      chunkOf({ tool_calls: [{ index: 0 }] }),
      chunkOf({ content: "a" }, { usage }),
      chunkOf({ content: "a" }, { error: "busy" }),
      chunkOf({ content: "a" }, {}, { finish_reason: "stop" }),
      chunkOf({ content: "a" }, { choices: [] }),
    ]) {
      assert.equal(learn(chunk), undefined, JSON.stringify(chunk));
    }
  });

  test("knows nothing that is not JSON for a text", () => {
    const template = learn(chunkOf({ content: "TEXT" }));
    assert.ok(template);
    const whole = eventBytes(JSON.stringify(chunkOf({ content: "TEXT" }))).toString();
    for (const text of ["\n", "\t", "\\x", "\\", "\\u12", '"', '","content":"b', "\u0000"]) {
      assert.equal(
        textOf(template, Buffer.from(whole.replace("TEXT", text))),
        undefined,
        JSON.stringify(text),
      );
    }
    for (let length = 0; length < whole.length; length++) {
      assert.equal(textOf(template, Buffer.from(whole.slice(0, length))), undefined);
    }
    assert.equal(textOf(template, Buffer.from(`${whole}\n`)), undefined);
  });
});

const word = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom(" word", "", "\n\n", '"', "\\", "ü", '{"content":"x"}', "obfuscation"),
);
const delta = fc.oneof(
  { weight: 6, arbitrary: fc.record({ content: word }) },
  fc.record({ content: fc.constant(null), reasoning_content: word }),
  fc.record({ role: fc.constant("assistant"), content: word }),
  fc.record({ refusal: word }),
  fc.record({ tool_calls: fc.constant([{ index: 0, function: { name: "f", arguments: '"content":"' } }]) }),
);
const chunk = fc
  .record({
    delta,
    index: fc.constantFrom(0, 0, 0, 1),
    finish: fc.constantFrom(null, null, null, null, "stop"),
    padding: fc.option(word),
    namesake: fc.option(word),
    usage: fc.constantFrom(null, null, null, { prompt_tokens: 1, completion_tokens: 2 }),
    space: fc.constantFrom("", "", " "),
  })
  .map(({ delta, index, finish, padding, namesake, usage, space }) => {
    const others = { usage, ...(padding === null ? {} : { obfuscation: padding }) };
    const before = namesake === null ? {} : { content: namesake };
    const value = { ...before, ...chunkOf(delta, others, { index, finish_reason: finish }) };
    return `data: ${JSON.stringify(value).replaceAll('":"', `":${space}"`)}`;
  });

/** Streams as upstreams make them: a few kinds of chunk, most of one kind, here and there a byte gone wrong. */
const stream = fc
  .tuple(
    fc.array(fc.oneof({ weight: 5, arbitrary: chunk }, fc.constantFrom(": ping", "data: [DONE]", "data: {"))),
    fc.array(word, { maxLength: 5 }),
    fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 3 }),
    fc.constantFrom("\n\n", "\n\n", "\n\n", "\r\n\r\n"),
  )
  .map(([events, texts, wrong, end]) => {
    const more = texts.map((content) => `data: ${JSON.stringify(chunkOf({ content }))}`);
    const bytes = Buffer.from([...more, ...events, ...more, ""].join(end));
    for (const [at, byte] of wrong) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });

test("a reader that knows chunks by their template reads what one that parses them all reads", () => {
  fc.assert(
    fc.property(stream, fc.boolean(), (bytes, collects) => {
      const options = { choices: 1, hidesUsage: true, collects };
      const [quick, thorough] = [new ChatStreamReader(options), new ChatStreamReader(options)];
      for (const event of new EventSplitter(1_000_000).push(bytes)) {
        const parsed = thorough.read({ raw: Buffer.alloc(0), data: event.data });
        assert.deepEqual(quick.read(event), parsed);
      }
      assert.deepEqual(told(quick), told(thorough));
    }),
    { numRuns: 3000 },
  );
});

function told(reader: ChatStreamReader) {
  const { responseId, responseModel, usage, isDone, chunks, malformedChunks, characters, choices } = reader;
  return { responseId, responseModel, usage, isDone, chunks, malformedChunks, characters, choices };
}
