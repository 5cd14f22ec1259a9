import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type HostileHandler, lastChunk } from "../support/hostile-upstream.ts";
import {
  attemptsOf,
  type FaultyApp,
  finish,
  good,
  hello,
  openStream,
  role,
  startFaultyApp,
  statusAnswer,
  until,
  upstreamError,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  const budgets = `
    max_concurrent: 1
    budgets: { first_token_ms: 150, stall_ms: 150 }
    retry: { max_attempts: 1 }
    breaker: { minimum_calls: 1000000 }`;
  app = await startFaultyApp({ budgets });
});
after(() => app.close());

describe("an upstream that has all the calls it may", () => {
  test("refuses one more at once, and says when to come back", async () => {
    let release: () => void = () => undefined;
    app.play((socket, request) => {
      release = () => good(socket, request);
    });
    const asked = app.upstream.requests.length;
    const first = app.ask("alone");
    await until("the first request", () => app.upstream.requests.length === asked + 1);

    for (const stream of [false, true]) {
      const second = await app.ask("alone", { stream });
      assert.deepEqual([second.status, second.code], [503, "overloaded"]);
      assert.deepEqual([second.headers["retry-after"], second.headers["retry-after-ms"]], ["1", "1000"]);
      // Nothing was tried: the client's own retry is welcome.
      assert.equal(second.headers["x-should-retry"], undefined);
      assert.deepEqual(attemptsOf(second.record), ["test/model-a initial overloaded"]);
      assert.deepEqual([second.record.outcome, second.record.status], ["rate_limited", 503]);
    }
    const rescued = await app.ask("rescued");
    assert.deepEqual([rescued.status, rescued.record.fallback?.cause], [200, "overloaded"]);
    assert.equal((await fetch(`${app.adminUrl}/healthz`)).status, 200);
    assert.equal(app.upstream.requests.length, asked + 1);

    release();
    assert.equal((await first).status, 200);
  });

  const ends: readonly (readonly [string, HostileHandler, { stream: boolean; hangUp?: boolean }])[] = [
    ["a success", good, { stream: false }],
    ["a stream's end", good, { stream: true }],
    ["an error status", (socket) => socket.write(statusAnswer(500, upstreamError("no"))), { stream: false }],
    ["a reset", (socket) => socket.resetAndDestroy(), { stream: true }],
    ["silence", () => undefined, { stream: true }],
    ["a stall", (socket) => socket.write(openStream(role, hello)), { stream: true }],
    [
      "a client that hung up",
      (socket) => socket.write(openStream(role, hello)),
      { stream: true, hangUp: true },
    ],
    [
      "a stream without [DONE]",
      (socket) => socket.write(openStream(hello, finish) + lastChunk),
      { stream: true },
    ],
  ];
  for (const [what, handler, { stream, hangUp = false }] of ends) {
    test(`takes the next call after ${what}`, async () => {
      for (let turn = 0; turn < 2; turn++) {
        app.play(handler);
        await app.ask("alone", { stream, enough: (text) => hangUp && text.includes("Hello") });
        app.play(good);
        assert.equal((await app.ask("alone")).status, 200);
      }
    });
  }
});
