import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { chunkOf, lastChunk, wholeAnswer } from "../support/hostile-upstream.ts";
import { type Heard, rawPost } from "../support/raw-post.ts";
import { type FaultyApp, openStream, startFaultyApp, statusAnswer, until, upstreamError } from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

const post = (enough?: (text: string) => boolean): Promise<Heard> =>
  rawPost({
    url: `${app.url}/responses`,
    headers: { "content-type": "application/json" },
    body: { model: "m", input: "hi" },
    ...(enough === undefined ? {} : { enough }),
  });

const codeOf = ({ text }: Heard) => JSON.parse(text).error.code;

describe("a route that is only passed through", () => {
  test("gives the bytes as they came, however long: they are not kept", async () => {
    const long = "x".repeat(400_000);
    app.play((socket) => socket.write(wholeAnswer(long)));
    const heard = await post();
    assert.deepEqual([heard.status, heard.text.length, heard.ending], [200, long.length, "end"]);
  });

  test("passes errors and encodings of the upstream, for it reads neither", async () => {
    const body = upstreamError("busy");
    app.play((socket) => socket.write(statusAnswer(503, body, ["retry-after: 7"])));
    const busy = await post();
    assert.deepEqual([busy.status, busy.text, busy.headers["retry-after"]], [503, body, "7"]);
    const gzip = gzipSync("{}");
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${gzip.length}\r\n\r\n`;
    app.play((socket) => socket.write(Buffer.concat([Buffer.from(head), gzip])));
    const packed = await post();
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.deepEqual(Buffer.from(packed.text, "latin1"), gzip);
  });

  test("follows no redirect", async () => {
    app.play((socket) => socket.write(statusAnswer(307, "", ["location: http://127.0.0.1:1/"])));
    const heard = await post();
    assert.deepEqual([heard.status, codeOf(heard)], [502, "upstream_redirected"]);
    assert.equal(heard.headers.location, undefined);
  });

  test("tells of a reset before the answer, once, for it may have been read", async () => {
    const asked = app.upstream.requests.length;
    app.play((socket) => socket.resetAndDestroy());
    const heard = await post();
    assert.deepEqual([heard.status, codeOf(heard)], [502, "upstream_reset"]);
    assert.equal(app.upstream.requests.length, asked + 1);
  });

  for (const [what, more] of [
    ["is cut", "end"],
    ["stalls", "hold"],
  ] as const) {
    test(`looks broken to the client when it ${what}, never whole`, async () => {
      app.play((socket) => {
        socket.write(openStream("data: 1\n\n"));
        if (more === "end") socket.end();
      });
      const heard = await post();
      assert.deepEqual([heard.status, heard.text, heard.ending], [200, "data: 1\n\n", "ECONNRESET"]);
    });
  }

  test("ends the upstream's call when the client hangs up", async () => {
    let isClosed = false;
    app.play((socket) => {
      socket.on("close", () => {
        isClosed = true;
      });
      socket.write(openStream("data: 1\n\n"));
    });
    await post((text) => text.includes("data: 1"));
    await until("the end of the upstream's connection", () => isClosed);
  });

  test("gives a stream of any split the same", async () => {
    const text = "data: a\n\ndata: b\r\n\r\n";
    for (let at = 1; at < text.length; at++) {
      app.play((socket) => {
        socket.write(openStream(text.slice(0, at)) + chunkOf(text.slice(at)) + lastChunk);
      });
      assert.equal((await post()).text, text);
    }
  });
});
