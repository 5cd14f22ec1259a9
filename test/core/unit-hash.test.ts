import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { unitHasher } from "../../src/core/unit-hash.ts";

test("a unit's hash is the first 16 bytes of node's own HMAC-SHA-256, for keys of any length", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.string({ unit: "binary" }), (key, id) => {
      const expected = createHmac("sha256", key).update(`user\0${id}`).digest("hex").slice(0, 32);
      assert.equal(unitHasher(key)({ type: "user", id }), expected);
    }),
  );
});

test("the same id as another type of unit has another hash", () => {
  const hash = unitHasher("key");
  assert.notEqual(hash({ type: "user", id: "42" }), hash({ type: "org", id: "42" }));
});

test("a unit's hash stays the same however many others come between", () => {
  const hash = unitHasher("key");
  const first = hash({ type: "user", id: "ada" });
  for (let count = 0; count < 12_000; count++) hash({ type: "user", id: `${count}` });
  assert.equal(hash({ type: "user", id: "ada" }), first);
  assert.equal(unitHasher("key")({ type: "user", id: "7" }), hash({ type: "user", id: "7" }));
});
