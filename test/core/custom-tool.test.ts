import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readCompletion } from "../../src/core/chat-completion.ts";
import { ChatStreamReader } from "../../src/core/chat-stream.ts";

const custom = { name: "shell", input: "ls -l" };

describe("a custom tool's call", () => {
  test("is read from a whole answer with its free text", () => {
    const message = { role: "assistant", content: null, tool_calls: [{ id: "c", type: "custom", custom }] };
    const read = readCompletion({ choices: [{ index: 0, message, finish_reason: "tool_calls" }] });
    assert.deepEqual(read?.choices[0]?.toolCalls, [{ name: "shell", arguments: "ls -l" }]);
  });

  test("is put together from the chunks of a stream", () => {
    const reader = new ChatStreamReader({ choices: 1, hidesUsage: false, collects: true });
    const pieces = [
      { index: 0, id: "c", type: "custom", custom: { name: "shell", input: "" } },
      { index: 0, custom: { input: "ls " } },
      { index: 0, custom: { input: "-l" } },
    ];
    for (const piece of pieces) {
      const data = JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [piece] } }] });
      reader.read({ data, raw: Buffer.from(`data: ${data}\n\n`) });
    }
    assert.deepEqual(reader.choices[0]?.toolCalls, [{ name: "shell", arguments: "ls -l" }]);
    assert.equal(reader.characters, 5);
  });
});
