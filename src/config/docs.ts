import { configurationSchema } from "./schema.ts";
import type { SchemaNode } from "./schema-node.ts";

/** The reference of `assay.yaml` in Markdown: a table for each section, with every default. */
export function configurationMarkdown(): string {
  const sections = Object.entries(configurationSchema.properties ?? {}).map(([name, node]) =>
    [`## \`${name}\``, node.description ?? "", ...tableOf(name, node)].join("\n\n"),
  );
  return `${[introduction, ...sections].join("\n\n")}\n`;
}

/**
 * The JSON Schema for editors. They see the file before its references are filled in, so it takes a reference wherever
 * a value is wanted, and nothing but a reference for a secret.
 */
export function configurationJsonSchema(): string {
  return `${formatJson(forEditors(configurationSchema), "")}\n`;
}

const introduction = `# Configuration

Written by \`npm run docs\` from the schema in \`src/config/\`; change it there.

\`assay.yaml\` is read with YAML 1.2. Paths in it are relative to its directory; prompts stand beside it in
\`prompts/<name>/<version>.md\`. In every value \`\${NAME}\` stands for a variable of the environment,
\`\${NAME:-default}\` gives it a default for when it is unset or empty, and \`$$\` is a plain \`$\`. What comes from the
environment is text, or one number or boolean where that is wanted; it never adds structure. Secrets are written as
\`\${NAME}\` only. \`assay check\` names every problem with its line and column.

\`<name>\` and \`<id>\` are of your choosing; \`[]\` is each item of a list.`;

interface Row {
  readonly path: string;
  readonly node: SchemaNode;
  readonly isRequired: boolean;
}

function tableOf(name: string, node: SchemaNode): readonly string[] {
  const isLeaf = node.properties === undefined && typeof node.additionalProperties !== "object";
  const isRequired = configurationSchema.required?.includes(name) ?? false;
  const rows = isLeaf ? [{ path: name, node, isRequired }] : membersOf("", node);
  return [table([["key", "type", "default", "meaning"], ...rows.map((row) => cells(row).map(escapeCell))])];
}

/** Columns are as wide as their widest cell, which is how the repository's formatter leaves them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  const [head, ...body] = rows.map(line);
  return [head, rule, ...body].join("\n");
}

/** Every member below a node, depth first, a map or list before what it holds. */
function membersOf(path: string, node: SchemaNode): readonly Row[] {
  const properties = Object.entries({ ...node.properties, ...node.else?.properties }).flatMap(
    ([key, member]) => {
      const memberPath = path === "" ? key : `${path}.${key}`;
      const isRequired = (node.required ?? node.else?.required ?? []).includes(key);
      return [{ path: memberPath, node: member, isRequired }, ...membersOf(memberPath, member)];
    },
  );
  const items = node.items === undefined ? [] : membersOf(`${path}[]`, node.items);
  const each = typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
  if (each?.description === undefined) return [...properties, ...items];
  const eachPath = path === "" ? "<name>" : `${path}.<id>`;
  return [
    ...properties,
    ...items,
    { path: eachPath, node: each, isRequired: false },
    ...membersOf(eachPath, each),
  ];
}

function cells({ path, node, isRequired }: Row): readonly string[] {
  return [`\`${path}\``, typeOf(node), isRequired ? "required" : defaultOf(node), node.description ?? ""];
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return shownValues(node.enum).join(", ");
  if (node.if !== undefined) return `${shownValues(node.then?.enum ?? []).join(", ")}, or map`;
  if (node.writeOnly === true) return "secret";
  return (
    (typeof node.type === "string" ? [node.type] : (node.type ?? [])).map(typeName).join(" or ") +
    rangeOf(node)
  );
}

// The others stand for what YAML makes of a bare word.
function shownValues(values: readonly unknown[]): readonly string[] {
  return values.filter((value) => value !== false && value !== null).map((value) => `\`${String(value)}\``);
}

function typeName(type: string): string {
  if (type === "object") return "map";
  if (type === "array") return "list";
  return type === "string" ? "text" : type;
}

function rangeOf(node: SchemaNode): string {
  if (node.exclusiveMinimum !== undefined) return ` > ${node.exclusiveMinimum} to ${node.maximum}`;
  if (node.minimum === undefined && node.maximum === undefined) return "";
  if (node.maximum === undefined) return ` ≥ ${node.minimum}`;
  return ` ${node.minimum} to ${node.maximum}`;
}

function defaultOf(node: SchemaNode): string {
  if (node["x-otherwise"] !== undefined) return node["x-otherwise"];
  if (node.default === undefined) return "";
  if (node.default === "") return "empty";
  if (typeof node.default !== "object" || node.default === null) return `\`${String(node.default)}\``;
  if (Array.isArray(node.default) && node.default.length > 0) return shownValues(node.default).join(", ");
  return node.properties === undefined ? "empty" : "the defaults below";
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}

const anyReference = "\\$\\{";
const secretPattern = "^(\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-)?\\})?$";

function forEditors(node: SchemaNode): Readonly<Record<string, unknown>> {
  const { "x-wanted": _wanted, "x-otherwise": _otherwise, enum: choices, ...rest } = node;
  const isScalar = node.type === "number" || node.type === "integer" || node.type === "boolean";
  return {
    ...rest,
    ...(choices === undefined
      ? {}
      : { anyOf: [{ enum: choices }, { type: "string", pattern: anyReference }] }),
    ...(isScalar ? { type: [node.type, "string"], pattern: anyReference } : {}),
    ...(node.pattern === undefined ? {} : { pattern: `(?:${node.pattern})|${anyReference}` }),
    ...(node.writeOnly === true ? { pattern: secretPattern } : {}),
    ...(node.properties === undefined ? {} : { properties: mapNodes(node.properties) }),
    ...(node.items === undefined ? {} : { items: forEditors(node.items) }),
    ...(typeof node.additionalProperties === "object"
      ? { additionalProperties: forEditors(node.additionalProperties) }
      : {}),
    ...(node.propertyNames === undefined ? {} : { propertyNames: namesForEditors(node.propertyNames) }),
    ...(node.else === undefined ? {} : { else: forEditors(node.else) }),
  };
}

// Keys are not looked at for references.
function namesForEditors({ "x-wanted": _wanted, ...rest }: SchemaNode): SchemaNode {
  return rest;
}

function mapNodes(nodes: Readonly<Record<string, SchemaNode>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, forEditors(node)]));
}

const lineWidth = 110;

/** JSON as the repository's formatter leaves it: lists on one line where they fit, members below each other. */
function formatJson(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    if (indent.length + flat.length <= lineWidth - 20) return flat;
    return `[\n${value.map((item) => inner + formatJson(item, inner)).join(",\n")}\n${indent}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return "{}";
  const lines = members.map(
    ([key, member]) => `${inner}${JSON.stringify(key)}: ${formatJson(member, inner)}`,
  );
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
