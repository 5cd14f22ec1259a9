import { redactionNames } from "../core/redaction-rules.ts";
import { named, type SchemaNode, section, text } from "./schema-node.ts";

const pattern: SchemaNode = {
  description: "What is taken out beside what Assay finds itself.",
  type: "object",
  additionalProperties: false,
  required: ["pattern"],
  properties: {
    pattern: text(
      "A regular expression in RE2's syntax, of at most 1,000 characters; it must not match the empty text. `(?i)` in front ignores case.",
      { minLength: 1 },
    ),
    keyword: text("The pattern is tried only in texts that have this word, in whatever case.", {
      minLength: 1,
      "x-otherwise": "it is tried in every text",
    }),
  },
};

/** A finding is written as `[name]`, and redaction must find nothing in that. */
const ruleNames: SchemaNode = {
  type: "string",
  pattern: "^[a-z][a-z_]{0,31}$",
  "x-wanted": "1 to 32 small letters and `_`, the first a letter",
};

export const redactionSchema: SchemaNode = section(
  "What is taken out of every text before it is recorded or sent to telemetry.",
  {
    patterns: named("Patterns of your own, by the name that stands in their place.", ruleNames, pattern),
    rules: section("The built-in rules.", {
      off: {
        description: "Rules that are not applied.",
        type: "array",
        default: [],
        uniqueItems: true,
        items: { description: "Name of a rule.", enum: redactionNames },
      },
    }),
  },
);
