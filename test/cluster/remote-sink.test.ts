import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { RecordBatch } from "../../src/cluster/messages.ts";
import { createRemoteSink } from "../../src/cluster/remote-sink.ts";
import { parseHead } from "../../src/core/record-text.ts";
import { Failure } from "../../src/domain/failure.ts";
import { outcome, record } from "../stores/record-fixture.ts";

const phase = { id: "p", experimentId: "tone", startedAt: 1, revision: "r", shares: {}, killed: [] };

/** A primary that answers when the test says so. */
function opened(bounds = { rows: 100, bytes: 1_000_000 }) {
  const batches: RecordBatch[] = [];
  const answers: (() => void)[] = [];
  const asked: string[] = [];
  const call = async (name: string, what: unknown) => {
    asked.push(name);
    if (name === "records") batches.push(what as RecordBatch);
    await new Promise<void>((resolve) => answers.push(resolve));
  };
  const sink = createRemoteSink({ call: call as never }, bounds);
  /** Answers what has been asked, and lets what follows from it come to pass. */
  const answer = async () => {
    for (const go of answers.splice(0)) go();
    await setImmediate();
    await setImmediate();
  };
  return { sink, batches, asked, answer };
}

describe("what a worker hands over", () => {
  test("goes in one batch a turn, in its order, as text that is the record", async () => {
    const { sink, batches, answer } = opened();
    const records = [record(), record(), record()];
    sink.addPhase(phase);
    for (const one of records) sink.append(one);
    await answer();
    assert.equal(batches.length, 1);
    assert.deepEqual(batches[0]?.phases, [phase]);
    assert.deepEqual(
      batches[0]?.texts.map((text) => parseHead(text).requestId),
      records.map(({ requestId }) => requestId),
    );
  });

  test("gathers while a batch is under way, and goes with the next", async () => {
    const { sink, batches, answer } = opened();
    sink.append(record());
    await answer();
    for (let count = 0; count < 5; count++) {
      sink.append(record());
      await setImmediate();
    }
    assert.equal(batches.length, 1);
    await answer();
    assert.deepEqual(
      batches.map(({ texts }) => texts.length),
      [1, 5],
    );
  });

  test("is dropped and counted beyond the bounds while the primary is stuck, and fits again after it", async () => {
    const { sink, batches, answer } = opened({ rows: 3, bytes: 1_000_000 });
    for (let count = 0; count < 5; count++) sink.append(record());
    await answer();
    assert.deepEqual([batches[0]?.texts.length, batches[0]?.dropped], [3, 2]);
    await answer();
    sink.append(record());
    await answer();
    assert.deepEqual([batches[1]?.texts.length, batches[1]?.dropped], [1, 0]);
  });

  test("never takes more bytes than its bound", async () => {
    const { sink, batches, answer } = opened({ rows: 100, bytes: 10 });
    sink.append(record());
    await answer();
    assert.deepEqual([batches[0]?.texts.length, batches[0]?.dropped], [0, 1]);
  });

  test("is through when a flush resolves", async () => {
    const { sink, batches, answer } = opened();
    sink.append(record());
    let isThrough = false;
    const flushed = sink.flush().then(() => {
      isThrough = true;
    });
    await setImmediate();
    await setImmediate();
    assert.equal(batches.length, 1);
    assert.equal(isThrough, false);
    await answer();
    await flushed;
  });

  test("is refused when outcomes would wait beyond the bound, with a time to come back", async () => {
    const { sink, asked, answer } = opened({ rows: 2, bytes: 1_000_000 });
    const first = sink.addOutcomes([outcome(), outcome()]);
    await assert.rejects(sink.addOutcomes([outcome()]), (error: Failure) => {
      assert.ok(error instanceof Failure);
      return error.code === "store_unavailable" && error.details.retryAfterMs === 1000;
    });
    await assert.rejects(sink.expose(record()), { code: "store_unavailable" });
    assert.deepEqual(asked, ["outcomes"]);
    await answer();
    await first;
    const again = sink.expose(record());
    await answer();
    await again;
  });

  test("is refused when the primary stands still, and counts until it is answered", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { sink, answer } = opened({ rows: 1, bytes: 1_000_000 });
    const refused = assert.rejects(sink.expose(record()), (error: Failure) => {
      assert.match(error.message, /The primary process has not kept this within 10 s/);
      return error.code === "store_unavailable" && error.details.retryAfterMs === 1000;
    });
    for (let half = 0; half < 2; half++) {
      t.mock.timers.tick(5000);
      await setImmediate();
    }
    await refused;
    await assert.rejects(sink.expose(record()), /has reached its bound/);
    await answer();
    const again = sink.expose(record());
    await answer();
    await again;
  });
});
