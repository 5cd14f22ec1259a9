import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { createWriterLink } from "../../src/stores/sqlite/writer-link.ts";
import { place } from "./sqlite-fixture.ts";

describe("a writer's thread", () => {
  test("that ends because it was closed has not died", async (t) => {
    const { path } = place(t);
    const threads: Worker[] = [];
    const events: string[] = [];
    const link = createWriterLink({
      settings: {
        path,
        instance: "i",
        boot: "b",
        startedAt: 1,
        retentionMs: 1e12,
        contentRetentionMs: 1e12,
        busyMs: 1000,
      },
      onMessage: ({ kind }) => events.push(kind),
      onDeath: (reason) => events.push(`death: ${reason}`),
      onRestart: () => events.push("restart"),
      onWriter: (thread) => threads.push(thread),
    });
    link.holdProcess(true);
    t.after(() => link.terminate());
    const [thread] = threads;
    assert.ok(thread !== undefined);
    const ended = once(thread, "exit");
    link.send({ kind: "close", lastSequence: 0 });
    await ended;
    assert.equal(events.at(-1), "closed");
    assert.equal(link.isUp, false);
  });
});
