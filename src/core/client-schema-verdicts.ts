/** Judges values by schemas that clients wrote. It may take any time that such a schema makes it take: it runs in a thread that can be ended. */
import type { ClientSchemaQuestion } from "../domain/client-schema.ts";
import type { CheckResult } from "../domain/config.ts";
import { isObject } from "./chat-completion.ts";
import { clientSchemaProblem, maxSchemaBytes } from "./client-schema.ts";
import { checkValue, compileSchema, type PatternMaker } from "./json-schema.ts";
import { linearPattern } from "./linear-pattern.ts";

type TextCheck = (text: string) => CheckResult;

/** A schema is compiled for its first question and remembered for the next ones. */
export function createClientSchemaVerdicts(): (question: ClientSchemaQuestion) => CheckResult {
  const checks = new Map<string, { readonly check: TextCheck; readonly size: number }>();
  let size = 0;
  const remember = (key: string, entry: { readonly check: TextCheck; readonly size: number }) => {
    checks.set(key, entry);
    size += entry.size;
    for (const [oldest, { size: freed }] of checks) {
      if (size <= maxRemembered) return;
      checks.delete(oldest);
      size -= freed;
    }
  };
  return (question) => {
    const known = checks.get(question.key);
    if (known !== undefined) {
      // The one that was asked for last goes last.
      checks.delete(question.key);
      checks.set(question.key, known);
      return known.check(question.text);
    }
    const check = checkOf(question);
    remember(question.key, { check, size: question.source.length + entryOverhead });
    return check(question.text);
  };
}

/** Characters of all sources together. Compiled, a schema takes up to thirty times its length: 60 MB. */
const maxRemembered = 2_000_000;
/** Even the smallest schema has an Ajv of its own. */
const entryOverhead = 10_000;

function checkOf({ source, tool }: ClientSchemaQuestion): TextCheck {
  const parsed: unknown = JSON.parse(source);
  if (tool === undefined) return contentCheck(parsed);
  const schemas = new Map(schemasOf(parsed));
  if (!schemas.has(tool)) return always({ kind: "fail", path: "", message: "names no tool of the request" });
  const schema = schemas.get(tool);
  if (schema === undefined) return always(notEvaluated("a custom tool has no schema"));
  return argumentsCheck(schema);
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

function argumentsCheck(schema: unknown): TextCheck {
  const check = valueCheck(schema);
  return (text) => withValue(text === "" ? "{}" : text, "/arguments", check);
}

function contentCheck(schema: unknown): TextCheck {
  const check = valueCheck(schema);
  return (text) => withValue(text, "", check);
}

function withValue(text: string, path: string, check: (value: unknown) => CheckResult): CheckResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "fail", path, message: "is not JSON" };
  }
  try {
    return check(value);
  } catch {
    // A schema that refers to itself without end has come to the end of the stack.
    return notEvaluated("its schema cannot be evaluated");
  }
}

function valueCheck(schema: unknown): (value: unknown) => CheckResult {
  const problem =
    Buffer.byteLength(JSON.stringify(schema)) > maxSchemaBytes
      ? `is longer than ${maxSchemaBytes} bytes`
      : clientSchemaProblem(schema);
  if (problem !== undefined) return always(notEvaluated(`its schema ${problem}`));
  try {
    const validate = compileSchema(schema, matcherOf);
    return (value) => checkValue(validate, value);
  } catch {
    return always(notEvaluated("its schema does not compile"));
  }
}

/** In place of JavaScript's own engine, which some patterns keep busy for ever. */
const matcherOf: PatternMaker = Object.assign(
  (pattern: string) => {
    const matcher = pattern === "" ? { test: () => true } : linearPattern(pattern);
    return { test: (text: string) => matcher.test(text), toString: () => pattern };
  },
  { code: "linear" },
);

function always(result: CheckResult): () => CheckResult {
  return () => result;
}

function notEvaluated(reason: string): CheckResult {
  return { kind: "not_evaluated", reason };
}
