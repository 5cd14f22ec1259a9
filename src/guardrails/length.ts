/** Bounds on the length of a text, in characters or in estimated tokens. */

import type { SchemaNode } from "../config/schema-node.ts";
import { estimateTokens } from "../core/chat-completion.ts";
import type { GuardrailSubject, Judgement } from "../domain/guardrail.ts";
import type { CheckDefinition } from "./check-definition.ts";

interface Settings {
  readonly min_chars?: number;
  readonly max_chars?: number;
  readonly max_tokens?: number;
}

const bound = (description: string): SchemaNode => ({
  description,
  type: "integer",
  minimum: 1,
  "x-otherwise": "no bound",
});

export const length: CheckDefinition<Settings> = {
  description: "Bounds on the length of the client's words together, and of each answer.",
  stages: ["input", "output"],
  actions: ["block", "flag"],
  isRemote: false,
  settings: {
    min_chars: bound("Fewest characters."),
    max_chars: bound("Most characters."),
    max_tokens: bound(
      "Most tokens, estimated at four characters each: counting them exactly can be made slow.",
    ),
  },
  problems: ({ min_chars: min, max_chars: max, max_tokens: tokens }) => {
    if (min === undefined && max === undefined && tokens === undefined)
      return [{ path: [], message: "give `min_chars`, `max_chars` or `max_tokens`" }];
    if (min !== undefined && max !== undefined && min > max)
      return [{ path: ["min_chars"], message: `\`min_chars\` ${min} is more than \`max_chars\` ${max}` }];
    return [];
  },
  create: (settings) => ({ windowChars: undefined, judge: (subject) => judge(settings, subject) }),
};

function judge(settings: Settings, { texts }: GuardrailSubject): Judgement {
  let characters = 0;
  for (const { text } of texts) characters += text.length;
  const { min_chars: min, max_chars: max, max_tokens: maxTokens } = settings;
  const isAside = texts.every((text) => text.isAside === true) && texts.length > 0;
  if (min !== undefined && characters < min && !isAside)
    return found(`${characters} characters, at least ${min}`);
  if (max !== undefined && characters > max) return found(`${characters} characters, at most ${max}`);
  const tokens = estimateTokens(characters);
  if (maxTokens !== undefined && tokens > maxTokens)
    return found(`about ${tokens} tokens, at most ${maxTokens}`);
  return { kind: "pass" };
}

function found(reason: string): Judgement {
  return { kind: "found", reason };
}
