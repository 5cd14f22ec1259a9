import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configOf, marked, problemsOf, smallest } from "./config-fixture.ts";

const withPattern = (pattern: string, name = "order") =>
  `${smallest}\nredaction:\n  patterns:\n    ${name}: { pattern: ${pattern} }\n`;

const cases: readonly (readonly [says: string, yaml: string, problem: RegExp])[] = [
  ["a pattern that is none", withPattern('⟦"(a"⟧'), /^the pattern is not one of RE2: missing closing \)/],
  ["a lookahead", withPattern('⟦"a(?=b)"⟧'), /it has no lookahead or lookbehind/],
  ["a pattern of everything", withPattern('⟦"x*"⟧'), /^the pattern matches the empty text/],
  ["a pattern that is too long", withPattern(`⟦"${"a".repeat(1001)}"⟧`), /at most 1000 are allowed/],
  ["a name that is taken", withPattern('"a"', "⟦email⟧"), /^`email` is a rule that Assay has itself/],
  ["a name that is no label", withPattern('"a"', "⟦Order-Id⟧"), /small letters and `_`/],
  [
    "a rule that is not there",
    `${smallest}\nredaction: { rules: { off: [⟦emial⟧] } }\n`,
    /did you mean `email`/,
  ],
];

describe("the configuration of redaction", () => {
  test("has no pattern and all rules unless it says so", () => {
    assert.deepEqual(configOf(smallest).redaction, { patterns: [], off: [] });
  });

  test("keeps patterns in their order, and keywords in lower case", () => {
    const text = `${smallest}\nredaction: { patterns: { b: { pattern: "\\\\d+", keyword: Order }, a: { pattern: x } }, rules: { off: [phone] } }\n`;
    assert.deepEqual(configOf(text).redaction, {
      patterns: [
        { name: "b", pattern: "\\d+", keyword: "order" },
        { name: "a", pattern: "x", keyword: undefined },
      ],
      off: ["phone"],
    });
  });

  for (const [says, yaml, problem] of cases) {
    test(`is refused for ${says}, with its place`, () => {
      const { text, position } = marked(yaml);
      const [first = "", ...others] = problemsOf(text);
      assert.deepEqual(others, []);
      assert.ok(first.startsWith(`assay.yaml:${position} `), first);
      assert.match(first.slice(`assay.yaml:${position} `.length), problem);
    });
  }
});
