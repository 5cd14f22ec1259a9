import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { emptyResource } from "@opentelemetry/resources";
import fc from "fast-check";
import type { BatchLimits } from "../../../src/telemetry/batch-limits.ts";
import { type Batch, OtlpBatches } from "../../../src/telemetry/otlp/otlp-batches.ts";
import { createEnvelope } from "../../../src/telemetry/otlp/otlp-envelope.ts";
import { decoded } from "./wire-message.ts";

const limits: BatchLimits = { queueSize: 6, batchSize: 2, delayMs: 1000, timeoutMs: 5000 };
/** No end takes as long, on virtual time. */
const endMs = 60_000;

interface Sending {
  readonly batch: Batch;
  readonly names: () => readonly string[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** Batches on virtual time, before a collector that answers when it is told to. */
function batching(t: TestContext, change: Partial<BatchLimits> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const sent: Sending[] = [];
  const finished: (readonly [count: number, error: string | undefined])[] = [];
  const full: number[] = [];
  const batches = new OtlpBatches({
    envelope: createEnvelope(emptyResource(), { name: "test", version: "1" }),
    limits: { ...limits, ...change },
    send: (batch) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      sent.push({ batch, names: () => namesIn(batch.bytes), answer: resolve, fail: reject });
      return promise;
    },
    finished: (count, error) => finished.push([count, error?.name]),
    full: (dropped) => full.push(dropped),
  });
  const add = (name: string) => {
    const writer = batches.begin();
    if (writer === undefined) return false;
    const span = writer.open(0x12);
    writer.text(0x2a, name);
    writer.close(span);
    batches.end();
    return true;
  };
  return { batches, sent, finished, full, add, turn: () => new Promise((resolve) => setImmediate(resolve)) };
}

function namesIn(bytes: Uint8Array): readonly string[] {
  // The shape is the descriptor's.
  const { resourceSpans } = decoded("ExportTraceServiceRequest", bytes) as {
    resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
  );
}

describe("a batch is sent", () => {
  test("when it is full", (t) => {
    const { sent, add } = batching(t);
    add("one");
    assert.equal(sent.length, 0);
    add("two");
    assert.deepEqual(sent[0]?.names(), ["one", "two"]);
  });

  test("when its first item has waited for the delay", (t) => {
    const { sent, add } = batching(t);
    add("one");
    t.mock.timers.tick(999);
    assert.equal(sent.length, 0);
    t.mock.timers.tick(1);
    assert.deepEqual(sent[0]?.names(), ["one"]);
  });

  test("after the one before, which is answered or has had its time", async (t) => {
    const { sent, finished, add, turn } = batching(t);
    for (const name of ["one", "two", "three", "four", "five", "six"]) add(name);
    assert.equal(sent.length, 1);
    sent[0]?.answer();
    await turn();
    assert.deepEqual(sent[1]?.names(), ["three", "four"]);
    t.mock.timers.tick(5000);
    await turn();
    assert.deepEqual(sent[2]?.names(), ["five", "six"]);
    sent[2]?.fail(Object.assign(new Error("no"), { name: "Refused" }));
    await turn();
    assert.deepEqual(finished, [
      [2, undefined],
      [2, "Error"],
      [2, "Refused"],
    ]);
  });

  test("at the end, whatever is in it, and then nothing is taken any more", async (t) => {
    const { batches, sent, add } = batching(t);
    for (const name of ["one", "two", "three", "four", "five"]) add(name);
    const end = batches.shutdown(endMs);
    assert.equal(add("late"), false);
    assert.deepEqual(
      sent.map(({ names }) => names()),
      [["one", "two"], ["three", "four"], ["five"]],
    );
    for (const { answer } of sent) answer();
    await end;
  });
});

test("what finds the queue full is dropped and counted, and there is room again when a batch has left", async (t) => {
  const { batches, sent, finished, full, add, turn } = batching(t);
  const names = ["1", "2", "3", "4", "5", "6", "7", "8"];
  assert.deepEqual(
    names.map(add),
    names.map(() => true),
  );
  assert.equal(batches.queued, 6);
  assert.equal(add("9"), false);
  assert.deepEqual(finished, [[1, "queue_full"]]);
  assert.deepEqual(full, [1]);
  sent[0]?.answer();
  await turn();
  assert.equal(add("10"), true);
});

describe("at the end", () => {
  const many = Array.from({ length: 100 }, (_, at) => `span ${at}`);

  test("everything is sent a few batches at a time, however many there are and whichever are lost", async (t) => {
    const { batches, sent, finished, add, turn } = batching(t, { queueSize: 1000 });
    for (const name of many) add(name);
    sent[0]?.answer();
    await turn();
    const end = batches.shutdown(endMs);
    for (let at = 1; at < 50; at++) {
      const onTheirWay = sent.length - at;
      assert.ok(onTheirWay >= 1 && onTheirWay <= 5, `${onTheirWay} at once`);
      if (at % 7 === 0) sent[at]?.fail(Object.assign(new Error("no"), { name: "Refused" }));
      else sent[at]?.answer();
      await turn();
    }
    assert.equal(await end, 14);
    assert.deepEqual(
      sent.flatMap(({ names }) => names()),
      many,
    );
    const lost = finished.filter(([, error]) => error === "Refused");
    assert.deepEqual([finished.length, lost.length], [50, 7]);
  });

  test("what has not been answered in time is lost, and counted once", async (t) => {
    const { batches, sent, finished, add, turn } = batching(t, { queueSize: 1000 });
    for (const name of many) add(name);
    const end = batches.shutdown(3000);
    sent[1]?.answer();
    await turn();
    t.mock.timers.tick(3000);
    assert.equal(await end, 98);
    const counted = [
      [2, undefined],
      [98, "shutdown"],
    ];
    assert.deepEqual(finished, counted);
    assert.equal(batches.queued, 0);
    const { length } = sent;
    for (const { answer } of sent) answer();
    await turn();
    assert.deepEqual(finished, counted);
    assert.equal(sent.length, length);
  });

  test("what comes later is counted as lost", async (t) => {
    const { batches, finished, add } = batching(t);
    assert.equal(await batches.shutdown(endMs), 0);
    add("late");
    assert.deepEqual(finished, [[1, "shutdown"]]);
  });
});

test("an item that was begun and not ended leaves no trace", (t) => {
  const { batches, sent, add } = batching(t);
  add("one");
  batches.begin()?.text(0x2a, "half");
  add("two");
  assert.deepEqual(sent[0]?.names(), ["one", "two"]);
});

test("every item comes whole and once, though buffers are used again", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ maxLength: 300 }), { maxLength: 60 }), async (names) => {
      t.mock.timers.reset();
      const { batches, sent, add, turn } = batching(t, { queueSize: 100, batchSize: 3 });
      const received: string[] = [];
      const answered = new Set<Sending>();
      const answerOne = async () => {
        const next = sent.find((sending) => !answered.has(sending));
        if (next === undefined) return;
        answered.add(next);
        received.push(...next.names());
        next.answer();
        await turn();
      };
      for (const [at, name] of names.entries()) {
        assert.equal(add(name), true);
        if (at % 4 === 0) await answerOne();
      }
      const end = batches.shutdown(endMs);
      while (answered.size < sent.length) await answerOne();
      await end;
      assert.deepEqual(received, names);
    }),
    { numRuns: 50 },
  );
});
