/** Checks tool-call arguments against the schemas of the request's own `tools`. */
import { createHash } from "node:crypto";
import type { ToolCall } from "../domain/chat.ts";
import type { CheckResult } from "../domain/config.ts";
import { isObject } from "./chat-completion.ts";
import { checkValue, compileSchema } from "./json-schema.ts";

export type ToolCheck = (call: ToolCall) => CheckResult;

/** Clients write these schemas, so what can be made slow on purpose is not evaluated here (see docs/decisions/0006). */
const refusedKeywords = new Set([
  "pattern",
  "patternProperties",
  "uniqueItems",
  "$ref",
  "$dynamicRef",
  "format",
  // ajv would answer with a promise, which is neither yes nor no.
  "$async",
]);
/** Members whose keys are names of the schema's own, not keywords. */
const namedMembers = new Set(["properties", "$defs", "definitions", "dependentSchemas"]);
/** Compiling a schema of this size on purpose takes at most about 90 ms; one of 56 KB took 837. */
const maxSchemaLength = 8192;
const maxCached = 256;

/** `tools` as bytes → a check for its calls. A tool's schema is compiled when it is first called, once for each distinct `tools`. */
export function createToolChecks(): (tools: Buffer) => ToolCheck {
  const known = new Map<string, ToolCheck>();
  const checkOf = (tools: Buffer): ToolCheck => {
    const key = createHash("sha256").update(tools).digest("base64");
    const found = known.get(key);
    if (found !== undefined) return found;
    const check = checkTools(tools);
    const [oldest] = known.keys();
    if (known.size >= maxCached && oldest !== undefined) known.delete(oldest);
    known.set(key, check);
    return check;
  };
  // Most answers call no tool: nothing is read before one does.
  return (tools) => (call) => checkOf(tools)(call);
}

function checkTools(tools: Buffer): ToolCheck {
  const schemas = new Map(schemasOf(JSON.parse(tools.toString("utf8"))));
  const checks = new Map<string, (value: unknown) => CheckResult>();
  return (call) => {
    if (!schemas.has(call.name)) return { kind: "fail", path: "", message: "names no tool of the request" };
    const schema = schemas.get(call.name);
    if (schema === undefined) return notEvaluated("a custom tool has no schema");
    let value: unknown;
    try {
      value = JSON.parse(call.arguments === "" ? "{}" : call.arguments);
    } catch {
      return { kind: "fail", path: "/arguments", message: "is not JSON" };
    }
    const check = checks.get(call.name) ?? compileTool(schema);
    checks.set(call.name, check);
    return check(value);
  };
}

function schemasOf(tools: unknown): [string, unknown][] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool): [string, unknown][] => {
    if (!isObject(tool)) return [];
    // Custom tools take free text: there is no schema to check by.
    if (isObject(tool.custom) && typeof tool.custom.name === "string") return [[tool.custom.name, undefined]];
    if (!isObject(tool.function) || typeof tool.function.name !== "string") return [];
    return [[tool.function.name, tool.function.parameters ?? {}]];
  });
}

function compileTool(schema: unknown): (value: unknown) => CheckResult {
  if (JSON.stringify(schema).length > maxSchemaLength) {
    return () => notEvaluated(`its schema is longer than ${maxSchemaLength} characters`);
  }
  const refused = refusedKeyword(schema);
  if (refused !== undefined) return () => notEvaluated(`its schema uses ${refused}`);
  try {
    const validate = compileSchema(schema);
    return (value) => checkValue(validate, value);
  } catch {
    return () => notEvaluated("its schema does not compile");
  }
}

function refusedKeyword(schema: unknown): string | undefined {
  if (Array.isArray(schema)) return firstOf(schema);
  if (!isObject(schema)) return undefined;
  for (const [key, value] of Object.entries(schema)) {
    if (refusedKeywords.has(key)) return key;
    const inside =
      namedMembers.has(key) && isObject(value) ? firstOf(Object.values(value)) : refusedKeyword(value);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function firstOf(schemas: readonly unknown[]): string | undefined {
  return schemas.map(refusedKeyword).find((found) => found !== undefined);
}

function notEvaluated(reason: string): CheckResult {
  return { kind: "not_evaluated", reason };
}
