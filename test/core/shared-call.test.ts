import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Canceller } from "../../src/core/canceller.ts";
import { SharedCall } from "../../src/core/shared-call.ts";
import type { CancelSignal } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";

function begin() {
  const open = Promise.withResolvers<string>();
  let given: CancelSignal | undefined;
  const call = new SharedCall((signal) => {
    given = signal;
    return open.promise;
  });
  return { call, ...open, isCancelled: () => given?.aborted === true, reason: () => given?.reason };
}

const gone = (message: string) => new Failure("client_cancelled", message);

describe("a call that several wait for", () => {
  test("answers all of them", async () => {
    const { call, resolve } = begin();
    const waiting = [call.wait(new Canceller().signal), call.wait(new Canceller().signal)];
    resolve("yes");
    assert.deepEqual(await Promise.all(waiting), ["yes", "yes"]);
  });

  test("fails for all of them", async () => {
    const { call, reject } = begin();
    const waiting = [call.wait(new Canceller().signal), call.wait(new Canceller().signal)];
    reject(gone("no"));
    for (const each of waiting) await assert.rejects(each, { message: "no" });
  });

  test("goes on for those who stay when one leaves", async () => {
    const { call, resolve, isCancelled } = begin();
    const leaver = new Canceller();
    const [left, stays] = [call.wait(leaver.signal), call.wait(new Canceller().signal)];
    leaver.abort(gone("bored"));
    await assert.rejects(left, { message: "bored" });
    assert.equal(isCancelled(), false);
    assert.equal(call.isGivenUp, false);
    resolve("yes");
    assert.equal(await stays, "yes");
  });

  test("is given up with the last, for that one's reason", async () => {
    const { call, isCancelled, reason } = begin();
    const cancellers = [new Canceller(), new Canceller()];
    const waiting = cancellers.map(({ signal }) => call.wait(signal));
    const [first, last] = [gone("first"), gone("last")];
    cancellers[0]?.abort(first);
    cancellers[1]?.abort(last);
    await assert.rejects(waiting[0] ?? assert.fail(), { message: "first" });
    await assert.rejects(waiting[1] ?? assert.fail(), { message: "last" });
    assert.ok(isCancelled() && call.isGivenUp);
    assert.equal(reason(), last);
  });

  test("is not waited for by one who has gone already", async () => {
    const { call, isCancelled } = begin();
    const canceller = new Canceller();
    canceller.abort(gone("before"));
    await assert.rejects(call.wait(canceller.signal), { message: "before" });
    assert.ok(isCancelled());
  });
});
