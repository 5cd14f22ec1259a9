import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import {
  bodyOf,
  chunkOf,
  keepAliveRace,
  lastChunk,
  startBlackhole,
  startHostileUpstream,
  streamHead,
  unusedPort,
  wholeAnswer,
  writeInPieces,
} from "./hostile-upstream.ts";

describe("the hostile upstream", () => {
  test("hands over each request of a connection whole, with a length or in chunks", async () => {
    const upstream = await startHostileUpstream((socket, bytes) => {
      socket.write(wholeAnswer(bodyOf(bytes).toString().toUpperCase()));
    });
    const sized = await fetch(upstream.url, { method: "POST", body: "sized" });
    assert.equal(await sized.text(), "SIZED");
    const body = new Blob(["in ", "chunks"]).stream();
    const chunked = await fetch(upstream.url, { method: "POST", body, duplex: "half" });
    assert.equal(await chunked.text(), "IN CHUNKS");
    assert.equal(upstream.requests.length, 2);
    await upstream.close();
  });

  test("splits an answer at every byte, and the client puts it together", async () => {
    const upstream = await startHostileUpstream((socket) => {
      void writeInPieces(
        socket,
        streamHead + chunkOf("data: å\n\n") + chunkOf("data: [DONE]\n\n") + lastChunk,
      );
    });
    assert.equal(await (await fetch(upstream.url)).text(), "data: å\n\ndata: [DONE]\n\n");
    await upstream.close();
  });

  test("resets a kept connection as its next request arrives", async () => {
    const upstream = await startHostileUpstream(keepAliveRace(wholeAnswer("{}")));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = async () => {
      const sent = request(upstream.url, { method: "POST", agent });
      sent.end("{}");
      const [response] = await once(sent, "response");
      for await (const _ of response);
      return response.statusCode;
    };
    assert.equal(await post(), 200);
    await assert.rejects(post(), { code: "ECONNRESET" });
    assert.equal(upstream.connections(), 1);
    assert.equal(upstream.requests.length, 2);
    agent.destroy();
    await upstream.close();
  });
});

describe("places where no connection is made", () => {
  test("an unused port refuses", async () => {
    const socket = connect(await unusedPort(), "127.0.0.1");
    const [error] = await once(socket, "error");
    assert.equal(error.code, "ECONNREFUSED");
  });

  test("a black hole neither accepts nor refuses", { skip: process.platform !== "linux" }, async () => {
    const blackhole = await startBlackhole();
    const socket = connect(blackhole.port, "127.0.0.1");
    // The socket's own timer: nothing else ever happens to it.
    socket.setTimeout(100);
    const first = await Promise.race(
      ["timeout", "connect", "error"].map((name) => once(socket, name).then(() => name)),
    );
    assert.equal(first, "timeout");
    socket.destroy();
    await blackhole.close();
  });
});
