import assert from "node:assert/strict";
import { test } from "node:test";
import { Canceller } from "../../src/core/canceller.ts";

test("a canceller tells its listeners once, with the first reason", () => {
  const canceller = new Canceller();
  const heard: unknown[] = [];
  canceller.signal.addEventListener("abort", () => heard.push(canceller.signal.reason));
  canceller.signal.addEventListener("abort", { handleEvent: () => heard.push("object") });
  canceller.abort("first");
  canceller.abort("second");
  assert.deepEqual(heard, ["first", "object"]);
  assert.equal(canceller.signal.aborted, true);
});

test("a listener that was removed, or came too late, hears nothing", () => {
  const canceller = new Canceller();
  const fail = () => assert.fail("heard");
  canceller.signal.addEventListener("abort", fail);
  canceller.signal.removeEventListener("abort", fail);
  canceller.signal.removeEventListener("abort", fail);
  canceller.abort("now");
  canceller.signal.addEventListener("abort", fail);
});

test("a listener that throws keeps no other from hearing, and stays loud", async (t) => {
  const canceller = new Canceller();
  let heard = 0;
  const bug = new Error("a bug");
  const loud = new Promise((resolve) => {
    const listeners = process.rawListeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", resolve);
    t.after(() => {
      for (const listener of listeners)
        process.on("uncaughtException", listener as NodeJS.UncaughtExceptionListener);
    });
  });
  canceller.signal.addEventListener("abort", () => {
    throw bug;
  });
  canceller.signal.addEventListener("abort", () => {
    heard += 1;
  });
  canceller.abort("now");
  assert.equal(heard, 1);
  assert.equal(await loud, bug);
});
