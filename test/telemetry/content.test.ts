import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configWith } from "../support/app.ts";
import { ask, startObservedApp } from "./observed-app.ts";

const traceIds = ["00000000000000000000000000000001", "ffffffff000000000000000000000000"];

/** Messages on the attempts of a whole answer and of a stream, by trace. */
async function told(telemetry: string, more = ""): Promise<readonly (readonly unknown[])[]> {
  const app = await startObservedApp({
    config: (upstreamUrl) => configWith({ upstreamUrl, rest: `telemetry: { ${telemetry} }${more}` }),
  });
  try {
    const answer = { kind: "answer", content: "forty-two" } as const;
    app.upstream.setScript({ "model-b": [answer, answer] });
    const messages = [{ role: "user", content: `what is the answer? ${"z".repeat(90)}` }];
    for (const [at, traceId] of traceIds.entries()) {
      const traceparent = `00-${traceId}-00000000000000a${at}-01`;
      const body = ask("model-b", { messages, stream: at === 1 });
      await (await app.chat(body, { traceparent })).text();
    }
    await app.records(2);
    await app.end();
    const attempts = app.sink.spans.filter(({ name }) => name === "chat model-b");
    assert.equal(attempts.length, 2);
    return attempts.map(({ attributes }) => [
      attributes["gen_ai.input.messages"],
      attributes["gen_ai.output.messages"],
    ]);
  } finally {
    await app.close();
  }
}

const parsed = (texts: readonly unknown[]) => texts.map((text) => JSON.parse(String(text)));

describe("messages on spans", () => {
  test("are none when content is off", async () => {
    assert.deepEqual(await told("content: off"), [
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test("are their shape alone for `metadata`, of streams too", async () => {
    const shape = [
      [{ role: "user", parts: [{ type: "text", characters: 110 }] }],
      [{ role: "assistant", parts: [{ type: "text", characters: 9 }], finish_reason: "stop" }],
    ];
    assert.deepEqual((await told("content: metadata")).map(parsed), [shape, shape]);
  });

  test("are their text for `redacted`, cut at content_max_chars with a mark", async () => {
    const text = [
      [
        {
          role: "user",
          parts: [{ type: "text", content: "what is the answer? zzzzzzzzzz… [cut: 110 characters]" }],
        },
      ],
      [{ role: "assistant", parts: [{ type: "text", content: "forty-two" }], finish_reason: "stop" }],
    ];
    assert.deepEqual((await told("content: redacted, content_max_chars: 30")).map(parsed), [text, text]);
  });

  test("are of an answer that guardrails look at its shape alone: the span ends before they have judged", async () => {
    const guarded =
      "\nguardrails: { g: { patterns: { banned: [two] }, action: redact, everywhere: true, stages: [output] } }";
    for (const [input, output] of (await told("content: redacted", guarded)).map(parsed)) {
      assert.match(JSON.stringify(input), /what is the answer/);
      assert.deepEqual(output[0].parts, [{ type: "text", characters: 9 }]);
    }
  });

  test("are those of the share of traces that content_sample wants, the same ones wherever they are asked", async () => {
    const [low, high] = await told("content: redacted, content_sample: 0.5");
    assert.ok(low?.every((text) => typeof text === "string"));
    assert.deepEqual(high, [undefined, undefined]);
  });
});
