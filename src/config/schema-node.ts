/** The part of JSON Schema (draft 2020-12) that the configuration's schema is written in. */
export interface SchemaNode {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly if?: SchemaNode;
  /** The second half of a condition; a schema is data, and nobody awaits it. */
  readonly then?: SchemaNode;
  readonly else?: SchemaNode;
  /** A secret: its value is quoted nowhere, and it comes from the environment only. */
  readonly writeOnly?: boolean;
  /** What a pattern wants, in words for the reader of a problem. */
  readonly "x-wanted"?: string;
  /** What stands in when there is no `default`, in words for the reader of the documentation. */
  readonly "x-otherwise"?: string;
}

type Extra = Omit<SchemaNode, "description" | "type">;

/** A map with these members and no others. All members have a default, so the map may be left out. */
export function section(description: string, properties: Readonly<Record<string, SchemaNode>>): SchemaNode {
  return { description, type: "object", default: {}, additionalProperties: false, properties };
}

/** A map from names that the user chooses to values of one shape. */
export function named(description: string, names: SchemaNode, each: SchemaNode): SchemaNode {
  return { description, type: "object", default: {}, propertyNames: names, additionalProperties: each };
}

/** What the schema makes of a map with nothing in it. */
export function defaultsOf(node: SchemaNode): Readonly<Record<string, unknown>> {
  const given = Object.entries(node.properties ?? {}).filter(([, member]) => member.default !== undefined);
  return Object.fromEntries(
    given.map(([name, member]) => [
      name,
      member.properties === undefined ? member.default : defaultsOf(member),
    ]),
  );
}

/** For a member that must be given. */
export function withoutDefault(node: SchemaNode): SchemaNode {
  const { default: _default, ...rest } = node;
  return rest;
}

export function text(description: string, extra: Extra = {}): SchemaNode {
  return { description, type: "string", ...extra };
}

export function flag(description: string, byDefault: boolean): SchemaNode {
  return { description, type: "boolean", default: byDefault };
}

export function count(description: string, byDefault: number, extra: Extra = {}): SchemaNode {
  return { description, type: "integer", default: byDefault, minimum: 1, ...extra };
}

/** A day at most: what a timer is given stays below 2^31, where node would fire it at once. */
export function milliseconds(description: string, byDefault: number): SchemaNode {
  return count(description, byDefault, { maximum: 86_400_000 });
}

/** A number from 0 to 1. */
export function share(description: string, byDefault: number): SchemaNode {
  return { description, type: "number", default: byDefault, minimum: 0, maximum: 1 };
}

/** Names that become parts of URLs, of file names and of metric labels. */
export const idNames: SchemaNode = {
  type: "string",
  pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$",
  "x-wanted": "1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit",
};

export const modelNames: SchemaNode = {
  type: "string",
  pattern: "^(?!experiment/|prompt/)[^\\s\\u0000-\\u001f]{1,256}$",
  "x-wanted": "a model's name without spaces, not beginning with `experiment/` or `prompt/`",
};

export function secret(description: string): SchemaNode {
  return text(`${description} Written as \${NAME} only, never as plain text.`, {
    writeOnly: true,
    "x-otherwise": "none",
  });
}
