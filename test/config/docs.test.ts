// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references is under test
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { configurationJsonSchema, configurationMarkdown } from "../../src/config/docs.ts";
import { configurationSchema } from "../../src/config/schema.ts";
import type { SchemaNode } from "../../src/config/schema-node.ts";
import { errorsMarkdown } from "../../src/http/docs.ts";
import { telemetryMarkdown } from "../../src/telemetry/docs.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the committed documentation is what the schema gives", () => {
  assert.equal(read("docs/configuration.md"), configurationMarkdown(), "run node scripts/docs.ts");
  assert.equal(read("docs/errors.md"), errorsMarkdown(), "run node scripts/docs.ts");
  assert.equal(read("docs/telemetry.md"), telemetryMarkdown(), "run node scripts/docs.ts");
  assert.equal(read("docs/assay.schema.json"), configurationJsonSchema(), "run node scripts/docs.ts");
});

test("the published schema takes the shipped example as an editor sees it", () => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(configurationJsonSchema()));
  assert.ok(validate(parse(read("assay.yaml"))), JSON.stringify(validate.errors));
});

test("the published schema refuses a secret in plain text", () => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(configurationJsonSchema()));
  assert.equal(validate({ upstreams: { main: { api_key: "sk-plain" } } }), false);
  assert.equal(validate({ upstreams: { main: { api_key: "${KEY}" } } }), true);
});

test("every key has a description, and a default, a stand-in or the word required", () => {
  const bare: string[] = [];
  const visit = (path: string, node: SchemaNode): void => {
    for (const [key, member] of Object.entries({ ...node.properties, ...node.else?.properties })) {
      const isRequired = [...(node.required ?? []), ...(node.else?.required ?? [])].includes(key);
      const hasDefault = member.default !== undefined || member["x-otherwise"] !== undefined;
      if (member.description === undefined || !(isRequired || hasDefault)) bare.push(`${path}.${key}`);
      visit(`${path}.${key}`, member);
    }
    if (node.items !== undefined) visit(`${path}[]`, node.items);
    if (typeof node.additionalProperties === "object") visit(`${path}.*`, node.additionalProperties);
  };
  visit("", configurationSchema);
  assert.deepEqual(bare, []);
});
