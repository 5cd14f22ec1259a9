/** The tools that a model may call, and with what. */
import type { ToolCall } from "../domain/chat.ts";
import type { GuardrailCheck } from "../domain/guardrail.ts";
import type { CheckDefinition, SettingsProblem } from "./check-definition.ts";
import { createSchemaCheck, inlineSchema, type SchemaCheck, schemaProblem } from "./inline-schema.ts";

interface AllowedTool {
  readonly schema?: Readonly<Record<string, unknown>>;
}

interface Settings {
  readonly allow?: readonly string[] | Readonly<Record<string, AllowedTool>>;
  readonly max_calls?: number;
}

export const tools: CheckDefinition<Settings> = {
  description: "The tools that the model may call, how many at once, and with which arguments.",
  stages: ["tool_calls"],
  actions: ["block", "flag"],
  isRemote: false,
  settings: {
    allow: {
      description: "The tools by name: a list, or a map from each to what its arguments must be.",
      type: ["array", "object"],
      uniqueItems: true,
      items: { description: "A tool's name.", type: "string", minLength: 1 },
      additionalProperties: {
        description: "One tool.",
        type: "object",
        additionalProperties: false,
        properties: {
          schema: inlineSchema("JSON Schema of its arguments (draft-07 or 2020-12).", "any JSON"),
        },
      },
      "x-otherwise": "every tool",
    },
    max_calls: {
      description: "Most calls in one answer.",
      type: "integer",
      minimum: 0,
      "x-otherwise": "no bound",
    },
  },
  problems,
  create,
};

function problems({ allow, max_calls: maxCalls }: Settings): readonly SettingsProblem[] {
  if (allow === undefined && maxCalls === undefined)
    return [{ path: [], message: "give `allow` or `max_calls`" }];
  return [...allowedTools(allow ?? [])].flatMap(([name, { schema }]) => {
    const message = schema === undefined ? undefined : schemaProblem(schema);
    return message === undefined ? [] : [{ path: ["allow", name, "schema"], message }];
  });
}

function allowedTools(allow: NonNullable<Settings["allow"]>): ReadonlyMap<string, AllowedTool> {
  return new Map(Object.entries(isList(allow) ? Object.fromEntries(allow.map((name) => [name, {}])) : allow));
}

function isList(allow: NonNullable<Settings["allow"]>): allow is readonly string[] {
  return Array.isArray(allow);
}

const anyJson: SchemaCheck = createSchemaCheck({});

function create({ allow, max_calls: maxCalls }: Settings): GuardrailCheck {
  const checks =
    allow === undefined
      ? undefined
      : new Map(
          [...allowedTools(allow)].map(([name, { schema }]): [string, SchemaCheck] => [
            name,
            schema === undefined ? anyJson : createSchemaCheck(schema),
          ]),
        );
  const problemOf = ({ name, arguments: json }: ToolCall): string | undefined => {
    const check = checks === undefined ? anyJson : checks.get(name);
    // A name that is not allowed is the model's own words, and not repeated.
    if (check === undefined) return "is of a tool that is not allowed";
    // Models leave out the arguments of a tool that takes none.
    const problem = check(json === "" ? "{}" : json);
    return problem === undefined ? undefined : `has arguments that are ${problem}`;
  };
  return {
    windowChars: undefined,
    judge: ({ toolCalls }) => {
      if (toolCalls.length === 0) return { kind: "not_evaluated", reason: "no tool is called" };
      if (maxCalls !== undefined && toolCalls.length > maxCalls)
        return { kind: "found", reason: `${toolCalls.length} calls, at most ${maxCalls}` };
      for (const [index, call] of toolCalls.entries()) {
        const problem = problemOf(call);
        if (problem !== undefined) return { kind: "found", reason: `call ${index + 1} ${problem}` };
      }
      return { kind: "pass" };
    },
  };
}
