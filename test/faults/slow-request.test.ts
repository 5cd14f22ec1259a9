import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { createHttpServer } from "../../src/http/server.ts";

/** What is written to a connection whose request node's parser gave up with this code. */
function refusedWith(code: string): { readonly text: string; readonly isDestroyed: boolean } {
  let text = "";
  const socket = new Duplex({
    read() {},
    write(piece, _encoding, done) {
      text += piece;
      done();
    },
  });
  createHttpServer(() => undefined, 10).emit("clientError", Object.assign(new Error("x"), { code }), socket);
  return { text, isDestroyed: socket.destroyed };
}

describe("a request that node gives up", () => {
  test("for coming too slowly gets 408 in OpenAI's shape, and may be sent again", () => {
    const { text } = refusedWith("ERR_HTTP_REQUEST_TIMEOUT");
    const [head = "", body = ""] = text.split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 408 /);
    assert.match(head, /connection: close/);
    assert.doesNotMatch(head, /x-should-retry/);
    const { error } = JSON.parse(body);
    assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
    assert.equal(error.code, "request_timeout");
    assert.match(head, new RegExp(`content-length: ${Buffer.byteLength(body)}`));
  });

  test("because its connection was reset gets nothing", () => {
    assert.deepEqual(refusedWith("ECONNRESET"), { text: "", isDestroyed: true });
  });

  test("has limits on time and connections", () => {
    const server = createHttpServer(() => undefined, 10);
    assert.deepEqual([server.headersTimeout, server.requestTimeout, server.maxConnections], [10_000, 0, 10]);
  });
});
