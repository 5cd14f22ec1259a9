import type { SchemaNode } from "../config/schema-node.ts";
import { compileSchema } from "../core/json-schema.ts";

/** A JSON Schema of the operator's own, written in the configuration. */
export function inlineSchema(description: string, otherwise?: string): SchemaNode {
  return {
    description,
    type: "object",
    additionalProperties: true,
    ...(otherwise === undefined ? {} : { "x-otherwise": otherwise }),
  };
}

/** What is wrong with a schema, in a sentence; undefined when it can be used. */
export function schemaProblem(schema: object): string | undefined {
  // Its verdict would be a promise, which is neither yes nor no.
  if ("$async" in schema) return "`$async` is not supported; take it out";
  try {
    compileSchema(schema);
    return undefined;
  } catch (thrown) {
    return `this is not a usable JSON Schema: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** Says where the schema is broken, in the schema's words alone: a path in the value might be made of a client's. */
export type SchemaCheck = (json: string) => string | undefined;

export function createSchemaCheck(schema: object): SchemaCheck {
  const validate = compileSchema(schema);
  return (json) => {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      return "no JSON";
    }
    if (validate(value) === true) return undefined;
    return `against ${validate.errors?.[0]?.schemaPath ?? "its schema"}`;
  };
}
