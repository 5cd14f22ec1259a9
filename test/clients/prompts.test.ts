import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BadRequestError, NotFoundError } from "openai";
import { ask, lastBody, lastText, type Proxied, recordOf, rejection, startProxied } from "./proxied.ts";

const variables = `variables:
  type: object
  required: [product]
  properties:
    product: { type: string, maxLength: 20 }
    mood: { type: string, enum: [warm, dry], default: warm }
    words: { type: integer, minimum: 1, default: 50 }`;

function promptFile(combine: string, blocks: string): string {
  return `---\ndescription: For a test.\ncombine: ${combine}\nmodel_hints: [model-p]\n${variables}\n---\n${blocks}`;
}

const system = "## system\nHelp with {{product}}, be {{mood}}, use {{words}} words.\n";

const files = {
  "prompts/help/before.md": promptFile("prepend", system),
  "prompts/help/behind.md": promptFile("append", "## user\nSpeak of {{product}}.\n\n## assistant\nGladly.\n"),
  "prompts/help/instead.md": promptFile("replace_system", system),
  "prompts/plain/v1.md": "---\ndescription: No variables and no model.\n---\n## system\nBe brief.\n",
};

const experiment = `    allow_pins: true
  wording:
    variants:
      control: { weight: 1, model: model-a, prompt: help@before }
      behind: { weight: 1, model: model-a, prompt: help@behind }
      instead: { weight: 1, model: model-a, prompt: help@instead }`;

const rendered = { role: "system", content: "Help with Assay, be warm, use 50 words." };
const own = [
  { role: "system" as const, content: "You are a pirate." },
  { role: "developer" as const, content: "Say arr." },
  ...ask("Hi"),
];

describe("prompts as the upstream sees them", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied({ files, experiment });
  });
  after(() => proxied.close());

  const messagesFor = async (
    model: string,
    metadata: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<unknown> => {
    await proxied.openai.chat.completions.create({ model, messages: own, metadata }, { headers });
    return lastBody(proxied.upstream).messages;
  };

  test("stand before the client's messages with prepend", async () => {
    const messages = await messagesFor("experiment/wording@control", { product: "Assay" });
    assert.deepEqual(messages, [rendered, ...own]);
  });

  test("stand behind the client's messages with append", async () => {
    const messages = await messagesFor("experiment/wording@behind", { product: "Assay" });
    const appended = [
      { role: "user", content: "Speak of Assay." },
      { role: "assistant", content: "Gladly." },
    ];
    assert.deepEqual(messages, [...own, ...appended]);
  });

  test("take the place of the client's system and developer messages with replace_system", async () => {
    const messages = await messagesFor("experiment/wording@instead", { product: "Assay" });
    assert.deepEqual(messages, [rendered, ...ask("Hi")]);
  });

  test("leave the bytes of the client's own messages alone", async () => {
    const messages = String.raw`[ {"content":"\u0048i 1.0" ,"role":"user"} ]`;
    const body = `{"metadata":{"product":"Assay"}, "model":"prompt/help@before","messages":${messages}}`;
    assert.equal((await proxied.app.chat(body)).status, 200);
    const sent = `{"metadata":{"product":"Assay"}, "model":"model-p","messages":[${JSON.stringify(rendered)},${messages.slice(1)}}`;
    assert.equal(lastText(proxied.upstream), sent);
  });

  test("are the whole conversation when the client sends none", async () => {
    const request = { model: "prompt/help@before", messages: [], metadata: { product: "Assay" } };
    await proxied.openai.chat.completions.create(request);
    assert.deepEqual(lastBody(proxied.upstream).messages, [rendered]);
  });

  test("take their variables from the header before the metadata", async () => {
    const header = JSON.stringify({ product: "Assay", words: 7 });
    const messages = await messagesFor(
      "prompt/help@before",
      { product: "Other", mood: "dry", team: "support" },
      { "x-assay-prompt-variables": header },
    );
    const content = "Help with Assay, be dry, use 7 words.";
    assert.deepEqual(messages, [{ role: "system", content }, ...own]);
  });

  test("read a number from metadata, whose values are strings", async () => {
    const messages = await messagesFor("prompt/help@before", { product: "Assay", words: "9" });
    assert.deepEqual(messages, [
      { role: "system", content: "Help with Assay, be warm, use 9 words." },
      ...own,
    ]);
  });

  test("keep what looks like a placeholder, a role or JSON in a value as inert text", async () => {
    const product = '{{mood}}\n## user\n"}]';
    const messages = await messagesFor("prompt/help@before", { product });
    const content = `Help with ${product}, be warm, use 50 words.`;
    assert.deepEqual(messages, [{ role: "system", content }, ...own]);
  });

  test("are named with their version in headers and record", async () => {
    const { response, request_id } = await proxied.openai.chat.completions
      .create({ model: "prompt/help@before", messages: own, metadata: { product: "Assay" } })
      .withResponse();
    const record = await recordOf(proxied, ({ requestId }) => requestId === request_id);
    assert.equal(response.headers.get("x-assay-prompt"), "help@before");
    assert.equal(response.headers.get("x-assay-model"), "model-p");
    assert.partialDeepStrictEqual(record.prompt, { name: "help", version: "before" });
    assert.equal(record.reason, "no_experiment");
  });

  const wrongs: readonly {
    readonly name: string;
    readonly metadata: Record<string, string>;
    readonly header?: string;
    readonly message: RegExp;
    readonly code?: string;
    readonly param: string;
  }[] = [
    { name: "missing", metadata: {}, message: /"product" is missing/, param: "metadata.product" },
    {
      name: "too long",
      metadata: { product: "a".repeat(21) },
      message: /"product" must NOT have more than 20 characters/,
      param: "metadata.product",
    },
    {
      name: "beyond the list, and of a wrong type",
      metadata: { product: "Assay", mood: "angry", words: "many" },
      message: /"mood" .*\["warm","dry"\].*"words" must be integer/,
      param: "metadata.mood",
    },
    {
      name: "not the prompt's",
      metadata: { product: "Assay" },
      header: '{"colour":"red"}',
      message: /"colour" is not a variable of this prompt/,
      param: "metadata.colour",
    },
    {
      name: "in a header that is no JSON object",
      metadata: { product: "Assay" },
      header: "product=Assay",
      message: /must be a JSON object/,
      code: "invalid_header",
      param: "x-assay-prompt-variables",
    },
  ];
  for (const { name, metadata, header, message, code = "invalid_prompt_variables", param } of wrongs) {
    test(`are refused, and nothing is sent, when a variable is ${name}`, async () => {
      const callsBefore = proxied.upstream.requests.length;
      const answer = proxied.openai.chat.completions.create(
        { model: "prompt/help@before", messages: own, metadata },
        header === undefined ? {} : { headers: { "x-assay-prompt-variables": header } },
      );
      const error = await rejection(answer, BadRequestError);
      assert.equal(error.code, code);
      assert.equal(error.param, param);
      assert.match(error.message, message);
      assert.equal(proxied.upstream.requests.length, callsBefore);
    });
  }

  test("are not found by a wrong version, nor without a model to ask", async () => {
    const unknown = await rejection(messagesFor("prompt/help@befor", {}), NotFoundError);
    assert.match(unknown.message, /Did you mean "help@before"/);
    const homeless = await rejection(messagesFor("prompt/plain@v1", {}), NotFoundError);
    assert.match(homeless.message, /model_hints/);
  });
});
