import { beforeValue, isPlaceholder, secretKindOf } from "../core/redaction-assignments.ts";
import { findingsIn } from "../core/redaction-escapes.ts";
import { redactionRules } from "../core/redaction-rules.ts";
import type { CheckDefinition } from "./check-definition.ts";
import { judgeBy, type NamedSpan } from "./findings.ts";
import type { PartSize } from "./long-text.ts";
import { allRoles, type Piece, piecesOf, rolesNode } from "./pieces.ts";

interface Settings {
  readonly types?: readonly string[];
  readonly roles: readonly string[];
}

/**
 * A check by some of redaction's rules: their names, and the characters of the longest value that each is to find whole,
 * with the words beside it that it is told by.
 */
export function ruleCheck(
  description: string,
  longest: Readonly<Record<string, number>>,
): CheckDefinition<Settings> {
  const names = Object.keys(longest);
  return {
    description,
    stages: ["input", "output", "tool_calls"],
    actions: ["redact", "block", "flag"],
    isRemote: false,
    settings: {
      types: {
        description: `What is looked for: ${names.join(", ")}.`,
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { description: "A kind.", enum: names },
        "x-otherwise": "all of these",
      },
      roles: rolesNode(allRoles),
    },
    create: ({ types = names, roles }) => {
      const find = finderOf(types);
      return {
        windowChars: Math.max(...types.map((type) => longest[type] ?? 0)),
        judge: (subject, { signal }) => judgeBy({ find, size }, piecesOf(subject, roles), signal),
      };
    },
  };
}

/** The longest of all is a private key, of up to 8,192 characters. */
const size: PartSize = { core: 32_768, margin: 8_448 };

/** Of a value in arguments the key tells what it may be, as in redaction. */
function finderOf(types: readonly string[]): (piece: Piece) => readonly NamedSpan[] {
  const rules = redactionRules.filter(({ names }) => names.some((name) => types.includes(name)));
  const named = (start: number, end: number, name: string) => ({ start, end, name, label: `[${name}]` });
  return ({ text, key }) => {
    if (key !== undefined && types.includes("password") && isPassword(key, text))
      return [named(0, text.length, "password")];
    const before = key === undefined ? "" : beforeValue(key, text);
    return findingsIn(before + text, rules)
      .filter(({ rule, end }) => types.includes(rule) && end > before.length)
      .map(({ rule, start, end }) => named(Math.max(0, start - before.length), end - before.length, rule));
  };
}

function isPassword(key: string, text: string): boolean {
  return secretKindOf(key) === "password" && text !== "" && !isPlaceholder(text);
}
