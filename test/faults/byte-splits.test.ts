import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EventSplitter } from "../../src/core/server-sent-events.ts";
import {
  bodyOf,
  chunkOf,
  type HostileHandler,
  lastChunk,
  streamHead,
  writeInPieces,
} from "../support/hostile-upstream.ts";
import { chunk, type FaultyApp, finish, role, startFaultyApp } from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

const withLines = (event: string, end: string) => event.replaceAll("\n", end);

const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } })}\n\n`;
const twoLines = chunk({ content: " zwei Zeilen" }).replace(',"choices"', ',\ndata: "choices"');

/** Every form that a server may give its events: all line ends, comments, names, no space, a mark at the start. */
const forms = [
  "\uFEFF: hello\r\n\r\n",
  `event: chunk\n${role}`,
  withLines(`id: 7\n${chunk({ content: "Grüße 🦜" })}`, "\r\n"),
  withLines(chunk({ content: "→ \\n 漢字" }), "\r"),
  ": ping\n\n",
  withLines(twoLines, "\r\n"),
  "retry: 100\n\n",
  chunk({ content: " 🏳️‍🌈" }).replace("data: ", "data:"),
  "\n",
  finish,
].join("");

const text = "Grüße 🦜→ \\n 漢字 zwei Zeilen 🏳️‍🌈";
const source = Buffer.from(`${forms}${usage}data: [DONE]\n\n`);
const expected = `${forms}${usage}data: [DONE]\n\n`;

const shown = { stream_options: { include_usage: true } };

/** Splits its answer where the request's `user` says, each piece in an HTTP chunk of its own. */
const splitting: HostileHandler = (socket, request) => {
  // The test's own body.
  const at = Number((JSON.parse(bodyOf(request).toString()) as { user: string }).user);
  const pieces = [source.subarray(0, at), source.subarray(at)];
  const framed = pieces.filter(({ length }) => length > 0).map(frame);
  socket.write(Buffer.concat([Buffer.from(streamHead), ...framed, Buffer.from(lastChunk)]));
};

function frame(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

const utf8 = (latin1: string) => Buffer.from(latin1, "latin1").toString();

/** The events' data, read by the same rules, in one push. */
function dataOf(stream: string): readonly string[] {
  const events = new EventSplitter(1_000_000).push(Buffer.from(stream));
  return events.flatMap(({ data }) => data ?? []);
}

function contentOf(stream: string): string {
  const choices = dataOf(stream)
    .filter((data) => data !== "[DONE]")
    .flatMap((data) => JSON.parse(data).choices);
  return choices.map((choice) => choice.delta.content ?? "").join("");
}

async function askAtEveryByte(model: string, members: object, check: (stream: string) => void) {
  const positions = Array.from({ length: source.length }, (_, at) => at);
  // A few at once: what one of them loses must not turn up in another.
  for (let at = 0; at < positions.length; at += 20) {
    await Promise.all(
      positions.slice(at, at + 20).map(async (position) => {
        const told = await app.ask(model, { stream: true, members: { ...members, user: String(position) } });
        assert.equal(told.record.outcome, "success", `split at ${position}`);
        assert.deepEqual([told.record.chunks, told.record.usage?.outputTokens], [5, 5]);
        check(utf8(told.text));
      }),
    );
  }
}

describe("a stream that is split", () => {
  test("holds what this file thinks it holds", () => {
    assert.equal(contentOf(expected), text);
    assert.equal(dataOf(expected).length, 8);
  });

  test("at any byte reaches the client with the same bytes", async () => {
    app.play(splitting);
    await askAtEveryByte("alone", shown, (stream) => assert.equal(stream, expected));
  });

  test("at any byte loses the usage that we asked for and nothing else, held back as well", async () => {
    app.play(splitting);
    await askAtEveryByte("buffered", {}, (stream) => assert.equal(stream, expected.replace(usage, "")));
  });

  test("after every byte, in its HTTP chunks or below them, is the same", async () => {
    const single = Array.from(source, (_, at) => frame(source.subarray(at, at + 1)));
    const framed = Buffer.concat([Buffer.from(streamHead), ...single, Buffer.from(lastChunk)]);
    const plays: readonly HostileHandler[] = [
      (socket) => socket.write(framed),
      (socket) => void writeInPieces(socket, framed, 1),
      (socket) => void writeInPieces(socket, streamHead + chunkOf(source.toString()) + lastChunk, 1),
      (socket) => void writeInPieces(socket, framed, 7),
    ];
    for (const play of plays) {
      app.play(play);
      for (const model of ["alone", "buffered"]) {
        const told = await app.ask(model, { stream: true, members: shown });
        assert.equal(utf8(told.text), expected);
        assert.equal(told.record.chunks, 5);
      }
    }
  });

  test("is checked by its schema the same wherever it is split", async () => {
    const json = role + chunk({ content: '{"ok":' }) + chunk({ content: "true}" }) + finish;
    const bytes = Buffer.from(`${json}data: [DONE]\n\n`);
    for (let at = 1; at < bytes.length; at++) {
      app.play((socket) => {
        const framed = [frame(bytes.subarray(0, at)), frame(bytes.subarray(at))];
        socket.write(Buffer.concat([Buffer.from(streamHead), ...framed, Buffer.from(lastChunk)]));
      });
      const told = await app.ask("checked", { stream: true });
      assert.equal(told.text, bytes.toString());
      assert.deepEqual(
        told.record.validations.map(({ result }) => result),
        ["pass"],
      );
    }
  });
});
