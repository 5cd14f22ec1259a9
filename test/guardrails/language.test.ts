import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { detectLanguages, knownLanguages } from "../../src/guardrails/detect-language.ts";
import { checkOf, input, judged, output, reasonOf } from "./check-fixture.ts";
import { samples } from "./language-samples.ts";

describe("the check language", () => {
  test("finds languages that are not allowed", () => {
    const check = checkOf("language", { allowed: ["en", "de"] });
    assert.equal(judged(check, output("What would you like to know about it?")).kind, "pass");
    assert.equal(
      reasonOf(check, output("Je ne sais pas ce que vous voulez.")),
      "language fr, allowed: en, de",
    );
    assert.equal(reasonOf(check, output("我怎样才能更改订单的地址？")), "language zh, allowed: en, de");
    assert.equal(judged(check, input("What do you want?", "I do not know what it is.")).kind, "pass");
  });

  test("has no verdict on texts that are short, mixed or of no language", () => {
    const check = checkOf("language", { allowed: ["de"] });
    const mixed = "I have been waiting здравствуйте спасибо большое вам";
    for (const text of [
      "",
      "ok thanks",
      "12345 67890 !!! 12345",
      mixed,
      "Xqz wvk rrt plm bnk fgh djs",
      "🙂".repeat(40),
    ])
      assert.equal(judged(check, output(text)).kind, "not_evaluated", text);
  });

  test("leaves out code, quotations and links", () => {
    const german = "Das ist der Text, um den es mir hier geht.";
    for (const foreign of [
      "```\nthe function returns what it was given and nothing else of it\n```",
      "`return the value that it was given`",
      "\n> This is what they wrote to us about the order that was late\n",
      '"This is what they wrote to us about the order that was late"',
      "https://example.com/this-is-what-they-wrote-to-us-about-the-order",
    ])
      assert.deepEqual(detectLanguages(`${german} ${foreign} ${german}`), ["de"], foreign);
  });

  test("lets neighbours pass that it does not tell apart", () => {
    const text = "Jeg har ventet på et svar, og det er ikke godt.";
    assert.deepEqual([...detectLanguages(text)].toSorted(), ["da", "no"]);
    assert.equal(judged(checkOf("language", { allowed: ["no"] }), output(text)).kind, "pass");
    const nearly =
      "Jeg har ventet på et svar siden sidste uge, og jeg ved ikke, hvad der er sket med det hele.";
    assert.deepEqual(detectLanguages(nearly), ["da", "no"]);
    const reason = reasonOf(checkOf("language", { allowed: ["sv"] }), output(text));
    assert.match(reason ?? "", /^language (da or no|no or da), allowed: sv$/);
  });
});

describe("languages of sentences", () => {
  test("are never told wrong, and told of 222 sentences in 240", () => {
    const told = samples.map(({ language, text }) => ({ language, text, found: detectLanguages(text) }));
    const wrong = told.filter(({ language, found }) => found.length > 0 && !found.includes(language));
    assert.deepEqual(wrong, []);
    assert.equal(told.length, 240);
    assert.equal(told.filter(({ found }) => found.length > 0).length, 222);
  });

  test("are told of every paragraph, the likeliest first", () => {
    for (const language of knownLanguages) {
      const lines = samples.filter((sample) => sample.language === language).map(({ text }) => text);
      assert.equal(detectLanguages(lines.join("\n"))[0], language);
    }
  });
});
