import assert from "node:assert/strict";
import { ChatStreamReader } from "../../src/core/chat-stream.ts";
import { EventSplitter, type ServerSentEvent } from "../../src/core/server-sent-events.ts";
import type { FuzzTarget } from "./target.ts";

/** Beyond any input: how long an event may wait depends on how it is cut. */
const limit = 1024 * 1024;

/** A stream is the same however it is cut, loses no byte, and its reader survives it. */
export function createSseTarget(): FuzzTarget {
  return {
    words: [
      "data: ",
      "data:",
      "\n\n",
      "\r\n\r\n",
      "\r\r",
      ": ping\n\n",
      "event: x\n",
      "data: [DONE]\n\n",
      '{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}',
      '"finish_reason":"stop"',
      '"usage":{"prompt_tokens":1}',
      '"error":{"code":429}',
      '"tool_calls":[{"index":0,"function":{"arguments":"{"}}]',
    ],
    check(input) {
      const whole = told([input]);
      for (const at of cuts(input.length)) {
        assert.deepEqual(told([input.subarray(0, at), input.subarray(at)]), whole, `cut at byte ${at}`);
      }
      assert.deepEqual(told([...input].map((byte) => Buffer.from([byte]))), whole, "byte by byte");
      assert.equal(whole.raw, input.toString("latin1"));
      const { read } = whole;
      return `${read.isFinished} ${read.isDone} ${read.malformed > 0} ${read.kinds} ${read.usage}`;
    },
  };
}

function told(pieces: readonly Buffer[]) {
  const splitter = new EventSplitter(limit);
  const events: ServerSentEvent[] = pieces.flatMap((piece) => splitter.push(piece));
  const rest = splitter.flush();
  if (rest !== undefined) events.push(rest);
  const raw = Buffer.concat(events.map((event) => event.raw));
  return {
    // What nothing closed is closed at the end; a LF alone there, the half of a CRLF that was cut, is so too.
    raw: raw
      .subarray(
        0,
        pieces.reduce((sum, { length }) => sum + length, 0),
      )
      .toString("latin1"),
    data: events.map(({ data }) => data).filter((data) => data !== undefined),
    read: readingOf(events),
  };
}

function readingOf(events: readonly ServerSentEvent[]) {
  const reader = new ChatStreamReader({ choices: 1, hidesUsage: true, collects: true });
  const verdicts = events.map((event) => ({ event, kind: reader.read(event).kind }));
  const kinds = new Set(verdicts.filter(({ event }) => event.data !== undefined).map(({ kind }) => kind));
  return {
    kinds: [...kinds].toSorted().join(),
    isFinished: reader.isFinished,
    isDone: reader.isDone,
    malformed: reader.malformedChunks,
    characters: reader.characters,
    choices: reader.choices,
    usage: JSON.stringify(reader.usage),
  };
}

/** All of a short input, sixteen of a long one. */
function cuts(length: number): readonly number[] {
  const step = Math.max(1, Math.ceil(length / (length <= 64 ? length : 16)));
  return Array.from({ length: Math.floor(length / step) }, (_, index) => index * step);
}
