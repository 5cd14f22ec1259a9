import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOf, input, judged, output, reasonOf } from "./check-fixture.ts";

describe("the check length", () => {
  test("lets bounds themselves pass, and nothing beyond them", () => {
    const check = checkOf("length", { min_chars: 3, max_chars: 5 });
    assert.deepEqual(
      ["ab", "abc", "abcde", "abcdef"].map((text) => reasonOf(check, output(text))),
      ["2 characters, at least 3", undefined, undefined, "6 characters, at most 5"],
    );
  });

  test("counts the client's texts together", () => {
    const check = checkOf("length", { max_chars: 5 });
    assert.equal(reasonOf(check, input("abc", "de")), undefined);
    assert.equal(reasonOf(check, input("abc", "def")), "6 characters, at most 5");
  });

  test("estimates tokens at four characters each", () => {
    const check = checkOf("length", { max_tokens: 2 });
    assert.equal(reasonOf(check, output("a".repeat(8))), undefined);
    assert.equal(reasonOf(check, output("a".repeat(9))), "about 3 tokens, at most 2");
  });

  test("looks at an empty answer too, and at whole texts only", () => {
    const check = checkOf("length", { min_chars: 1 });
    assert.equal(reasonOf(check, output("")), "0 characters, at least 1");
    assert.equal(judged(check, output("a")).kind, "pass");
    assert.equal(check.windowChars, undefined);
  });
});
