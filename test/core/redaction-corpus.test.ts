import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { falsePositivesOf, recallOf } from "../redaction/corpus.ts";

for (const part of ["tuned", "held out"] as const) {
  describe(`on the corpus that was ${part === "tuned" ? "looked at" : "held out"}, redaction`, () => {
    for (const { kind, made, missed } of recallOf(part, 200)) {
      const promised = kind.isChecked ? 0.99 : 0.95;
      test(`finds ${promised * 100} % of ${kind.rule}`, () => {
        const share = 1 - missed.length / made;
        assert.ok(share >= promised, `${share}: ${missed.slice(0, 3).join("\n")}`);
      });
    }

    test("changes at most one in a hundred texts that have nothing to hide", () => {
      const { made, found } = falsePositivesOf(part, 80);
      assert.ok(made >= 1800, String(made));
      const shown = found.map(({ family, text }) => `${family}: ${text}`).slice(0, 5);
      assert.ok(found.length / made <= 0.01, `${found.length} of ${made}: ${shown.join("\n")}`);
    });
  });
}
