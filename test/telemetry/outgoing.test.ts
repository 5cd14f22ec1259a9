import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRedactor } from "../../src/core/redaction.ts";
import { createOutgoing } from "../../src/telemetry/outgoing.ts";

const card = "4111111111111111";
const email = "person@example.com";

function outgoing() {
  const counted: string[] = [];
  return { counted, ...createOutgoing(createRedactor(), (rules) => counted.push(...rules)) };
}

describe("text that somebody else wrote", () => {
  test("is redacted, each time anew, and what was found is counted", () => {
    const { written, counted } = outgoing();
    assert.equal(written(`ask ${email}`), "ask [email]");
    assert.equal(written(`ask ${email}`), "ask [email]");
    assert.equal(written("gpt-4.1"), "gpt-4.1");
    assert.equal(written("gpt-4.1"), "gpt-4.1");
    assert.deepEqual(counted, ["email", "email"]);
  });

  test("is cut at 8192 characters, and a card that lies across the cut does not lose its tail only", () => {
    const { written } = outgoing();
    fc.assert(
      fc.property(fc.integer({ min: 8192 - 20, max: 8192 + 2 }), (before) => {
        const text = written(`${"x ".repeat(before / 2)}${card} and more ${"y ".repeat(9000)}`) ?? "";
        assert.ok(text.length <= 8192);
        assert.doesNotMatch(text, /4111/);
      }),
    );
  });
});

describe("JSON that somebody else wrote", () => {
  test("is redacted string by string, where JSON's own escapes would hide it", () => {
    const { writtenJson, counted } = outgoing();
    const value: unknown = JSON.parse(
      `[{"role":"user","content":"\\n${card}\\t${email.replace("@", "\\u0040")}"}]`,
    );
    assert.equal(writtenJson(value), '[{"role":"user","content":"\\n[payment_card]\\t[email]"}]');
    assert.deepEqual(counted, ["payment_card", "email"]);
  });

  test("is bounded, however much of it there is", () => {
    const { writtenJson } = outgoing();
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 5000 }), { maxLength: 20 }), (contents) => {
        const value = contents.map((content) => ({ content }));
        assert.ok(writtenJson(value).length <= 8192);
      }),
    );
    assert.equal(writtenJson("z".repeat(1_000_000)).length, 8192);
  });
});
