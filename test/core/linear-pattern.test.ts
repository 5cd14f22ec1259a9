import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { linearPattern } from "../../src/core/linear-pattern.ts";

function found(source: string, text: string, flags = ""): readonly string[] {
  return linearPattern(source, flags)
    .find(text)
    .map(({ start, end }) => text.slice(start, end));
}

describe("find", () => {
  test("gives what matches, from left to right, with its place", () => {
    assert.deepEqual(linearPattern("T-\\d+").find("a T-1, T-22"), [
      { start: 2, end: 5 },
      { start: 7, end: 11 },
    ]);
    assert.deepEqual(found("x*", "axxbx"), ["xx", "x"]);
    assert.deepEqual(found("ä+", "😀 ää", ""), ["ää"]);
  });

  test("knows the flags of JavaScript, and its spelling of a character by number", () => {
    assert.deepEqual(found("abc", "xABCx", "i"), ["ABC"]);
    assert.deepEqual(found("^b$", "a\nb\nc", "m"), ["b"]);
    assert.deepEqual(found("a.b", "a\nb", "s"), ["a\nb"]);
    assert.deepEqual(found("\\u00e4\\u{1f600}", "ä😀"), ["ä😀"]);
    assert.deepEqual(found("\\\\u0041", "A \\u0041"), ["\\u0041"]);
  });

  test("agrees with JavaScript's engine wherever the text is, windows and all", () => {
    const sources = ["T-\\d+", "\\bkey\\b", "^ab|cd$", "a[^ ]{3,40}z", "\\w+@\\w+", "(?:x|xy)+z?", "\\B-\\B"];
    const words = fc.constantFrom(
      "T-1",
      "T-",
      "key",
      "akey",
      "ab",
      "cd",
      "aqqqqz",
      "me@x",
      "xyxz",
      "x",
      "-",
      " ",
    );
    const texts = fc
      .array(fc.tuple(words, fc.constantFrom(" ", "", "  . ".repeat(9))), { maxLength: 300 })
      .map((parts) => parts.flat().join(""));
    fc.assert(
      fc.property(fc.constantFrom(...sources), texts, (source, text) => {
        const expected = [...text.matchAll(new RegExp(source, "g"))].map((match) => match[0]);
        fc.pre(expected.every((one) => one !== "" && one.length <= 256) && !isDense(text, expected));
        assert.deepEqual(found(source, text), expected);
      }),
      { numRuns: 500 },
    );
  });

  test("finds a match that lies across the windows' ends, and the parts of one that is longer than a window", () => {
    for (let before = 0; before < 1100; before += 1) {
      const text = `${" ".repeat(before)}ab${"c".repeat(200)}d ${" ".repeat(300)}`;
      assert.deepEqual(linearPattern("abc+d$|abc+d\\b").find(text), [{ start: before, end: before + 203 }]);
    }
    const long = `x${"1".repeat(5000)}y`;
    assert.equal(found("\\d+", long).join(""), "1".repeat(5000));
  });

  test("reads a text of matches that look ahead to its end, and leaves none of it out", () => {
    const text = "a".repeat(100_000);
    for (const source of ["a*b|a", "(?:a|aa)*c|aa?", "[\\s\\S]*?b|a"]) {
      assert.equal(found(source, text).join(""), text, source);
    }
  });
});

test("a pattern that would take JavaScript's engine for ever is tested in one pass", () => {
  assert.equal(linearPattern("^(a+)+$").test(`${"a".repeat(100_000)}b`), false);
  assert.equal(linearPattern("(a|b)*a(a|b){21}$").test("ab".repeat(50_000)), true);
});

describe("what is no pattern", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /is empty/],
    ["a".repeat(1001), /has 1001 characters; at most 1000/],
    ["(a", /missing closing \)/],
    ["[z-a]", /invalid character class range: `z-a`/],
    ["a(?=b)", /no lookahead or lookbehind/],
    ["(?<!a)b", /no lookahead or lookbehind/],
    ["(a)\\1", /no backreferences/],
    ["a{1001}", /invalid repeat count/],
    ["(?:a{100}){6}", /compiles to 60\d steps, at most 500/],
  ];
  for (const [source, message] of cases) {
    test(`${source.slice(0, 16)} says so: ${message.source}`, () => {
      assert.throws(() => linearPattern(source), message);
    });
  }
  test("a flag that it has not says so", () => {
    assert.throws(() => linearPattern("a", "g"), /flag "g" is unknown/);
  });

  test("any other text compiles or says why not", () => {
    const pieces = fc.constantFrom(..."\\()[]{}?*+|^$.:<=!dwbpuxkQE019,-aA\n");
    fc.assert(
      fc.property(fc.string({ unit: pieces, maxLength: 40 }), (source) => {
        try {
          linearPattern(source).find("aA01 \n--");
        } catch (error) {
          assert.match(String(error), /^Error: the pattern /);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** More than a match in eight characters, somewhere. */
function isDense(text: string, matches: readonly string[]): boolean {
  return matches.length > 32 && text.length < 8 * 8 * matches.length;
}
