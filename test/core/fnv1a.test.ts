import assert from "node:assert/strict";
import { test } from "node:test";
import { fnv1a32 } from "../../src/core/fnv1a.ts";
import { readVectors } from "../vectors/read-vectors.ts";

const vectors = readVectors<{ readonly texts: readonly (readonly [text: string, hash: string])[] }>("fnv1a");

for (const [text, hash] of vectors.texts) {
  test(`fnv1a32 of ${JSON.stringify(text)} is the published value`, () => {
    assert.equal(fnv1a32(text), Number.parseInt(hash, 16));
  });
}
