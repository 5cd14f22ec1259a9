import assert from "node:assert/strict";
import { test } from "node:test";
import { murmur3 } from "../../src/core/murmur3.ts";
import { readVectors } from "../vectors/read-vectors.ts";

const vectors = readVectors<{
  readonly texts: readonly (readonly [text: string, seed: number, hash: string])[];
  readonly verification: string;
}>("murmur3");

for (const [text, seed, hash] of vectors.texts) {
  test(`murmur3 of ${JSON.stringify(text)} with seed ${seed} is the published value`, () => {
    assert.equal(murmur3(text, seed), Number.parseInt(hash, 16));
  });
}

// SMHasher's way: keys 0, 0 1, 0 1 2 … of length n with seed 256 − n, and the hash of their hashes.
test("murmur3 passes SMHasher's verification over every length of key below 256", () => {
  const hashes = Buffer.alloc(1024);
  for (let length = 0; length < 256; length += 1) {
    const key = Uint8Array.from({ length }, (_, index) => index);
    hashes.writeUInt32LE(murmur3(key, 256 - length), length * 4);
  }
  assert.equal(murmur3(hashes, 0), Number.parseInt(vectors.verification, 16));
});

test("murmur3 hashes a text as its UTF-8 bytes", () => {
  assert.equal(murmur3("ß😀", 7), murmur3(new TextEncoder().encode("ß😀"), 7));
});
