/** The language of a text, by its script and its function words. */
import type { CheckDefinition } from "./check-definition.ts";
import { detectLanguages, knownLanguages } from "./detect-language.ts";
import { nothingToLookAt } from "./findings.ts";
import { piecesOf, rolesNode } from "./pieces.ts";

interface Settings {
  readonly allowed?: readonly string[];
  readonly roles: readonly string[];
}

export const language: CheckDefinition<Settings> = {
  description: "The language of the text; short and mixed ones are not judged.",
  stages: ["input", "output"],
  actions: ["block", "flag"],
  isRemote: false,
  settings: {
    allowed: {
      description: `The languages that a text may be in, by their ISO 639-1 codes: ${knownLanguages.join(", ")}.`,
      type: "array",
      minItems: 1,
      uniqueItems: true,
      items: { description: "A language.", enum: knownLanguages },
      "x-otherwise": "none: it must be given",
    },
    roles: rolesNode(["user"]),
  },
  problems: ({ allowed }) =>
    allowed === undefined
      ? [{ path: [], message: "give `allowed` the languages that a text may be in" }]
      : [],
  create: ({ allowed = [], roles }) => ({
    windowChars: undefined,
    judge: (subject) => {
      const pieces = piecesOf(subject, roles);
      if (pieces.length === 0) return nothingToLookAt;
      // Of all messages together: one foreign word or name does not refuse a whole conversation.
      const found = detectLanguages(pieces.map(({ text }) => text).join("\n"));
      if (found.length === 0) return { kind: "not_evaluated", reason: "too short or too mixed to tell" };
      if (found.some((one) => allowed.includes(one))) return { kind: "pass" };
      return { kind: "found", reason: `language ${found.join(" or ")}, allowed: ${allowed.join(", ")}` };
    },
  }),
};
