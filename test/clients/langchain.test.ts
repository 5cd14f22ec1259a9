import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ChatOpenAI } from "@langchain/openai";
import {
  answerSchema,
  collect,
  lastBody,
  type Proxied,
  recordOf,
  startProxied,
  weatherTool,
} from "./proxied.ts";

describe("LangChain's ChatOpenAI against the proxy", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied();
  });
  after(() => proxied.close());

  const chat = (model: string) =>
    new ChatOpenAI({
      model,
      user: "ada",
      apiKey: "sk-client",
      maxRetries: 0,
      configuration: { baseURL: proxied.app.url },
    });

  test("is answered in an experiment, by `user`", async () => {
    const message = await chat("tone").invoke("Where is my parcel?");
    assert.notEqual(message.text, "");
    const record = await recordOf(proxied, ({ responseId }) => responseId === message.id);
    assert.equal(record.experimentId, "tone");
    assert.equal(record.unitSource, "user");
    assert.equal(record.usage?.outputTokens, outputTokens(message));
  });

  test("streams the text of the whole answer, with its usage", async () => {
    const whole = await chat("gpt-4.1").invoke("How do I cancel?");
    const chunks = await collect(await chat("gpt-4.1").stream("How do I cancel?"));
    assert.equal(chunks.map(({ text }) => text).join(""), whole.text);
    const counts = chunks.map(outputTokens).filter((count) => count !== undefined);
    assert.deepEqual(counts, [outputTokens(whole)]);
  });

  test("calls a tool", async () => {
    const bound = chat("gpt-4.1").bindTools([weatherTool], { tool_choice: "weather" });
    const { tool_calls } = await bound.invoke("Will it rain?");
    assert.deepEqual(
      tool_calls?.map(({ name }) => name),
      ["weather"],
    );
    assert.equal(typeof tool_calls?.[0]?.args.city, "string");
    const tools = lastBody(proxied.upstream).tools;
    assert.ok(Array.isArray(tools) && tools.length === 1);
  });

  test("gets structured output, by schema and by a function", async () => {
    for (const method of ["jsonSchema", "functionCalling"] as const) {
      const structured = chat("gpt-4.1").withStructuredOutput(
        { ...answerSchema },
        { name: "ticket", method },
      );
      const ticket: unknown = await structured.invoke("Sort this ticket.");
      assert.ok(typeof ticket === "object" && ticket !== null && "urgent" in ticket);
      assert.equal(typeof ticket.urgent, "boolean");
    }
  });

  test("sees the status of a failure", async () => {
    await assert.rejects(chat("experiment/tune").invoke("Hi"), { status: 404, code: "model_not_found" });
  });
});

/** Tokens of the answer as LangChain hands them on; its types leave them open for messages of any content. */
function outputTokens(message: { readonly usage_metadata?: unknown }): unknown {
  const usage = message.usage_metadata;
  return typeof usage === "object" && usage !== null && "output_tokens" in usage
    ? usage.output_tokens
    : undefined;
}
