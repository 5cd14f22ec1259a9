import { guardrailStages } from "../domain/guardrail.ts";
import type { CheckDefinition } from "../guardrails/check-definition.ts";
import { checks } from "../guardrails/index.ts";
import type { SchemaNode } from "./schema-node.ts";
import { flag, idNames, milliseconds, share, text } from "./schema-node.ts";

function checkNode({
  description,
  settings,
  required = [],
  stages,
  actions,
}: CheckDefinition<never>): SchemaNode {
  return {
    description: `${description} Looks at: ${stages.join(", ")}. May: ${actions.join(", ")}.`,
    type: "object",
    additionalProperties: false,
    properties: settings,
    required,
    "x-otherwise": "another check",
  };
}

const checkNodes = Object.fromEntries(
  Object.entries(checks).map(([name, definition]) => [name, checkNode(definition)]),
);

export const guardrailSchema: SchemaNode = {
  description: "One guardrail: exactly one check, by its name, and what is done with what it finds.",
  type: "object",
  additionalProperties: false,
  properties: {
    ...checkNodes,
    stages: {
      description:
        "What it looks at: `input`, the client's words; `output`, the model's; `tool_calls`, the calls that the model asks for.",
      type: "array",
      minItems: 1,
      uniqueItems: true,
      items: { description: "A stage.", enum: [...guardrailStages] },
      "x-otherwise": "all that the check can look at",
    },
    action: {
      description:
        "What is done where it finds something: `flag` writes it down, `redact` takes it out, `block` serves something else.",
      enum: ["flag", "redact", "block"],
      "x-otherwise": "the check's first",
    },
    on_failure: {
      description:
        "What a check that crashes or is too slow means: `open` lets the text pass, `closed` refuses it.",
      enum: ["open", "closed"],
      "x-otherwise": "`closed`; `open` for a guardrail that only flags",
    },
    timeout_ms: milliseconds("How long a check that asks another server may take.", 2000),
    sample: share("Share of the requests that it looks at.", 1),
    shadow: flag("Look and tell, and do nothing.", false),
    everywhere: flag(
      "Guard every chat request. Without it a guardrail guards the experiments and variants that name it.",
      false,
    ),
    on_block: {
      description: "What is served for what it blocks: the experiment's `fallback` list, or an error.",
      enum: ["fallback", "error"],
      default: "fallback",
    },
    answer: text("A text that is served in place of what it blocks, before any fallback.", {
      minLength: 1,
      "x-otherwise": "`on_block`",
    }),
  },
};

/** Which guardrails an experiment or a variant has, by name. */
export function guardrailNames(description: string): SchemaNode {
  return {
    description,
    type: "array",
    default: [],
    uniqueItems: true,
    items: { ...idNames, description: "A guardrail of `guardrails`." },
  };
}
