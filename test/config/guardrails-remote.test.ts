import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configOf, marked, problemsOf } from "./config-fixture.ts";

const head = `upstreams:
  main: {}
  iris: { dialect: json, base_url: "http://127.0.0.1:9/predict" }
models: { flower: { upstream: iris } }
guardrails:
  it: `;

const promptOf = (variables: string, body: string) => `---\nvariables:\n${variables}---\n## user\n${body}\n`;
const files = {
  "prompts/good/v1.md": promptOf("  properties:\n    text: { type: string }\n", "{{text}}"),
  "prompts/blind/v1.md": promptOf("  properties:\n    text: { type: string }\n", "Is it polite?"),
  "prompts/needy/v1.md": promptOf(
    "  properties:\n    text: { type: string }\n    tone: { type: string }\n  required: [text, tone]\n",
    "{{tone}} {{text}}",
  ),
};

const cases: readonly { readonly says: string; readonly yaml: string; readonly problem: string | RegExp }[] =
  [
    {
      says: "an upstream that there is not",
      yaml: "{ moderation: { upstream: ⟦mian⟧ } }",
      problem: 'there is no upstream "mian"; did you mean "main"?',
    },
    {
      says: "an upstream that is a model server",
      yaml: "{ moderation: { upstream: ⟦iris⟧ } }",
      problem: 'upstream "iris" is a model server, which answers no guardrail; name one of dialect openai',
    },
    {
      says: "a model whose upstream is a model server",
      yaml: '{ judge: { model: ⟦flower⟧, instructions: "x" } }',
      problem: /upstream "iris" is a model server/,
    },
    {
      says: "a category that is switched off",
      yaml: "{ moderation: { categories: { hate: ⟦false⟧ } } }",
      problem: "`hate: false` says nothing; leave it out",
    },
    {
      says: "a threshold that nothing reaches",
      yaml: "{ moderation: { categories: { hate: ⟦1.5⟧ } } }",
      problem: /1\.5/,
    },
    {
      says: "a judge without a model",
      yaml: '{ ⟦judge⟧: { instructions: "x" } }',
      problem: /lacks `model`/,
    },
    {
      says: "a judge without a question",
      yaml: "{ judge: ⟦{ model: small }⟧ }",
      problem: "give either `instructions` or `prompt`",
    },
    {
      says: "a judge with two questions",
      yaml: '{ judge: ⟦{ model: small, instructions: "x", prompt: good@v1 }⟧ }',
      problem: "give either `instructions` or `prompt`",
    },
    {
      says: "a parameter that the check sets itself",
      yaml: '{ judge: { model: small, instructions: "x", parameters: { stream: ⟦true⟧ } } }',
      problem: "`parameters` may not set `stream`: the check sets it itself",
    },
    {
      says: "a category of the name that none has",
      yaml: '{ judge: { model: small, instructions: "x", categories: [rude, ⟦none⟧] } }',
      problem: "`none` is what no category is called",
    },
    {
      says: "a prompt that there is not",
      yaml: "{ judge: { model: small, prompt: ⟦god@v1⟧ } }",
      problem: 'there is no prompt "god@v1"; did you mean "good@v1"?',
    },
    {
      says: "a prompt that does not show what is judged",
      yaml: "{ judge: { model: small, prompt: ⟦blind@v1⟧ } }",
      problem: 'prompt "blind@v1" does not show what is judged; declare the variable `text` and use it',
    },
    {
      says: "a prompt with a variable that nobody gives",
      yaml: "{ judge: { model: small, prompt: ⟦needy@v1⟧ } }",
      problem: /prompt "needy@v1" cannot be rendered: .*"tone" is missing/,
    },
  ];

describe("a problem of a check that asks a server is told with its place", () => {
  for (const { says, yaml, problem } of cases) {
    test(says, () => {
      const { text, position } = marked(`${head}${yaml}\n`);
      const [first = "", ...more] = problemsOf(text, { files });
      assert.deepEqual(more, []);
      assert.equal(first.split(" ", 1)[0], `assay.yaml:${position}`, first);
      if (typeof problem === "string") assert.equal(first, `assay.yaml:${position} ${problem}`);
      else assert.match(first, problem);
    });
  }
});

test("a check that asks a server needs no more than what it asks", () => {
  const yaml = `${head}{ moderation: {} }\n  that: { judge: { model: small, prompt: good@v1 } }\n`;
  const { guardrails } = configOf(yaml, { files });
  assert.deepEqual(guardrails.it?.settings, {
    model: "omni-moderation-latest",
    roles: ["user", "tool", "function"],
    max_chars: 20_000,
    cache_entries: 1000,
    cache_ttl_ms: 300_000,
  });
  assert.deepEqual(guardrails.that?.settings, {
    model: "small",
    prompt: "good@v1",
    categories: [],
    parameters: { temperature: 0 },
    roles: ["user", "tool", "function"],
    max_chars: 8000,
    max_tokens: 200,
  });
  assert.equal(guardrails.it?.action, "block");
  assert.deepEqual(guardrails.that?.stages, ["input", "output"]);
});
