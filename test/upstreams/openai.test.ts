import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Answer, Upstream } from "../../src/domain/chat.ts";
import type { Failure } from "../../src/domain/failure.ts";
import type { UpstreamConfig } from "../../src/domain/upstream-config.ts";
import { createOpenAiUpstream } from "../../src/upstreams/openai.ts";
import { goodStream, hello, openStream, role } from "../faults/fixture.ts";
import {
  chunkOf,
  type HostileUpstream,
  lastChunk,
  startHostileUpstream,
} from "../support/hostile-upstream.ts";

let server: HostileUpstream;
let sockets: Socket[] = [];
let bytes = "";
let upstream: Upstream;

before(async () => {
  server = await startHostileUpstream((socket) => {
    sockets.push(socket);
    socket.write(bytes);
  });
  upstream = createOpenAiUpstream(config, server.url);
});
after(async () => {
  await server.close();
  await upstream.close();
});

const config: UpstreamConfig = {
  name: "test",
  dialect: "openai",
  baseUrl: "",
  apiKey: undefined,
  withoutKey: "open",
  provider: "openai",
  maxConcurrent: 1,
  maxResponseBytes: 1_000_000,
  canReachPrivate: false,
  sendBaggage: false,
  headers: {},
  budgets: { connectMs: 5000, headMs: 5000, firstTokenMs: 5000, stallMs: 5000 },
  retry: {
    maxAttempts: 1,
    baseMs: 1,
    maxMs: 1,
    maxRetryAfterMs: 1,
    budgetRatio: 0,
    budgetPerSecond: 0,
  },
  breaker: { failureRatio: 1, minimumCalls: 1, windowMs: 1000, openMs: 1000 },
};

function attempt(signal: AbortSignal = new AbortController().signal): Promise<Answer> {
  const call = { isStream: true, hidesUsage: false, choices: 1, collects: false, headers: {} };
  return upstream.attempt({ ...call, body: Buffer.from("{}"), signal });
}

/** Reads to the end, and pauses at the first chunk without ever resuming where it is told to. */
function read(answer: Answer, isPausing: boolean): Promise<string> {
  const { body } = answer;
  assert.ok(body.kind === "stream");
  return new Promise((resolve) => {
    let text = "";
    body.source.start({
      chunk: (piece) => {
        text += piece.toString();
        if (isPausing) body.source.pause();
      },
      end: () => resolve(text),
      fail: ({ code }) => resolve(code),
    });
  });
}

const withoutDone = goodStream.replace("data: [DONE]\n\n", "");

describe("an upstream of one connection", () => {
  test("serves again although the reader of a finished stream paused and never came back", async () => {
    sockets = [];
    bytes = openStream(goodStream);
    assert.equal(await read(await attempt(), true), withoutDone);
    // The rest of the body comes only now: it must still be read.
    sockets[0]?.write(chunkOf(": bye\n\n") + chunkOf(": bye\n\n") + lastChunk);
    bytes += lastChunk;
    assert.equal(await read(await attempt(), false), withoutDone);
  });

  test("serves again after a call that was given up before and in its stream", async () => {
    for (const sent of ["", openStream(role), openStream(role, hello)]) {
      bytes = sent;
      sockets = [];
      const controller = new AbortController();
      const outcome = attempt(controller.signal).then(
        (answer) => read(answer, false),
        ({ code }: Failure) => code,
      );
      while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(new Error("given up"));
      assert.equal(await outcome, "internal_error");
      bytes = openStream(goodStream) + lastChunk;
      assert.equal(await read(await attempt(), false), withoutDone);
    }
  });

  test("asks nobody when the call was given up before it began", async () => {
    const asked = server.requests.length;
    await assert.rejects(attempt(AbortSignal.abort(new Error("given up"))));
    assert.equal(server.requests.length, asked);
  });
});
