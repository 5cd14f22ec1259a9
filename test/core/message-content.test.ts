import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { messageShapes, redactedMessages } from "../../src/core/message-content.ts";
import { inputMessages, type Message, outputMessages } from "../../src/core/messages.ts";
import { createRedactor } from "../../src/core/redaction.ts";

const redactor = createRedactor({ pseudonymKey: "key" });
const card = "4111111111111111";
const bounds = { messageChars: 200, totalChars: 2000 };

function user(content: string): Message {
  return { role: "user", parts: [{ type: "text", content }] };
}

function kept(messages: readonly Message[], change: Partial<typeof bounds> = {}): string {
  return JSON.stringify(redactedMessages(messages, redactor, { ...bounds, ...change }).value);
}

describe("messages of a body", () => {
  const body = {
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
          { type: "I am a secret", secret: "s" },
        ],
      },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "1", type: "function", function: { name: "look", arguments: '{"at":"it"}' } }],
      },
      { role: "tool", tool_call_id: "1", content: "a cat" },
      { role: "my own role", content: 4 },
    ],
  };

  test("have the form of the semantic conventions, and no bytes of pictures", () => {
    assert.deepEqual(inputMessages(Buffer.from(JSON.stringify(body))), [
      { role: "system", parts: [{ type: "text", content: "Be brief." }] },
      {
        role: "user",
        parts: [{ type: "text", content: "What is this?" }, { type: "image" }, { type: "other" }],
      },
      { role: "assistant", parts: [{ type: "tool_call", name: "look", arguments: '{"at":"it"}' }] },
      { role: "tool", parts: [{ type: "tool_call_response", response: "a cat" }] },
      { role: "other", parts: [] },
    ]);
    assert.deepEqual(inputMessages(Buffer.from("{}")), []);
  });

  test("come back as a message for each choice", () => {
    const choice = { index: 0, content: "yes", refusal: undefined, toolCalls: [], finishReason: "stop" };
    assert.deepEqual(outputMessages([choice]), [
      { role: "assistant", parts: [{ type: "text", content: "yes" }], finish_reason: "stop" },
    ]);
  });
});

describe("the shape of messages", () => {
  test("tells roles, kinds, names, lengths and reasons", () => {
    const call = { type: "tool_call", name: "look", arguments: "{}" } as const;
    const said = { role: "assistant", parts: [call], finish_reason: "tool_calls" };
    assert.deepEqual(messageShapes([user("four"), said]), [
      { role: "user", parts: [{ type: "text", characters: 4 }] },
      {
        role: "assistant",
        parts: [{ type: "tool_call", name: "look", characters: 2 }],
        finish_reason: "tool_calls",
      },
    ]);
  });

  test("has no text that somebody wrote, wherever it was put", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 3 }), (noise) => {
        const secret = `my secret: ${noise}`;
        const parts = [
          { type: secret, text: secret },
          { type: secret },
          { type: "image_url", image_url: { url: secret } },
        ];
        const tool_calls = [{ type: secret, function: { name: secret, arguments: secret } }];
        const messages = [{ role: secret, name: secret, content: parts, tool_calls, refusal: secret }];
        const read = inputMessages(Buffer.from(JSON.stringify({ messages: messages })));
        assert.ok(!JSON.stringify(messageShapes(read)).includes("secret"));
        const toolCalls = [{ name: secret, arguments: secret }];
        const choice = { index: 0, content: secret, refusal: secret, toolCalls, finishReason: secret };
        assert.ok(!JSON.stringify(messageShapes(outputMessages([choice]))).includes("secret"));
      }),
    );
  });

  test("is bounded, newest first, and tells what was left out", () => {
    const shapes = messageShapes(Array.from({ length: 1000 }, () => user("hello")));
    assert.ok(JSON.stringify(shapes).length < 9000);
    assert.deepEqual(shapes[0], { role: "omitted", parts: [], messages: 1001 - shapes.length });
    const many = { role: "user", parts: Array.from({ length: 5000 }, () => ({ type: "image" as const })) };
    assert.ok(JSON.stringify(messageShapes([many])).length < 9000);
  });
});

describe("the redacted text of messages", () => {
  test("is redacted part by part, and what was found is counted", () => {
    const messages = [user(`pay with ${card}`), user("a@example.com and b@example.com")];
    const { value, count, rules } = redactedMessages(messages, redactor, bounds);
    const text = JSON.stringify(value);
    assert.match(text, /pay with \[payment_card:[0-9a-f]{8}\]/);
    assert.equal(count, 3);
    assert.deepEqual([...rules].sort(), ["email", "payment_card"]);
  });

  test("is redacted within arguments, where JSON's own spelling would hide it", () => {
    const hidden = '{"to":"\\u0061@example\\u002ecom","card":4111111111111111}';
    const call = { type: "tool_call", name: "pay", arguments: hidden } as const;
    const text = kept([{ role: "assistant", parts: [call] }]);
    assert.match(text, /\[email:/);
    assert.match(text, /\[payment_card:/);
    assert.doesNotMatch(text, /example|4111/);
  });

  test("is cut after it was redacted: no secret loses only its tail, wherever the cut falls", () => {
    fc.assert(
      fc.property(fc.nat(260), fc.constantFrom(card, "ada.lovelace@example.com"), (before, secret) => {
        const text = kept([user(`${"x ".repeat(before)}${secret}${" y".repeat(300)}`)]);
        assert.doesNotMatch(text, /4111|lovelace/);
        assert.match(text, /\[cut: \d+ characters\]/);
      }),
    );
  });

  test("shows no secret that lies across the end of what is read, however much the others before it shrink", () => {
    const messageChars = 2000;
    const readable = messageChars + 2 * 4096;
    // An address of 90 characters becomes a label of 16: the end of what is read comes far forward.
    const long = `${"a".repeat(60)}@${"b".repeat(20)}.example.com `;
    fc.assert(
      fc.property(fc.integer({ min: readable - 40, max: readable + 2 }), (before) => {
        const text = `${long.repeat(200).slice(0, before - 1)} ${card}${" y".repeat(5000)}`;
        assert.doesNotMatch(kept([user(text)], { messageChars }), /4111/);
      }),
    );
  });

  test("is bounded in each message and in all, the newest first", () => {
    const messages = Array.from({ length: 100 }, (_, index) => user(`${index} ${"z".repeat(500)}`));
    const text = kept(messages);
    assert.ok(text.length < bounds.totalChars + 400);
    assert.match(text, /^\[\{"role":"omitted","parts":\[\],"messages":\d+\}/);
    assert.match(text, /"99 z+… \[cut: 503 characters\]"/);
    assert.equal(JSON.parse(kept([user("short")])).length, 1);
  });

  test("costs no more than it shows, whatever many parts are made of", () => {
    const secret = "-----BEGIN PRIVATE KEY----- -----END PRIVATE KEY-----";
    for (const unit of ["x ", `${secret} `]) {
      const part = { type: "text", content: unit.repeat(8000 / unit.length) } as const;
      const parts = Array.from({ length: 100 }, () => part);
      let read = 0;
      const counting = {
        ...redactor,
        redact(text: string) {
          read += text.length;
          return redactor.redact(text);
        },
      };
      const messages = Array.from({ length: 50 }, () => ({ role: "user", parts }));
      redactedMessages(messages, counting, { messageChars: 8192, totalChars: 32_768 });
      assert.ok(read <= 4 * (8192 + 8192), `${read} characters`);
    }
  });
});
