import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import type { ChunkSink, ChunkSource } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import { writeBytes, writeEvents } from "../../src/http/stream-writer.ts";

/** A source whose sink is the test's. */
function steered() {
  const { promise, resolve } = Promise.withResolvers<ChunkSink>();
  const source: ChunkSource = { start: resolve, pause() {}, resume() {}, cancel() {} };
  return { source, sink: promise };
}

/** A server whose every answer is `write`'s, and the port that it listens on. */
async function serve(t: TestContext, write: (response: ServerResponse) => void): Promise<number> {
  const server = createServer((_, response) => write(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const request = (version: string, more = "") => `POST / HTTP/${version}\r\nhost: a\r\n${more}\r\n`;
const lastRequest = (version = "1.1") => request(version, "connection: close\r\n");

/** Everything that a server says to these requests on one connection, until it closes. */
function exchange(port: number, ...requests: readonly string[]): Promise<Buffer> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write(requests.join(""));
  return buffer(socket);
}

const bodyOf = (answer: Buffer) => answer.toString().split("\r\n\r\n").slice(1).join("\r\n\r\n");
const ended = (...chunks: readonly string[]): ChunkSource => ({
  start(sink) {
    for (const chunk of chunks) sink.chunk(Buffer.from(chunk));
    sink.end();
  },
  pause() {},
  resume() {},
  cancel() {},
});

describe("a stream to a client", () => {
  test("goes out in chunks, one each, and is closed by [DONE]", async (t) => {
    const port = await serve(t, (response) => {
      response.writeHead(200);
      writeEvents(ended("data: 1\n\n", "", `data: ${"x".repeat(5000)}\n\n`), response);
    });
    const answer = await exchange(port, lastRequest());
    assert.match(answer.toString(), /\r\ntransfer-encoding: chunked\r\n/i);
    const long = `1390\r\ndata: ${"x".repeat(5000)}\n\n\r\n`;
    assert.equal(bodyOf(answer), `9\r\ndata: 1\n\n\r\n${long}e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n`);
  });

  test("is bare bytes until the connection closes where HTTP knows no chunks", async (t) => {
    const port = await serve(t, (response) => {
      response.writeHead(200);
      writeEvents(ended("data: 1\n\n"), response);
    });
    assert.equal(bodyOf(await exchange(port, lastRequest("1.0"))), "data: 1\n\ndata: [DONE]\n\n");
  });

  test("leaves a connection that serves again, also requests that did not wait", async (t) => {
    const port = await serve(t, (response) => {
      response.writeHead(200);
      writeEvents(ended("data: 1\n\n"), response);
    });
    const answer = await exchange(port, request("1.1"), request("1.1"), lastRequest());
    const body = "9\r\ndata: 1\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
    assert.equal(answer.toString().split(body).length, 4);
  });

  test("ends a failure with an error event, and well-formed", async (t) => {
    const { source, sink } = steered();
    const port = await serve(t, (response) => {
      response.writeHead(200);
      writeEvents(source, response);
    });
    const answer = exchange(port, lastRequest());
    const to = await sink;
    to.chunk(Buffer.from("data: 1\n\n"));
    to.fail(new Failure("upstream_stalled", "silent"));
    const body = bodyOf(await answer);
    assert.match(body, /^9\r\ndata: 1\n\n\r\n[0-9a-f]+\r\ndata: \{"error":.*\n\n\r\n0\r\n\r\n$/s);
    assert.doesNotMatch(body, /\[DONE\]/);
  });

  test("breaks a silence of ten seconds with a comment, and no shorter one of five", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { source, sink } = steered();
    const port = await serve(t, (response) => {
      response.writeHead(200);
      writeEvents(source, response);
    });
    const answer = exchange(port, lastRequest());
    const to = await sink;
    for (let turn = 0; turn < 4; turn++) {
      to.chunk(Buffer.from(`${turn}\n\n`));
      t.mock.timers.tick(5000);
    }
    to.chunk(Buffer.from("quiet\n\n"));
    t.mock.timers.tick(20_000);
    to.end();
    const said = bodyOf(await answer).replaceAll(/\r\n[0-9a-f]+\r\n|^\d\r\n/g, "");
    assert.equal(said.indexOf(": keep-alive") > said.indexOf("quiet"), true);
    assert.equal(said.split(": keep-alive\n\n").length, 3);
  });
});

describe("bytes that are passed through", () => {
  test("keep the length that their upstream gave them", async (t) => {
    const port = await serve(t, (response) => {
      response.writeHead(200, { "content-length": 6 });
      writeBytes(ended("abc", "def"), response);
    });
    assert.equal(bodyOf(await exchange(port, lastRequest())), "abcdef");
  });

  test("are chunked where they have none, and nothing where there can be none", async (t) => {
    const statuses = [200, 204];
    const port = await serve(t, (response) => {
      response.writeHead(statuses.shift() ?? 500);
      writeBytes(ended("abc"), response);
    });
    assert.equal(bodyOf(await exchange(port, lastRequest())), "3\r\nabc\r\n0\r\n\r\n");
    assert.equal(bodyOf(await exchange(port, lastRequest())), "");
  });

  test("look broken when they break off", async (t) => {
    const { source, sink } = steered();
    const port = await serve(t, (response) => {
      response.writeHead(200);
      writeBytes(source, response);
    });
    const answer = exchange(port, lastRequest());
    const to = await sink;
    to.chunk(Buffer.from("abc"));
    to.fail(new Failure("upstream_stalled", "silent"));
    assert.doesNotMatch(bodyOf(await answer), /0\r\n\r\n$/);
  });
});
