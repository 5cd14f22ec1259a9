/** Words that an upstream or a client puts where guardrails might not look. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer, Choice } from "../../src/domain/chat.ts";
import type { GuardrailPlan } from "../../src/domain/guardrail.ts";
import { guardOutput } from "../../src/policies/guard-output.ts";
import { checkOf } from "../guardrails/check-fixture.ts";
import { finding, guardrailWith, planWith } from "./guardrail-fixture.ts";
import { choiceOf, completionOf, contextOf, renderedRequest } from "./policy-fixture.ts";
import { read, streamAnswer } from "./source-fixture.ts";

const secret = /SECRET\d+/;
const windowed = { action: "redact", windowChars: 32 } as const;

function guarded(answer: Answer, plan: Partial<GuardrailPlan>): Promise<Answer> {
  const policy = guardOutput({ planOf: () => planWith(plan), now: () => 0 });
  return policy(() => Promise.resolve(answer))(renderedRequest(), contextOf());
}

function whole(choice: Record<string, unknown>): Answer {
  const body = { id: "c-1", choices: [{ index: 0, finish_reason: "stop", ...choice }] };
  return {
    status: 200,
    headers: {},
    body: { kind: "whole", bytes: Buffer.from(JSON.stringify(body)) },
    completion: Promise.resolve(completionOf({})),
  };
}

function streamed(choices: readonly Record<string, unknown>[], collected: readonly Choice[] = []): Answer {
  const chunks = choices.map(
    (choice) => `data: ${JSON.stringify({ id: "c-1", choices: [{ index: 0, ...choice }] })}\n\n`,
  );
  return streamAnswer(chunks, completionOf({ choices: [...collected] }));
}

const finish = { delta: {}, finish_reason: "stop" };

describe("words of an answer", () => {
  const messages: Readonly<Record<string, Record<string, unknown>>> = {
    "parts of content": { content: [{ type: "text", text: "a SECRET1" }] },
    "reasoning in parts": {
      content: [{ type: "thinking", thinking: [{ type: "text", text: "a SECRET1" }] }],
    },
    "details of reasoning": { reasoning_details: [{ type: "reasoning.text", text: "a SECRET1" }] },
    "what a voice says": { audio: { id: "1", data: "AAAA", transcript: "a SECRET1" } },
    "what looks like a file": { content: "data:;base64, a SECRET1" },
  };
  for (const [name, message] of Object.entries(messages)) {
    test(`are looked at in ${name}, whole and streamed`, async () => {
      for (const answer of [
        whole({ message }),
        whole({ delta: message }),
        streamed([{ delta: message }, finish]),
        streamed([{ message }, finish]),
      ]) {
        const { text } = await read(await guarded(answer, { output: [finding(secret, windowed)] }));
        assert.ok(text.includes("a [gone]") && !text.includes("SECRET"), text);
      }
    });
  }

  test("are looked at in a choice's own text", async () => {
    for (const answer of [
      whole({ text: "SECRET1" }),
      streamed([{ text: "SEC" }, { text: "RET1" }, finish]),
    ]) {
      const { text } = await read(await guarded(answer, { output: [finding(secret, windowed)] }));
      assert.ok(text.includes("[gone]") && !text.includes("SEC"), text);
    }
  });

  test("in pieces of parts are one text", async () => {
    const piece = (text: string) => ({ delta: { content: [{ type: "text", text }] } });
    const { text } = await read(
      await guarded(streamed([piece("a SEC"), piece("RET1 b"), finish]), {
        output: [finding(secret, windowed)],
      }),
    );
    assert.ok(text.includes("[gone]") && !text.includes("SEC") && !text.includes("RET"), text);
  });

  test("are one text where each chunk says that nothing has finished by an empty reason", async () => {
    const piece = (content: string) => ({ delta: { content }, finish_reason: "" });
    const { text } = await read(
      await guarded(streamed([piece("SEC"), piece("RET1"), finish]), { output: [finding(secret, windowed)] }),
    );
    assert.ok(text.includes("[gone]") && !text.includes("SEC"), text);
  });
});

describe("calls of tools", () => {
  const args = JSON.stringify({ a: "SECRET1" });
  const calls: Readonly<Record<string, Record<string, unknown>>> = {
    "arguments that are no text": { function: { name: "f", arguments: { a: "SECRET1" } } },
    "a call without a function": { name: "f", arguments: args },
    "a function behind a custom tool": {
      custom: { name: "c", input: "x" },
      function: { name: "f", arguments: args },
    },
  };
  for (const [name, call] of Object.entries(calls)) {
    test(`are judged: ${name}`, async () => {
      const message = { tool_calls: [{ index: 0, id: "1", ...call }] };
      for (const answer of [whole({ message }), streamed([{ delta: message }, finish])])
        await assert.rejects(guarded(answer, { tool_calls: [finding(secret)] }), { code: "content_blocked" });
    });
  }

  test("keep their numbers and their keys beside what is taken out", async () => {
    const written = '{"id":12345678901234567890,"a":"SECRET1","a":"\\n\\u00e9 S\\u0045CRET2"}';
    const message = { tool_calls: [{ function: { name: "f", arguments: written } }] };
    const plan = { tool_calls: [finding(secret, { action: "redact" })] };
    const { text } = await read(await guarded(whole({ message }), plan));
    assert.equal(
      JSON.parse(text).choices[0].message.tool_calls[0].function.arguments,
      '{"id":12345678901234567890,"a":"[gone]","a":"\\né [gone]"}'.replace("\n", "\\n"),
    );
  });
});

describe("the record of a stream", () => {
  test("has what the client got of a choice that went on after its end", async () => {
    for (const late of ["", " and SECRET2"]) {
      const content = `my SECRET1${late}`;
      const answer = streamed(
        [{ delta: { content: "my SECRET1" } }, finish, { delta: { content: late } }],
        [choiceOf({ content })],
      );
      const given = await guarded(answer, { output: [finding(secret, windowed)] });
      await read(given);
      const { choices } = await given.completion;
      assert.equal(choices[0]?.content, content.replaceAll(/SECRET\d/g, "[gone]"));
    }
  });

  test("has the arguments of each call under its own index", async () => {
    const call = (index: number, text: string) => ({
      delta: { tool_calls: [{ index, function: { name: "f", arguments: text } }] },
    });
    const toolCalls = ["", '"SECRET1"', "{}"].map((text) => ({ name: "f", arguments: text }));
    const answer = streamed([call(1, '"SECRET1"'), call(2, "{}"), finish], [{ ...choiceOf({}), toolCalls }]);
    const given = await guarded(answer, { tool_calls: [finding(secret, { action: "redact" })] });
    await read(given);
    const [choice] = (await given.completion).choices;
    assert.deepEqual(
      choice?.toolCalls.map((one) => one.arguments),
      ["", '"[gone]"', "{}"],
    );
  });
});

describe("a guardrail that gives up", () => {
  test("shows nothing that another one has yet to judge whole", async () => {
    const endless = guardrailWith(
      ({ texts }) => {
        const end = texts[0]?.text.length ?? 0;
        return { kind: "found", reason: "x", spans: [{ index: 0, start: 0, end, label: "" }] };
      },
      { action: "redact", windowChars: 32, onFailure: "open" },
    );
    const judge = guardrailWith(() => ({ kind: "found", reason: "bad" }), { isRemote: true });
    const content = { delta: { content: "x".repeat(40_000) } };
    await assert.rejects(guarded(streamed([content, finish]), { output: [endless, judge] }), {
      code: "content_blocked",
    });
  });
});

describe("what an answer must be", () => {
  const demands = {
    json_schema: { schema: { type: "object" } },
    patterns: { required: ["object|\\{"] },
    length: { min_chars: 10 },
    topics: { allowed: { birds: ["heron"] } },
  };
  for (const [name, settings] of Object.entries(demands)) {
    test(`is not asked of its reasoning: ${name}`, async () => {
      const check = checkOf(name, settings);
      const guardrail = { ...guardrailWith(() => ({ kind: "pass" })), check };
      const message = { content: '{"birds":"a heron"}', reasoning_content: "a b c d" };
      for (const answer of [whole({ message }), streamed([{ delta: message }, finish])])
        assert.equal((await guarded(answer, { output: [guardrail] })).status, 200);
      const other = { reasoning_content: "a b c d", content: "No, not at all" };
      const answer = whole({ message: name === "length" ? { content: "No" } : other });
      await assert.rejects(guarded(answer, { output: [guardrail] }), { code: "content_blocked" });
    });
  }
});
