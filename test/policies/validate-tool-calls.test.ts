import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Choice } from "../../src/domain/chat.ts";
import type { ClientSchemaJudge } from "../../src/domain/client-schema.ts";
import type { CheckResult } from "../../src/domain/config.ts";
import { choiceOf } from "./policy-fixture.ts";
import { validating } from "./validate-fixture.ts";

const violation = { code: "output_schema_violation" };

describe("tool calls", () => {
  const parameters = {
    type: "object",
    required: ["city"],
    properties: { city: { type: "string" } },
    additionalProperties: false,
  };
  const tools = [{ type: "function", function: { name: "weather", parameters } }];
  const calling = (...calls: [name: string, text: string][]) =>
    choiceOf({
      content: undefined,
      finishReason: "tool_calls",
      toolCalls: calls.map(([name, text]) => ({ name, arguments: text })),
    });
  const asking = (choice: Choice, body: Readonly<Record<string, unknown>> = { tools }) =>
    validating({ schema: undefined, checkToolCalls: true }, [[choice]], { body });

  test("with arguments by their schema pass", async () => {
    const { results, ask } = asking(calling(["weather", '{"city":"Bern"}'], ["weather", '{"city":"Rome"}']));
    await ask();
    assert.deepEqual(results(), ["pass"]);
  });

  const faults: [string, Choice, RegExp][] = [
    ["arguments that are cut", calling(["weather", '{"city":']), /\/tool_calls\/0\/arguments is not JSON/],
    ["arguments of a wrong type", calling(["weather", '{"city":1}']), /\/tool_calls\/0\/city must be string/],
    ["a tool that was not offered", calling(["rm", "{}"]), /\/tool_calls\/0 names no tool/],
    [
      "the second call at fault",
      calling(["weather", '{"city":"Bern"}'], ["weather", "{}"]),
      /\/tool_calls\/1\/city is missing/,
    ],
    ["a tool named like a member of every object", calling(["constructor", "{}"]), /names no tool/],
  ];
  for (const [name, choice, message] of faults) {
    test(`with ${name} fail, and are named by index`, async () => {
      await assert.rejects(asking(choice).ask(), { ...violation, message });
    });
  }

  test("are not checked where the request offers no tools", async () => {
    const { context, ask } = asking(calling(["weather", "{"]), {});
    await ask();
    assert.deepEqual(context.state.validations, []);
  });

  test("are not evaluated by a client's schema that cannot be, and the answer goes out", async () => {
    const wild = [
      { type: "function", function: { name: "weather", parameters: { $ref: "http://localhost/s" } } },
    ];
    const { results, ask } = asking(calling(["weather", '{"city":"Bern"}']), { tools: wild });
    assert.equal((await ask()).status, 200);
    assert.deepEqual(results(), ["not_evaluated"]);
  });

  test("of one answer are all asked about before any answer comes", async () => {
    const asked: string[] = [];
    const all = Promise.withResolvers<CheckResult>();
    const judge: ClientSchemaJudge = ({ text }) => {
      asked.push(text);
      if (asked.length === 3) all.resolve({ kind: "pass" });
      return all.promise;
    };
    const two = calling(["weather", "1"], ["weather", "2"]);
    const { results, ask } = validating(
      { schema: undefined, checkToolCalls: true },
      [[two, { ...calling(["weather", "3"]), index: 1 }]],
      { body: { tools }, judge },
    );
    await ask();
    assert.deepEqual(asked, ["1", "2", "3"]);
    assert.deepEqual(results(), ["pass"]);
  });

  test("take empty arguments as an empty object, and free text where the tool is a custom one", async () => {
    await assert.rejects(asking(calling(["weather", ""])).ask(), { message: /city is missing/ });
    const custom = [{ type: "custom", custom: { name: "weather" } }];
    const { results, ask } = asking(calling(["weather", "free text"]), { tools: custom });
    await ask();
    assert.deepEqual(results(), ["not_evaluated"]);
  });
});
