/** The answer is JSON of a shape. */
import type { CheckDefinition } from "./check-definition.ts";
import { createSchemaCheck, inlineSchema, schemaProblem } from "./inline-schema.ts";

interface Settings {
  readonly schema: Readonly<Record<string, unknown>>;
}

export const jsonSchema: CheckDefinition<Settings> = {
  description: "The answer's text is JSON that a schema takes.",
  stages: ["output"],
  actions: ["block", "flag"],
  isRemote: false,
  settings: { schema: inlineSchema("The schema itself (draft-07 or 2020-12).", "none: it must be given") },
  problems: ({ schema }) => {
    if (schema === undefined) return [{ path: [], message: "give it a `schema`" }];
    const message = schemaProblem(schema);
    return message === undefined ? [] : [{ path: ["schema"], message }];
  },
  create: ({ schema }) => {
    const problemOf = createSchemaCheck(schema);
    return {
      windowChars: undefined,
      judge: ({ texts }) => {
        const filled = texts.filter(({ text, isAside }) => text !== "" && isAside !== true);
        if (filled.length === 0) return { kind: "not_evaluated", reason: "the answer has no text" };
        for (const { text } of filled) {
          const problem = problemOf(text);
          if (problem !== undefined) return { kind: "found", reason: `the answer is ${problem}` };
        }
        return { kind: "pass" };
      },
    };
  },
};
