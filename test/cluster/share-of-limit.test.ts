import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shareOfLimit } from "../../src/cluster/share-of-limit.ts";

test("the shares of a limit add up to it, differ by one at most, and none is nothing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 256 }), (limit, of) => {
      const shares = Array.from({ length: of }, (_, index) => shareOfLimit(limit, { number: index + 1, of }));
      assert.ok(Math.min(...shares) >= 1);
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      const sum = shares.reduce((total, share) => total + share, 0);
      assert.equal(sum, Math.max(limit, of));
    }),
  );
});
