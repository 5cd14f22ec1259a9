import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createShares } from "../../src/cluster/shares.ts";

describe("a worker's shares", () => {
  test("are whole until it is told its place, and follow it and the limit", () => {
    const shares = createShares();
    assert.equal(shares.of(100, "calls", 1), 100);
    shares.move({ index: 1, uses: [{ calls: 60 }, {}] });
    assert.equal(shares.of(100, "calls", 1), 26);
    assert.equal(shares.of(10, "calls", 1), 1);
    assert.equal(shares.of(100, "requests", 1), 50);
  });

  test("are asked for by the most that was wanted lately, also by whoever asks twice", () => {
    const shares = createShares();
    shares.of(100, "calls", 7);
    shares.of(100, "calls", 3);
    assert.deepEqual(shares.use({ calls: 2 }), { calls: 7 });
    assert.deepEqual(shares.use({ calls: 2 }), { calls: 7 });
    assert.deepEqual(shares.use({ calls: 2, requests: 4 }), { calls: 2, requests: 4 });
  });
});
