import type { SchemaNode } from "../config/schema-node.ts";
import type { Span } from "../core/text-span.ts";
import type { GuardrailSpan, GuardrailSubject } from "../domain/guardrail.ts";
import { jsonLiterals } from "./json-literals.ts";

/** A text that a check looks at by itself: one of the subject's, or one string or number of a call's arguments. */
export interface Piece {
  readonly text: string;
  /** Of a value in arguments. */
  readonly key: string | undefined;
  /** What is to be replaced for a place in `text`. In arguments the label becomes JSON, so that they stay JSON. */
  readonly spanOf: (place: Span, label: string) => GuardrailSpan;
}

/** Whose words are looked at in what the client sends; answers and tool calls are the model's, whatever is given here. */
export function rolesNode(byDefault: readonly string[]): SchemaNode {
  return {
    description: "Whose messages are looked at in the client's words.",
    type: "array",
    minItems: 1,
    uniqueItems: true,
    default: byDefault,
    items: { description: "A role of messages.", enum: allRoles },
  };
}

export const allRoles: readonly string[] = ["system", "developer", "user", "assistant", "tool", "function"];

/** What there is to look at. Arguments that are no JSON, such as a custom tool's, are one text. */
export function piecesOf(subject: GuardrailSubject, roles: readonly string[] = allRoles): readonly Piece[] {
  if (subject.stage === "tool_calls")
    return subject.toolCalls.flatMap((call, index) => piecesOfArguments(call.arguments, index));
  return subject.texts.flatMap(({ role, text }, index) =>
    subject.stage === "input" && !roles.includes(role) ? [] : [plainPiece(text, index)],
  );
}

function plainPiece(text: string, index: number): Piece {
  return { text, key: undefined, spanOf: ({ start, end }, label) => ({ index, start, end, label }) };
}

function piecesOfArguments(json: string, index: number): readonly Piece[] {
  const literals = jsonLiterals(json);
  if (literals === undefined) return [plainPiece(json, index)];
  return literals.map(({ text, key, isString, start, end, writtenAt }) => ({
    text,
    key,
    spanOf: (place, label) =>
      isString
        ? {
            index,
            start: writtenAt(place.start),
            end: writtenAt(place.end),
            label: JSON.stringify(label).slice(1, -1),
          }
        : { index, start, end, label: JSON.stringify(label) },
  }));
}
