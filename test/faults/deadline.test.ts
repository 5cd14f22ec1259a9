import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  attemptsOf,
  completion,
  type FaultyApp,
  hello,
  openStream,
  role,
  startFaultyApp,
  statusAnswer,
  terminals,
  until,
  upstreamError,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp({ budgets: "\n    retry: { max_retry_after_ms: 9000 }" });
});
after(() => app.close());

/** Plays these bytes and tells, from then on, whether the upstream's connection has been closed. */
function playAndWatch(bytes: string): { readonly closed: () => boolean } {
  let isClosed = false;
  app.play((socket) => {
    socket.on("close", () => {
      isClosed = true;
    });
    socket.write(bytes);
  });
  return { closed: () => isClosed };
}

describe("a request whose time is up", () => {
  test("before its first content is a 504, whatever was under way", async () => {
    const cases = [
      [false, ""],
      [true, ""],
      [true, openStream(role)],
      [false, completionHead()],
    ] as const;
    for (const [stream, bytes] of cases) {
      const upstream = playAndWatch(bytes);
      const told = await app.ask("late", { stream });
      assert.deepEqual([told.status, told.code], [504, "deadline_exceeded"]);
      assert.equal(told.headers["x-should-retry"], "false");
      assert.deepEqual([told.record.outcome, told.record.status], ["timeout", 504]);
      assert.deepEqual(attemptsOf(told.record), ["test/model-a initial deadline_exceeded"]);
      await until("the end of the upstream's connection", upstream.closed);
    }
  });

  test("in mid-stream ends with an error event", async () => {
    const upstream = playAndWatch(openStream(role, hello));
    const told = await app.ask("late", { stream: true });
    assert.deepEqual([told.status, told.code], [200, "deadline_exceeded"]);
    assert.deepEqual(terminals(told.text), { done: 0, errors: 1 });
    assert.equal(told.record.outcome, "timeout");
    await until("the end of the upstream's connection", upstream.closed);
  });

  test("is not spent on a wait that would outlast it", async () => {
    const wait = statusAnswer(429, upstreamError("slow_down"), ["retry-after-ms: 5000"]);
    app.play((socket) => socket.write(wait));
    const told = await app.ask("late");
    assert.equal(told.record.errorType, "upstream_rate_limited");
    assert.equal(told.record.attempts.length, 1);
  });

  test("still gets the ready answer, for that takes no time", async () => {
    for (const stream of [false, true]) {
      playAndWatch("");
      const told = await app.ask("canned", { stream });
      assert.equal(told.status, 200);
      assert.match(told.text, /"content":"ready"/);
      assert.deepEqual(terminals(told.text), { done: stream ? 1 : 0, errors: 0 });
      assert.deepEqual(told.record.fallback, { from: "control", to: "canned", cause: "deadline_exceeded" });
      assert.deepEqual([told.record.outcome, told.record.servedVariantId], ["success", undefined]);
    }
  });
});

function completionHead(): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${completion.length}\r\n\r\n{`;
}
