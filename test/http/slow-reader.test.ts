import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { endStuckReader } from "../../src/http/slow-reader.ts";

/** An answer with bytes that wait; `taken` of them have been taken by the kernel. */
function waitingAnswer() {
  const answer = Object.assign(new EventEmitter(), {
    socket: { bytesWritten: 1000, writableLength: 1000 },
    writableLength: 1000,
    isDestroyed: false,
    destroy() {
      answer.isDestroyed = true;
      answer.emit("close");
    },
  });
  // The parts of a ServerResponse that the watch looks at.
  endStuckReader(answer as unknown as ServerResponse);
  return answer;
}

const withClock = (t: TestContext) => t.mock.timers.enable({ apis: ["setInterval"] });

describe("a reader of an answer that waits", () => {
  test("is cut off when it takes nothing for half a minute", (t) => {
    withClock(t);
    const answer = waitingAnswer();
    t.mock.timers.tick(29_999);
    assert.equal(answer.isDestroyed, false);
    t.mock.timers.tick(1);
    assert.equal(answer.isDestroyed, true);
  });

  test("is left alone while it takes something, however little", (t) => {
    withClock(t);
    const answer = waitingAnswer();
    for (let turn = 0; turn < 20; turn++) {
      answer.socket.writableLength -= 1;
      t.mock.timers.tick(30_000);
    }
    assert.equal(answer.isDestroyed, false);
  });

  test("is left alone when nothing waits for it: then the upstream is silent", (t) => {
    withClock(t);
    const answer = waitingAnswer();
    answer.writableLength = 0;
    t.mock.timers.tick(90_000);
    assert.equal(answer.isDestroyed, false);
  });
});
