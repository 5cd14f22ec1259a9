import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { compileContentCheck } from "../../src/core/json-schema.ts";
import { hasUniqueItems } from "../../src/core/unique-items.ts";

describe("items that must not be equal", () => {
  test("are judged as comparing every pair would", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 6 }), (values) => {
        const items: unknown[] = JSON.parse(JSON.stringify(values));
        const pairs = items.flatMap((one, i) => items.slice(i + 1).map((other) => [one, other]));
        assert.equal(hasUniqueItems(items), !pairs.some(([one, other]) => isDeepStrictEqual(one, other)));
      }),
    );
  });

  test("are equal whatever the order of their members, deep within too", () => {
    assert.equal(hasUniqueItems([{ a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }]), false);
    assert.equal(hasUniqueItems([1, "1", [1], { 0: 1 }]), true);
  });

  test("are asked for by a schema", () => {
    const check = compileContentCheck({ type: "array", uniqueItems: true });
    assert.deepEqual(check("[1, 2]"), { kind: "pass" });
    assert.deepEqual(check("[1, 1]"), { kind: "fail", path: "", message: "must not have equal items" });
    assert.deepEqual(compileContentCheck({ type: "array", uniqueItems: false })("[1, 1]"), { kind: "pass" });
  });
});
