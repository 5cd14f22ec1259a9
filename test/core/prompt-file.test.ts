import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePromptFile } from "../../src/core/prompt-file.ts";
import type { PromptFile } from "../../src/domain/prompt.ts";

const where = { name: "greeting", version: "v1" };

function prompt(text: string): PromptFile {
  const result = parsePromptFile(Buffer.from(text), where);
  if ("problems" in result) assert.fail(JSON.stringify(result.problems));
  return result.prompt;
}

function problems(text: string): readonly string[] {
  const result = parsePromptFile(Buffer.from(text), where);
  if ("prompt" in result) return [];
  return result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

function assertProblem(text: string, expected: RegExp): void {
  const found = problems(text);
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0] ?? "", expected);
}

const declared = "variables:\n  properties:\n    tone: { type: string }\n";

describe("parsePromptFile", () => {
  test("reads the shipped prompts", () => {
    for (const version of ["v1", "v2"]) {
      const bytes = readFileSync(new URL(`../../prompts/support-reply/${version}.md`, import.meta.url));
      const result = parsePromptFile(bytes, { name: "support-reply", version });
      assert.ok("prompt" in result);
      assert.equal(result.prompt.hash, createHash("sha256").update(bytes).digest("hex"));
      assert.equal(result.prompt.blocks.length, 1);
      assert.equal(result.prompt.variables?.additionalProperties, false);
    }
  });

  test("reads blocks of all roles in order, several of one role too", () => {
    const { blocks } = prompt(
      "---\n---\n## system\n\nA\n\nB\n\n## user\nhi\n## assistant\nho\n## user\nagain\n",
    );
    assert.deepEqual(blocks, [
      { role: "system", text: "A\n\nB" },
      { role: "user", text: "hi" },
      { role: "assistant", text: "ho" },
      { role: "user", text: "again" },
    ]);
  });

  test("has defaults for what the front matter leaves out", () => {
    const { description, combine, modelHints, variables } = prompt("---\n---\n## system\nA");
    assert.deepEqual(
      { description, combine, modelHints, variables },
      {
        description: "",
        combine: "prepend",
        modelHints: [],
        variables: undefined,
      },
    );
  });

  test("reads Windows line ends and a byte order mark as the same prompt", () => {
    const text = "---\ncombine: append\n---\n## system\nA\nB\n";
    assert.deepEqual(prompt(`\ufeff${text.replaceAll("\n", "\r\n")}`).blocks, prompt(text).blocks);
  });

  test("keeps escaped placeholders and headings as text", () => {
    assert.deepEqual(prompt("---\n---\n## system\n\\## Tone\n### Deeper\n\\{{name}}").blocks, [
      { role: "system", text: "## Tone\n### Deeper\n\\{{name}}" },
    ]);
  });

  test("allows a declared variable that no block uses", () => {
    assert.deepEqual(problems(`---\n${declared}---\n## system\nA`), []);
    assert.deepEqual(problems(`---\n${declared}---\n## system\n{{tone}} {{ tone }}`), []);
  });

  test("points at each problem", () => {
    const body = "---\n## system\nA";
    assertProblem(`---\ncombine: prepend\ncolour: red\n${body}`, /^3:1 unknown key "colour"/);
    assertProblem(`---\ncombine: mix\n${body}`, /^2:10 combine is "mix"; it must be prepend/);
    assertProblem(`---\nmodel_hints: gpt\n${body}`, /^2:14 model_hints must be a list/);
    assertProblem(`---\ndescription: 3\n${body}`, /^2:14 description must be text/);
    assertProblem(
      `---\ncombine: append\ncombine: append\n${body}`,
      /^3:1 the front matter is not valid YAML/,
    );
    assertProblem(`---\na: [\n${body}`, /not valid YAML/);
    assertProblem(`---\n- a\n${body}`, /^2:1 the front matter must be a mapping/);
    assertProblem(`---\n---\n## robot\nA`, /^3:1 unknown role "robot"/);
    assertProblem(`---\n---\nA\n## system\nB`, /^3:1 text needs a heading/);
    assertProblem(`---\n---\n\n`, /the prompt is empty/);
    assertProblem(`---\n---\n## system\n\n## user\nA`, /^3:1 the system block is empty/);
    assertProblem(`---\n---\n## system\nA {{tone}}`, /^4:3 "tone" is not declared/);
    assertProblem(`---\n${declared}---\n## system\n{{ tone }} {{to ne}}`, /^7:12 `\{\{` opens no variable/);
    assertProblem(`## system\nA`, /^1:1 the file must start/);
    assertProblem(`---\n## system\nA`, /no closing line/);
  });

  test("refuses variables that are no schema of scalars", () => {
    const withVariables = (yaml: string): string => `---\nvariables: ${yaml}\n---\n## system\nA`;
    assertProblem(withVariables("[a]"), /^2:12 variables must be a JSON Schema with `type: object`/);
    assertProblem(withVariables("{ type: string }"), /type: object/);
    assertProblem(
      withVariables("{ properties: { a: { type: string, minLength: -1 } } }"),
      /not a valid JSON Schema/,
    );
    assertProblem(withVariables("{ properties: { a: { type: string, maxLen: 1 } } }"), /maxLen/);
    assertProblem(
      withVariables("{ properties: { a: { type: string, $ref: 'http://x/y' } } }"),
      /not a valid JSON Schema/,
    );
    assertProblem(withVariables("{ properties: { a: { type: array } } }"), /^2:31 variable "a" needs a type/);
    assertProblem(
      withVariables("{ properties: { __proto__: { type: string } } }"),
      /must start with a letter/,
    );
    assertProblem(withVariables("{ properties: 3 }"), /must map each variable/);
  });

  test("gives all problems at once, in the order of the file", () => {
    const found = problems("---\ncombine: mix\ncolour: red\n---\n## robot\n{{a}}\n## user\n{{b}}");
    assert.deepEqual(
      found.map((problem) => problem.split(" ")[0]),
      ["2:10", "3:1", "5:1", "8:1"],
    );
  });

  test("refuses bytes that are not UTF-8", () => {
    const result = parsePromptFile(Buffer.from([0x2d, 0xff]), where);
    assert.ok("problems" in result);
  });

  test("never throws, whatever the bytes", () => {
    const piece = fc.constantFrom(
      "---\n",
      "## system\n",
      "## x\n",
      "{{",
      "}}",
      "\\",
      "a: ",
      "&b",
      "*b",
      "[",
      "variables:\n",
      "  ",
      "\n",
      "é",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }), (pieces) => {
        parsePromptFile(Buffer.from(pieces.join("")), where);
        parsePromptFile(Buffer.from(`---\n${pieces.join("")}\n---\n## system\nA`), where);
      }),
    );
  });
});
