/** Regular expressions that a text must not match, or must. */
import type { SchemaNode } from "../config/schema-node.ts";
import { flag, text } from "../config/schema-node.ts";
import { type LinearPattern, linearPattern } from "../core/linear-pattern.ts";
import type { GuardrailCheck } from "../domain/guardrail.ts";
import type { CheckDefinition, SettingsProblem } from "./check-definition.ts";
import { judgeBy, nothingToLookAt } from "./findings.ts";
import type { PartSize } from "./long-text.ts";
import { allRoles, type Piece, piecesOf, rolesNode } from "./pieces.ts";

interface NamedPattern {
  readonly pattern: string;
  readonly name?: string;
  readonly label?: string;
}

interface Settings {
  readonly banned: readonly (string | NamedPattern)[];
  readonly required: readonly (string | NamedPattern)[];
  readonly case_sensitive: boolean;
  readonly max_match_chars: number;
  readonly roles: readonly string[];
}

const sourceText = text("The pattern, in RE2's syntax.", { minLength: 1 });
const nameText = text("What reasons call it.", {
  minLength: 1,
  maxLength: 64,
  "x-otherwise": "its place in the list",
});

function patternList(description: string, members: Readonly<Record<string, SchemaNode>>): SchemaNode {
  return {
    description: `${description} Each is a pattern in RE2's syntax, or a map.`,
    type: "array",
    default: [],
    maxItems: 100,
    items: {
      description: "A pattern.",
      type: ["string", "object"],
      minLength: 1,
      additionalProperties: false,
      properties: { pattern: sourceText, name: nameText, ...members },
      required: ["pattern"],
    },
  };
}

/** The longest match that a linear pattern promises to find whole. */
const longestMatch = 256;

export const patterns: CheckDefinition<Settings> = {
  description: "Regular expressions that must not match, or that must.",
  stages: ["input", "output", "tool_calls"],
  actions: ["block", "redact", "flag"],
  isRemote: false,
  settings: {
    banned: patternList("What must match nowhere.", {
      label: text("What a redaction puts in its place.", { "x-otherwise": "`[name]`, or `[redacted]`" }),
    }),
    required: patternList("What must match somewhere, each of them; looked for in whole texts.", {}),
    case_sensitive: flag("Tell capitals from small letters.", false),
    max_match_chars: {
      description:
        "The longest match of `banned`, in characters: so much of a stream is held back, and of longer matches a part may pass.",
      type: "integer",
      default: longestMatch,
      minimum: 1,
      maximum: longestMatch,
    },
    roles: rolesNode(allRoles),
  },
  problems,
  placeless: ({ required }) =>
    required.length === 0 ? undefined : "what is `required` and missing has no place that could be redacted",
  create,
};

function problems(settings: Settings): readonly SettingsProblem[] {
  if (settings.banned.length + settings.required.length === 0)
    return [{ path: [], message: "give `banned` or `required` a pattern" }];
  return (["banned", "required"] as const).flatMap((list) =>
    settings[list].flatMap((written, index): SettingsProblem[] => {
      const path = typeof written === "string" ? [list, index] : [list, index, "pattern"];
      try {
        const pattern = compile(written, settings);
        if (list === "required" || !pattern.test("")) return [];
        return [{ path, message: "the pattern matches an empty text, which is everywhere" }];
      } catch (thrown) {
        return [{ path, message: thrown instanceof Error ? thrown.message : String(thrown) }];
      }
    }),
  );
}

function compile(written: string | NamedPattern, settings: Settings): LinearPattern {
  return linearPattern(
    typeof written === "string" ? written : written.pattern,
    settings.case_sensitive ? "" : "i",
  );
}

/** Each character may cost a hundred patterns: less is read at once than of the rules of redaction. */
const size: PartSize = { core: 8_192, margin: 2 * longestMatch };

const unnamed: Omit<NamedPattern, "pattern"> = {};

function create(settings: Settings): GuardrailCheck {
  const banned = settings.banned.map((written, index) => {
    const { name, label } = typeof written === "string" ? unnamed : written;
    const mark = name === undefined ? "[redacted]" : `[${name}]`;
    return {
      name: name ?? `banned ${index + 1}`,
      label: label ?? mark,
      pattern: compile(written, settings),
    };
  });
  const find = ({ text }: Piece) =>
    banned.flatMap(({ name, label, pattern }) =>
      pattern.find(text).map(({ start, end }) => ({ start, end, name, label })),
    );
  const required = settings.required.map((written, index) => ({
    name: (typeof written === "string" ? unnamed : written).name ?? `required ${index + 1}`,
    pattern: compile(written, settings),
  }));
  return {
    // What is missing from a part may stand in another.
    windowChars: required.length > 0 ? undefined : settings.max_match_chars,
    judge: (subject, { signal }) => {
      const pieces = piecesOf(subject, settings.roles);
      if (pieces.length === 0) return nothingToLookAt;
      const isAside = subject.texts.length > 0 && subject.texts.every((text) => text.isAside === true);
      const missing = isAside
        ? []
        : required.filter(({ pattern }) => !pieces.some((piece) => pattern.test(piece.text)));
      if (missing.length === 0) return judgeBy({ find, size }, pieces, signal);
      return { kind: "found", reason: `no match of ${missing.map((each) => each.name).join(", ")}` };
    },
  };
}
