import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configOf, marked, problemsOf, smallest } from "./config-fixture.ts";

function guardrail(yaml: string): string {
  return `${smallest}guardrails:\n  one:\n    ${yaml.trim().replaceAll("\n", "\n    ")}\n`;
}

/** The one problem, told at the mark. */
function assertProblem(yaml: string, message: RegExp): void {
  const { text, position } = marked(guardrail(yaml));
  const problems = problemsOf(text);
  assert.equal(problems.length, 1, problems.join("\n"));
  assert.ok(problems[0]?.startsWith(`assay.yaml:${position} `), `${position}: ${problems[0]}`);
  assert.match(problems[0] ?? "", message);
}

describe("settings of the guardrails' checks", () => {
  test("are taken with their defaults", () => {
    const { one } = configOf(guardrail("patterns: { banned: [acme] }")).guardrails;
    assert.deepEqual(one?.settings, {
      banned: ["acme"],
      required: [],
      case_sensitive: false,
      max_match_chars: 256,
      roles: ["system", "developer", "user", "assistant", "tool", "function"],
    });
    assert.deepEqual(one?.stages, ["input", "output", "tool_calls"]);
    assert.equal(one?.action, "block");
  });

  test("of personal data and secrets redact by themselves", () => {
    for (const check of ["personal_data", "secrets"]) {
      assert.equal(configOf(guardrail(`${check}: {}`)).guardrails.one?.action, "redact");
    }
  });

  test("are all taken where they are right", () => {
    for (const yaml of [
      "tools: { allow: [search], max_calls: 0 }",
      "tools: { allow: { search: {}, refund: { schema: { type: object, required: [amount] } } } }",
      "topics: { banned: { weapons: [gun*, hand grenade] }, min_hits: 2, roles: [user, tool] }",
      "language: { allowed: [en, ja] }",
      "json_schema: { schema: { type: object } }",
      "prompt_injection: { sensitivity: high }",
      "personal_data: { types: [email, us_ssn] }",
      "patterns: { required: [{ pattern: 'order \\d+', name: order }], case_sensitive: true }",
    ])
      assert.deepEqual(problemsOf(guardrail(yaml)), [], yaml);
  });

  test("that are patterns must compile, and not be everywhere", () => {
    assertProblem("patterns:\n  banned: [a, ⟦'(b']", /the pattern is not one of RE2: missing closing \)/);
    assertProblem("patterns:\n  banned:\n    - { pattern: ⟦'a(?=b)', name: x }", /lookahead/);
    assertProblem("patterns:\n  required: [⟦'(x)\\1']", /backreferences/);
    assertProblem("patterns:\n  banned: [⟦'a*']", /matches an empty text/);
    assertProblem("patterns: ⟦{}", /give `banned` or `required` a pattern/);
    assertProblem("patterns:\n  banned: [a]\n  max_match_chars: ⟦257", /256 or less/);
    assertProblem("patterns:\n  banned:\n    - { pattern: a, ⟦lable: b }", /did you mean `label`/);
  });

  test("name only what there is", () => {
    assertProblem("personal_data:\n  types: [⟦e-mail]", /did you mean `email`/);
    assertProblem("secrets:\n  types: [⟦email]", /must be one of private_key/);
    assertProblem("secrets:\n  types: ⟦[]", /at least one item/);
    assertProblem("language:\n  allowed: [en, ⟦xx]", /must be one of/);
    assertProblem("prompt_injection:\n  sensitivity: ⟦hihg", /did you mean `high`/);
    assertProblem("topics:\n  banned: { a: [b] }\n  roles: [⟦users]", /did you mean `user`/);
  });

  test("that are schemas must compile", () => {
    assertProblem("json_schema:\n  schema: ⟦{ type: objekt }", /this is not a usable JSON Schema/);
    assertProblem(
      "json_schema:\n  schema: ⟦{ $ref: 'https://example.com/a.json' }",
      /can't resolve reference/,
    );
    assertProblem("json_schema:\n  schema: ⟦{ $async: true }", /`\$async` is not supported/);
    assertProblem("tools:\n  allow:\n    f: { schema: ⟦{ type: 3 } }", /this is not a usable JSON Schema/);
    assertProblem("json_schema: ⟦{}", /give it a `schema`/);
  });

  test("say something", () => {
    assertProblem("tools: ⟦{}", /give `allow` or `max_calls`/);
    assertProblem("topics: ⟦{}", /give `allowed` or `banned` a topic/);
    assertProblem("topics:\n  banned:\n    a: [b, ⟦'***']", /no letter and no digit/);
    assertProblem("language: ⟦{}", /give `allowed` the languages/);
    assertProblem("length: ⟦{}", /give `min_chars`/);
    assertProblem("length: { min_chars: ⟦9, max_chars: 3 }", /`min_chars` 9 is more than `max_chars` 3/);
  });

  test("keep to the check's stages and actions", () => {
    assertProblem("tools: { max_calls: 1 }\nstages: [⟦output]", /`tools` cannot look at output/);
    assertProblem(
      "language: { allowed: [en] }\naction: ⟦redact",
      /`language` cannot redact; it may: block, flag/,
    );
  });
});
