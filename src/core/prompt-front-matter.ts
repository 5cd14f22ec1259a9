import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { PromptCombine, PromptFile } from "../domain/prompt.ts";
import { compileVariables, isRecord } from "./prompt-schema.ts";
import { variableName } from "./prompt-template.ts";

/** Lines and columns count from 1. */
export interface PromptProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type FrontMatter = Pick<PromptFile, "description" | "combine" | "modelHints" | "variables">;

/** Reads the YAML between the `---` lines; `firstLine` is where it stands in the file. Problems are added to the list. */
export function parseFrontMatter(text: string, firstLine: number, problems: PromptProblem[]): FrontMatter {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number, message: string): void => {
    const position = lines.linePos(offset);
    problems.push({ line: position.line + firstLine - 1, column: position.col, message });
  };
  const broken = [...document.errors, ...document.warnings];
  for (const error of broken) at(error.pos[0], `the front matter is not valid YAML: ${error.message}`);
  if (broken.length > 0) return defaults;
  return checkedMembers({ document, at });
}

interface Reader {
  readonly document: Document;
  readonly at: (offset: number, message: string) => void;
}

const defaults: FrontMatter = { description: "", combine: "prepend", modelHints: [], variables: undefined };
const combines: readonly string[] = ["prepend", "replace_system", "append"] satisfies PromptCombine[];
const knownKeys = ["description", "combine", "model_hints", "variables"];
const scalarTypes: readonly unknown[] = ["string", "number", "integer", "boolean"];

function checkedMembers(reader: Reader): FrontMatter {
  const { document, at } = reader;
  if (document.contents === null) return defaults;
  if (!isMap(document.contents)) {
    at(0, "the front matter must be a mapping such as `description: What the prompt is for.`");
    return defaults;
  }
  for (const { key } of document.contents.items) {
    const name = isScalar(key) ? key.value : key;
    if (typeof name === "string" && knownKeys.includes(name)) continue;
    at(startOf(key), `unknown key "${String(name)}"; the front matter has ${knownKeys.join(", ")}`);
  }
  const members = plain(reader);
  return {
    description: description(members.description, reader),
    combine: combine(members.combine, reader),
    modelHints: modelHints(members.model_hints, reader),
    variables: variables(members.variables, reader),
  };
}

function plain({ document, at }: Reader): Record<string, unknown> {
  try {
    const members: unknown = document.toJS();
    return isRecord(members) ? members : {};
  } catch (error) {
    // Aliases that unfold without end.
    at(0, `the front matter cannot be read: ${messageOf(error)}`);
    return {};
  }
}

function description(value: unknown, reader: Reader): string {
  if (value === undefined) return defaults.description;
  if (typeof value === "string") return value;
  reader.at(offsetOf(reader, ["description"]), "description must be text; put it in quotes");
  return defaults.description;
}

function combine(value: unknown, reader: Reader): PromptCombine {
  if (value === undefined) return defaults.combine;
  if (isCombine(value)) return value;
  reader.at(offsetOf(reader, ["combine"]), `combine is ${quote(value)}; it must be ${combines.join(", ")}`);
  return defaults.combine;
}

function isCombine(value: unknown): value is PromptCombine {
  return typeof value === "string" && combines.includes(value);
}

function modelHints(value: unknown, reader: Reader): readonly string[] {
  if (value === undefined) return defaults.modelHints;
  if (Array.isArray(value) && value.every((hint) => typeof hint === "string")) return value;
  reader.at(
    offsetOf(reader, ["model_hints"]),
    "model_hints must be a list of model names, such as [gpt-4.1]",
  );
  return defaults.modelHints;
}

function variables(value: unknown, reader: Reader): Record<string, unknown> | undefined {
  if (value === undefined) return undefined;
  if (!isRecord(value) || (value.type ?? "object") !== "object") {
    reader.at(offsetOf(reader, ["variables"]), "variables must be a JSON Schema with `type: object`");
    return undefined;
  }
  const schema = { type: "object", additionalProperties: false, ...value };
  if (!checkedProperties(value.properties ?? {}, reader)) return schema;
  try {
    compileVariables(schema);
  } catch (error) {
    reader.at(offsetOf(reader, ["variables"]), `variables is not a valid JSON Schema: ${messageOf(error)}`);
  }
  return schema;
}

function checkedProperties(properties: unknown, reader: Reader): boolean {
  if (!isRecord(properties)) {
    const offset = offsetOf(reader, ["variables", "properties"]);
    reader.at(offset, "variables.properties must map each variable to its schema");
    return false;
  }
  let isValid = true;
  for (const [name, property] of Object.entries(properties)) {
    const message = propertyProblem(name, property);
    if (message === undefined) continue;
    reader.at(offsetOf(reader, ["variables", "properties", name]), message);
    isValid = false;
  }
  return isValid;
}

function propertyProblem(name: string, property: unknown): string | undefined {
  if (!variableName.test(name)) {
    return `variable ${quote(name)} must start with a letter and have letters, digits, _ and -, at most 64`;
  }
  if (isRecord(property) && scalarTypes.includes(property.type)) return undefined;
  return `variable "${name}" needs a type that can stand in text: string, number, integer or boolean`;
}

/** Where the value at a path stands; the nearest one above it when there is none. */
function offsetOf({ document }: Reader, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return startOf(node);
  }
  return 0;
}

function startOf(node: unknown): number {
  return isNode(node) ? rangeStart(node) : 0;
}

function rangeStart(node: Node): number {
  return node.range?.[0] ?? 0;
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
