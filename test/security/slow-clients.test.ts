import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { asFailure } from "../../src/domain/failure.ts";
import { readBody } from "../../src/http/read-body.ts";
import { createHttpServer } from "../../src/http/server.ts";

describe("a client that holds its connection by saying little", () => {
  let served = 0;
  const server = createHttpServer(
    (_, response) => {
      served += 1;
      response.end();
    },
    10,
    { headersMs: 100, checkMs: 10 },
  );
  before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  after(() => server.close());

  /** What it heard, once the server has let go of it; it writes `more` at every sign of life, and at the start. */
  function hold(first: string, more = ""): Promise<string> {
    return new Promise((resolve) => {
      let text = "";
      // A TCP listener's address is always an object.
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      socket.setEncoding("latin1");
      socket.on("data", (piece) => {
        text += piece;
      });
      const drip = setInterval(() => socket.write(more), 5);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        clearInterval(drip);
        resolve(text);
      });
      socket.write(first);
    });
  }

  test("no byte at all: it is told so, and let go", async () => {
    assert.match(await hold(""), /^HTTP\/1\.1 408 .*"code":"request_timeout"/s);
  });

  test("half a head: the same", async () => {
    assert.match(await hold("GET /healthz HTTP/1.1\r\nhost: local"), /^HTTP\/1\.1 408 /);
  });

  test("a head that never ends, letter by letter: every letter does not begin the time anew", async () => {
    assert.match(await hold("GET /healthz HTTP/1.1\r\nx-a: ", "b"), /^HTTP\/1\.1 408 /);
    assert.equal(served, 0);
  });
});

test("a body that comes letter by letter has 30 s in all", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const headers = { "content-type": "application/json", "content-length": "100" };
  // What `readBody` reads of a request: its stream and its headers.
  const request = Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
  let ended: string | undefined;
  readBody(request, 1000).catch((thrown) => {
    ended = asFailure(thrown).code;
  });
  for (let second = 0; second < 29; second++) {
    request.write("x");
    t.mock.timers.tick(1000);
  }
  await setImmediate();
  assert.equal(ended, undefined);
  t.mock.timers.tick(1000);
  await setImmediate();
  assert.equal(ended, "request_timeout");
});
