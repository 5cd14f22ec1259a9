import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { didYouMean, editDistance } from "../../src/core/did-you-mean.ts";

describe("didYouMean", () => {
  test("finds the name behind a swap, a slip, a gap and another case", () => {
    const names = ["weight", "model", "prompt"];
    assert.equal(didYouMean("wieght", names), "weight");
    assert.equal(didYouMean("modal", names), "model");
    assert.equal(didYouMean("promt", names), "prompt");
    assert.equal(didYouMean("WEIGHT", names), "weight");
  });

  test("stays silent when nothing is near", () => {
    assert.equal(didYouMean("temperature", ["model", "prompt"]), undefined);
    assert.equal(didYouMean("", ["a"]), undefined);
    assert.equal(didYouMean("ab", ["xy"]), undefined);
  });

  test("takes the first of equally near names", () => assert.equal(didYouMean("v3", ["v1", "v2"]), "v1"));

  test("does not compare names that no one would have typed", () => {
    assert.equal(didYouMean("a".repeat(100_000), ["a".repeat(100_000)]), undefined);
  });
});

describe("editDistance", () => {
  test("counts single edits", () => {
    for (const [from, to, distance] of [
      ["", "", 0],
      ["", "abc", 3],
      ["ca", "ac", 1],
      ["kitten", "sitting", 3],
      // Optimal string alignment: no edit inside a swapped pair, so 3 and not 2.
      ["ca", "abc", 3],
    ] as const) {
      assert.equal(editDistance(from, to), distance, `${from} → ${to}`);
    }
  });

  test("is symmetric, zero for equal texts only, and at most the longer length", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 7 });
    fc.assert(
      fc.property(word, word, (from, to) => {
        const distance = editDistance(from, to);
        assert.equal(distance, editDistance(to, from));
        assert.equal(distance === 0, from === to);
        assert.ok(distance <= Math.max(from.length, to.length));
      }),
    );
  });
});
