import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createWriteQueue, type QueueItem } from "../../src/stores/sqlite/write-queue.ts";

function item(change: Partial<QueueItem> = {}): QueueItem {
  return {
    kind: "record",
    text: "{}",
    rows: 1,
    bytes: 2,
    sequence: 0,
    waiter: undefined,
    isGivenUp: false,
    ...change,
  };
}

const waiter = { settle() {}, fail() {} };

describe("the queue", () => {
  test("counts what is in flight until it is done, and gives it first when it comes back", () => {
    const queue = createWriteQueue({ rows: 3, bytes: 100 });
    const items = [1, 2, 3].map((sequence) => item({ sequence }));
    for (const one of items) queue.add(one);
    assert.equal(queue.hasRoom(1, 1), false);
    const taken = queue.take();
    assert.deepEqual(taken, items);
    assert.deepEqual([queue.length, queue.rows], [0, 3]);
    const later = item({ sequence: 4 });
    queue.add(later);
    queue.putBack(taken);
    assert.deepEqual(queue.take(), [...items, later]);
  });

  test("takes at most a portion, by rows and by bytes, but always something", () => {
    const queue = createWriteQueue({ rows: 1e9, bytes: 1e9 });
    queue.add(item({ rows: 5000 }));
    for (let count = 0; count < 1500; count++) queue.add(item());
    queue.add(item({ bytes: 5e6 }));
    queue.add(item());
    const sizes: number[] = [];
    while (queue.length > 0) sizes.push(queue.take().length);
    assert.deepEqual(sizes, [1, 1000, 500, 1, 1]);
  });

  test("is urgent while somebody waits for what is not in flight", () => {
    const queue = createWriteQueue({ rows: 10, bytes: 100 });
    const awaited = item({ waiter });
    queue.add(awaited);
    assert.equal(queue.isUrgent, true);
    const taken = queue.take();
    assert.equal(queue.isUrgent, false);
    queue.putBack(taken);
    assert.equal(queue.isUrgent, true);
    queue.giveUp(awaited);
    assert.deepEqual([queue.isUrgent, queue.length, queue.rows, queue.bytes], [false, 0, 0, 0]);
    assert.deepEqual(queue.take(), []);
  });

  test("forgets what was given up in flight when it comes back", () => {
    const queue = createWriteQueue({ rows: 10, bytes: 100 });
    const lost = item({ waiter });
    queue.add(lost);
    queue.add(item());
    const taken = queue.take();
    lost.isGivenUp = true;
    queue.putBack(taken);
    assert.deepEqual([queue.length, queue.rows, queue.isUrgent], [1, 1, false]);
  });

  test("keeps its counts right through anything", () => {
    const steps = fc.array(fc.constantFrom("add", "await", "take", "done", "back", "give up"), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (names) => {
        const queue = createWriteQueue({ rows: 1e6, bytes: 1e6 });
        let queued: QueueItem[] = [];
        let flying: readonly QueueItem[] = [];
        for (const name of names) {
          if (name === "add" || name === "await") {
            const one = item(name === "await" ? { waiter } : {});
            queue.add(one);
            queued.push(one);
          } else if (name === "take" && flying.length === 0) {
            flying = queue.take();
            queued = queued.slice(flying.length);
          } else if (name === "done") {
            queue.done(flying);
            flying = [];
          } else if (name === "back") {
            queue.putBack(flying);
            queued = [...flying, ...queued];
            flying = [];
          } else if (name === "give up") {
            const [first] = queued;
            if (first !== undefined) queue.giveUp(first);
            queued = queued.slice(1);
          }
          assert.equal(queue.length, queued.length);
          assert.equal(queue.rows, queued.length + flying.length);
          assert.equal(
            queue.isUrgent,
            queued.some((one) => one.waiter !== undefined),
          );
        }
      }),
    );
  });
});
