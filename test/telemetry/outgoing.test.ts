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

test("a card that lies across the end of what is read is not shown by half, however much before it is taken out", () => {
  const { written } = outgoing();
  const key = `-----BEGIN PRIVATE KEY-----\n${"abcd".repeat(2500)}\n-----END PRIVATE KEY----- `;
  const before = (key + "x ".repeat(4000)).slice(0, 16_384 - 8);
  const text = written(`${before}${card} and more`) ?? "";
  assert.match(text, /^\[private_key\]/);
  assert.doesNotMatch(text, /4111/);
});

describe("messages", () => {
  const messages = [{ role: "user", parts: [{ type: "text" as const, content: `ask ${email}` }] }];

  test("are redacted, and what was found is counted", () => {
    const { writtenMessages, counted } = outgoing();
    const text = writtenMessages(messages, { content: "redacted", maxChars: 100 });
    assert.equal(text, '[{"role":"user","parts":[{"type":"text","content":"ask [email]"}]}]');
    assert.deepEqual(counted, ["email"]);
  });

  test("are redacted where only their shape is told: a name may be a number of somebody's", () => {
    const { writtenMessages } = outgoing();
    const parts = [{ type: "tool_call" as const, name: card, arguments: "{}" }];
    const text = writtenMessages([{ role: "assistant", parts }], { content: "metadata", maxChars: 100 });
    assert.match(text, /"name":"\[payment_card\]"/);
  });
});
