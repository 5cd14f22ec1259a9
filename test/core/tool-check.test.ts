import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createToolChecks } from "../../src/core/tool-check.ts";
import type { ClientSchemaQuestion } from "../../src/domain/client-schema.ts";

function asking() {
  const asked: ClientSchemaQuestion[] = [];
  const checks = createToolChecks(async (question) => {
    asked.push(question);
    return { kind: "pass" };
  });
  return { asked, checks };
}

describe("the check of a tool's call", () => {
  test("asks by the tools as they came, under a key that stands for them and the tool", async () => {
    const { asked, checks } = asking();
    const tools = '[{"type":"function","function":{"name":"é"}}]';
    for (const name of ["f", "g"]) await checks(Buffer.from(tools))({ name, arguments: "{}" });
    await checks(Buffer.from(tools))({ name: "f", arguments: "[]" });
    await checks(Buffer.from(`${tools} `))({ name: "f", arguments: "{}" });
    assert.deepEqual(
      asked.map(({ source, tool, text }) => [source, tool, text]),
      [
        [tools, "f", "{}"],
        [tools, "g", "{}"],
        [tools, "f", "[]"],
        [`${tools} `, "f", "{}"],
      ],
    );
    const [f, g, again, other] = asked.map(({ key }) => key);
    assert.equal(f, again);
    assert.equal(new Set([f, g, other]).size, 3);
  });

  test("asks nobody before a tool is called, nor for tools that are too long to be handed over", async () => {
    const { asked, checks } = asking();
    const check = checks(Buffer.alloc(512 * 1024 + 1, " "));
    assert.equal((await check({ name: "f", arguments: "{}" })).kind, "not_evaluated");
    assert.deepEqual(asked, []);
  });
});
