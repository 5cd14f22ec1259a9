import type { SchemaNode } from "../config/schema-node.ts";
import type { GuardrailSubject } from "../domain/guardrail.ts";

/** Whose words of a request are asked about. An answer has one speaker, and all of it is. */
export const askedRoles: SchemaNode = {
  description: "Whose words of a request are asked about.",
  type: "array",
  minItems: 1,
  uniqueItems: true,
  items: {
    description: "A role.",
    enum: ["user", "tool", "function", "assistant", "system", "developer"],
  },
  default: ["user", "tool", "function"],
  "x-otherwise": "`user`, `tool`, `function`",
};

/** Texts with something in them. */
export function askedTexts({ stage, texts }: GuardrailSubject, roles: readonly string[]): readonly string[] {
  const asked = stage === "input" ? texts.filter(({ role }) => roles.includes(role)) : texts;
  return asked.map(({ text }) => text).filter((text) => text !== "");
}
