import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evenPlace, shareOfLimit } from "../../src/cluster/share-of-limit.ts";

const limits = fc.integer({ min: 1, max: 1_000_000 });
const sumOf = (shares: readonly number[]) => shares.reduce((total, share) => total + share, 0);

test("the shares of a limit that nobody uses yet differ by one at most, and none is nothing", () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 1, max: 256 }), (limit, of) => {
      const shares = Array.from({ length: of }, (_, index) =>
        shareOfLimit(limit, "calls", evenPlace(index, of)),
      );
      assert.ok(Math.min(...shares) >= 1);
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      assert.equal(sumOf(shares), Math.max(limit, of));
    }),
  );
});

test("the shares add up to the limit, whatever is in use", () => {
  const counts = fc.array(fc.nat(2_000_000), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(limits, counts, (limit, all) => {
      const uses = all.map((calls) => ({ calls }));
      const shares = uses.map((_, index) => shareOfLimit(limit, "calls", { index, uses }));
      assert.ok(Math.min(...shares) >= 1);
      assert.equal(sumOf(shares), Math.max(limit, uses.length));
    }),
  );
});

test("what a worker has in use stays its own, when the others leave it", () => {
  const uses = [{ calls: 200 }, {}];
  assert.deepEqual(
    uses.map((_, index) => shareOfLimit(256, "calls", { index, uses })),
    [212, 44],
  );
});

test("one that has all leaves the other enough to begin with", () => {
  const uses = [{ calls: 256 }, {}];
  assert.deepEqual(
    uses.map((_, index) => shareOfLimit(256, "calls", { index, uses })),
    [224, 32],
  );
});
