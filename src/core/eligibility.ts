import type { EligibilityRule } from "../domain/config.ts";

/** What a rule may look at. Names of headers are asked for as the rule spells them. */
export interface EligibilityFacts {
  readonly model: string;
  header(name: string): string | undefined;
  metadata(key: string): string | undefined;
}

/** True when every condition of every rule holds; without rules everybody is eligible. */
export function isEligible(rules: readonly EligibilityRule[], facts: EligibilityFacts): boolean {
  return rules.every((rule) => holds(rule, subjectValue(rule.subject, facts)));
}

// What is absent is in no list: it fails `in` and passes `notIn`.
function holds(rule: EligibilityRule, value: string | undefined): boolean {
  if (rule.exists !== undefined && rule.exists !== (value !== undefined)) return false;
  if (rule.in !== undefined && (value === undefined || !rule.in.includes(value))) return false;
  return rule.notIn === undefined || value === undefined || !rule.notIn.includes(value);
}

function subjectValue(subject: EligibilityRule["subject"], facts: EligibilityFacts): string | undefined {
  switch (subject.kind) {
    case "model":
      return facts.model;
    case "header":
      return facts.header(subject.name);
    case "metadata":
      return facts.metadata(subject.key);
  }
}
