import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parameterPath, valueAt } from "../../src/core/json-pointer.ts";

const value = { a: { "b/c": 1, "d~e": [10, { f: null }] }, "0": "zero", "": "empty" };

describe("a JSON pointer", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["", value],
    ["/a/b~1c", 1],
    ["/a/d~0e/0", 10],
    ["/a/d~0e/1/f", null],
    ["/0", "zero"],
    ["/", "empty"],
    ["/nobody", undefined],
    ["/a/b~1c/deeper", undefined],
    ["/a/d~0e/-", undefined],
    ["/constructor", undefined],
    ["/a/d~0e/length", 2],
  ];
  for (const [pointer, expected] of cases) {
    test(`"${pointer}" leads to what stands there, own members alone`, () => {
      assert.deepEqual(valueAt(value, pointer), expected);
    });
  }
});

describe("the path of a parameter", () => {
  test("has brackets for places in lists and dots for members", () => {
    const input = { flowers: [{ petal: { "0": 1 } }] };
    assert.equal(parameterPath(input, "/flowers/0/petal/0"), 'flowers[0].petal["0"]');
  });

  test("quotes names that are no plain words, and cuts long ones", () => {
    const long = "x".repeat(200);
    assert.equal(parameterPath({}, "/a b"), '["a b"]');
    assert.equal(parameterPath({}, `/${long}`), `["${"x".repeat(64)}"]`);
  });
});
