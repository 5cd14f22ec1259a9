import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type HashInput, positionOf } from "../../src/core/hash.ts";
import { lineLength } from "../../src/core/line.ts";
import type { HashName, UnitType } from "../../src/domain/config.ts";
import { readVectors } from "../vectors/read-vectors.ts";
import { secretOf } from "./experiment-fixture.ts";

const hashes: readonly HashName[] = ["assay_v1", "growthbook_v2", "unleash_murmur3", "optimizely_murmur3"];

const inputWith = (change: Partial<HashInput>): HashInput => ({
  hash: "assay_v1",
  salt: "tone-1",
  secret: undefined,
  unitType: "user",
  unitId: "user-1",
  ...change,
});

describe("assay_v1", () => {
  const vectors = readVectors<{
    readonly cases: readonly {
      readonly salt: string;
      readonly unitType: UnitType;
      readonly unitId: string;
      readonly hmacKey: string | null;
      readonly u: number;
      readonly position: number;
    }[];
  }>("assignment");

  for (const { salt, unitType, unitId, hmacKey, u, position } of vectors.cases) {
    const keyed = hmacKey === null ? "" : " with a key";
    test(`puts ${unitType} "${unitId.slice(0, 20)}" of "${salt}"${keyed} where any warehouse does`, () => {
      const secret = hmacKey === null ? undefined : secretOf(hmacKey);
      assert.equal(positionOf(inputWith({ salt, unitType, unitId, secret })), position);
      assert.equal(Math.floor(u * lineLength), position);
    });
  }

  test("keeps unit types, salts and keys apart", () => {
    const positions = [
      inputWith({}),
      inputWith({ unitType: "org" }),
      inputWith({ salt: "tone-2" }),
      inputWith({ secret: secretOf("a") }),
      inputWith({ secret: secretOf("b") }),
    ].map(positionOf);
    assert.equal(new Set(positions).size, positions.length);
  });
});

for (const hash of hashes) {
  describe(`positions of ${hash}`, () => {
    test("are the same integer of [0, 2^32) every time, for any id", () => {
      fc.assert(
        fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (salt, unitId) => {
          const position = positionOf(inputWith({ hash, salt, unitId }));
          assert.ok(Number.isInteger(position) && position >= 0 && position < lineLength);
          assert.equal(positionOf(inputWith({ hash, salt, unitId })), position);
        }),
      );
    });

    test("are uniform: 100,000 ids fill 100 equal parts of the line evenly", () => {
      const counts = new Array<number>(100).fill(0);
      for (let unit = 0; unit < 100_000; unit += 1) {
        const part = Math.floor((positionOf(inputWith({ hash, unitId: `user-${unit}` })) / lineLength) * 100);
        counts[part] = (counts[part] ?? 0) + 1;
      }
      // The 99.99 % quantile of chi-squared with 99 degrees of freedom.
      assert.ok(chiSquared(counts) < 161, `chi-squared is ${chiSquared(counts)}`);
    });

    test("are independent across salts: a unit's part under one says nothing of its part under another", () => {
      const counts = new Array<number>(100).fill(0);
      for (let unit = 0; unit < 100_000; unit += 1) {
        const part = (salt: string) =>
          Math.floor((positionOf(inputWith({ hash, salt, unitId: `user-${unit}` })) / lineLength) * 10);
        const pair = part("tone-1") * 10 + part("tone-2");
        counts[pair] = (counts[pair] ?? 0) + 1;
      }
      assert.ok(chiSquared(counts) < 161, `chi-squared is ${chiSquared(counts)}`);
    });
  });
}

function chiSquared(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
