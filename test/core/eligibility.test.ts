import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isEligible } from "../../src/core/eligibility.ts";
import type { EligibilityRule } from "../../src/domain/config.ts";

const facts = {
  model: "gpt-4.1",
  header: (name: string) => ({ "x-country": "CH" })[name],
  metadata: (key: string) => ({ plan: "pro" })[key],
};

const ruleOf = (subject: EligibilityRule["subject"], change: Partial<EligibilityRule>): EligibilityRule => ({
  subject,
  in: undefined,
  notIn: undefined,
  exists: undefined,
  ...change,
});

const model = { kind: "model" } as const;
const country = { kind: "header", name: "x-country" } as const;
const plan = { kind: "metadata", key: "plan" } as const;
const absent = { kind: "metadata", key: "region" } as const;

describe("isEligible", () => {
  const cases: readonly (readonly [name: string, rules: readonly EligibilityRule[], expected: boolean])[] = [
    ["everybody without rules", [], true],
    ["a value that is in the list", [ruleOf(country, { in: ["DE", "CH"] })], true],
    ["not a value that is missing from the list", [ruleOf(model, { in: ["gpt-4.1-mini"] })], false],
    ["not an absent value where a list is asked for", [ruleOf(absent, { in: ["eu"] })], false],
    ["not a value that is ruled out", [ruleOf(plan, { notIn: ["pro"] })], false],
    ["an absent value where one is ruled out", [ruleOf(absent, { notIn: ["eu"] })], true],
    ["a value that has to exist", [ruleOf(plan, { exists: true })], true],
    ["not an absent value that has to exist", [ruleOf(absent, { exists: true })], false],
    ["an absent value that must not exist", [ruleOf(absent, { exists: false })], true],
    ["not a value that must not exist", [ruleOf(plan, { exists: false })], false],
    [
      "not if one of several rules fails",
      [ruleOf(plan, { in: ["pro"] }), ruleOf(country, { in: ["DE"] })],
      false,
    ],
    [
      "if all conditions of one rule hold",
      [ruleOf(plan, { in: ["pro"], notIn: ["free"], exists: true })],
      true,
    ],
    ["not if one condition of a rule fails", [ruleOf(plan, { in: ["pro"], notIn: ["pro"] })], false],
  ];

  for (const [name, rules, expected] of cases) {
    test(`lets in ${name}`, () => {
      assert.equal(isEligible(rules, facts), expected);
    });
  }
});
