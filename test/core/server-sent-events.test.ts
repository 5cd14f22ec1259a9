import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { doneEvent, EventSplitter, EventTooLarge, eventBytes } from "../../src/core/server-sent-events.ts";

/** Bytes that make events: ends of lines far more often than chance would have it. */
const stream = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\r",
        "\r\n\r\n",
        "data: ",
        "data:",
        "data",
        ":",
        "event: x",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join("")));

const bytes = fc.oneof(
  stream,
  fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array)),
);
const cuts = fc.array(fc.nat(200), { maxLength: 20 });

function pieces(whole: Buffer, at: readonly number[]): readonly Buffer[] {
  const ends = [...at.filter((cut) => cut <= whole.length), whole.length].sort((a, b) => a - b);
  return ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
}

/** All events of a stream that came in these pieces; the last may be one that nothing closed. */
function split(parts: readonly Buffer[]) {
  const splitter = new EventSplitter(1_000_000);
  const events = parts.flatMap((part) => splitter.push(part));
  const rest = splitter.flush();
  return { events, rest };
}

const dataOf = (parts: readonly Buffer[]) => {
  const { events, rest } = split(parts);
  return [...events, ...(rest === undefined ? [] : [rest])].flatMap(({ data }) => data ?? []);
};

describe("EventSplitter", () => {
  test("changes no byte: the raw bytes of all events are the input, however it was cut", () => {
    fc.assert(
      fc.property(bytes, cuts, (whole, at) => {
        const { events, rest } = split(pieces(whole, at));
        const raws = Buffer.concat(events.map(({ raw }) => raw));
        assert.deepEqual(raws, whole.subarray(0, raws.length));
        const left = whole.subarray(raws.length);
        // What was left gets the blank line that never came.
        if (rest === undefined) assert.equal(left.length, 0);
        else assert.deepEqual(rest.raw, Buffer.concat([left, Buffer.from("\n\n")]));
      }),
      { numRuns: 2000 },
    );
  });

  test("reads the same data wherever its input is cut", () => {
    fc.assert(
      fc.property(bytes, cuts, (whole, at) => {
        assert.deepEqual(dataOf(pieces(whole, at)), dataOf([whole]));
      }),
      { numRuns: 2000 },
    );
  });

  test("gives back what eventBytes made, whatever the text", () => {
    const text = fc.string({ unit: "binary" }).filter((it) => !/[\r\n]/.test(it) && it.isWellFormed());
    fc.assert(
      fc.property(fc.array(text), cuts, (texts, at) => {
        const whole = Buffer.concat(texts.map(eventBytes));
        assert.deepEqual(dataOf(pieces(whole, at)), texts);
      }),
    );
  });

  test("takes each end of line, joins data lines, and knows a comment from data", () => {
    const cases: readonly (readonly [string, readonly (string | undefined)[]])[] = [
      ["data: a\n\n", ["a"]],
      ["data: a\r\n\r\n", ["a"]],
      ["data: a\r\rdata: b\r\r", ["a", "b"]],
      ["data: a\ndata: b\n\n", ["a\nb"]],
      ["data:a\n\n", ["a"]],
      ["data:  a\n\n", [" a"]],
      ["data\n\n", [""]],
      ["data: \n\n", [""]],
      [": comment\n\n", [undefined]],
      ["event: x\nid: 1\nretry: 2\n\n", [undefined]],
      ["database: a\n\n", [undefined]],
      ["event: x\ndata: a\n: c\n\n", ["a"]],
      ["\uFEFFdata: a\n\n", ["a"]],
      ["\n\n", [undefined, undefined]],
      ["data: a\n\ndata: b\n\n", ["a", "b"]],
    ];
    for (const [text, wanted] of cases) {
      const events = new EventSplitter(1000).push(Buffer.from(text));
      assert.deepEqual(
        events.map(({ data }) => data),
        wanted,
        JSON.stringify(text),
      );
    }
  });

  test("keeps an event back until its blank line has come", () => {
    const splitter = new EventSplitter(1000);
    assert.deepEqual(splitter.push(Buffer.from("data: a\n")), []);
    assert.equal(splitter.push(Buffer.from("\n"))[0]?.data, "a");
    assert.equal(splitter.flush(), undefined);
  });

  test("gives what nothing closed when the stream ends", () => {
    const splitter = new EventSplitter(1000);
    splitter.push(Buffer.from("data: [DO"));
    splitter.push(Buffer.from("NE]"));
    assert.equal(splitter.flush()?.data, "[DONE]");
    assert.equal(splitter.flush(), undefined);
  });

  test("refuses an event over its limit, in whatever pieces, and none below", () => {
    for (const size of [1, 7, 1000]) {
      const line = Buffer.alloc(1001, "x");
      const splitter = new EventSplitter(1000);
      assert.throws(() => {
        for (let at = 0; at < line.length; at += size) splitter.push(line.subarray(at, at + size));
      }, EventTooLarge);
    }
    const splitter = new EventSplitter(1000);
    for (let turn = 0; turn < 10; turn++) {
      splitter.push(Buffer.alloc(990, "x"));
      assert.equal(splitter.push(Buffer.from("\n\n")).length, 1);
    }
  });

  test("knows [DONE] as the writer writes it", () => {
    assert.equal(doneEvent.toString(), "data: [DONE]\n\n");
  });
});
