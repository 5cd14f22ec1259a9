import { basename, extname, isAbsolute, join } from "node:path";
import { afterValue, createJsonCursor, skipSpace } from "../core/json-grammar.ts";
import { compileContentCheck } from "../core/json-schema.ts";
import type { ContentCheck } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { FileReader } from "./file-reader.ts";
import { pointerTo } from "./locate.ts";
import type { Problem } from "./problems.ts";
import { parseYaml } from "./yaml-source.ts";

export interface OutputSchema {
  readonly name: string;
  readonly schema: unknown;
  readonly check: ContentCheck;
}

/** What is wrong with a schema: at a place in its own file, or at the place where the configuration names it. */
type SchemaProblem =
  | { readonly at: "file"; readonly problem: Problem }
  /** `within` points from `output.schema` to the part at fault. */
  | { readonly at: "reference"; readonly within: string; readonly message: string };

interface SchemaRequest {
  readonly written: string | Readonly<Record<string, unknown>>;
  readonly experimentId: string;
  readonly directory: string;
  readonly reader: FileReader;
}

/** The schema of `output.schema`, read when it is a path, and compiled to see that it can be. */
export function loadOutputSchema(
  request: SchemaRequest,
): { readonly schema: OutputSchema } | { readonly problem: SchemaProblem } {
  if (typeof request.written === "string") return loadSchemaFile(request.written, request);
  const compiled = compile(request.written);
  if ("message" in compiled) return { problem: { at: "reference", ...compiled } };
  return { schema: named(request.written, request.experimentId, compiled.check) };
}

function loadSchemaFile(path: string, request: SchemaRequest): ReturnType<typeof loadOutputSchema> {
  const file = isAbsolute(path) ? path : join(request.directory, path);
  const read = request.reader.read(file);
  if ("message" in read) {
    return { problem: { at: "reference", within: "", message: `${path}: ${read.message}` } };
  }
  const parsed = parseJson(read);
  if ("message" in parsed) return { problem: { at: "file", problem: { file, ...parsed } } };
  const compiled = compile(parsed.value);
  if ("message" in compiled) {
    // JSON is YAML, so the reader of the configuration finds places in it as well; it is given no environment.
    const position = parseYaml(read.text, {}).places.locate(compiled.within, "value");
    return { problem: { at: "file", problem: { file, ...position, message: compiled.message } } };
  }
  return { schema: named(parsed.value, basename(file, extname(file)), compiled.check) };
}

type Parsed = { readonly value: unknown } | Omit<Problem, "file">;

function parseJson({ bytes, text }: { readonly bytes: Buffer; readonly text: string }): Parsed {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // JSON.parse does not always tell the place.
    const before = bytes.subarray(0, invalidByte(bytes)).toString().split("\n");
    const message = "this is not valid JSON here; check commas, quotes and brackets";
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
  }
}

function invalidByte(bytes: Buffer): number {
  let found = 0;
  const cursor = {
    ...createJsonCursor(bytes, { maxDepth: 1_000, maxKeys: 100_000 }),
    invalid: (at: number) => {
      found = at;
      return new Failure("config_invalid", "The schema is not valid JSON.");
    },
  };
  try {
    return skipSpace(bytes, afterValue(cursor, skipSpace(bytes, 0), 0));
  } catch {
    return found;
  }
}

type Compiled = { readonly check: ContentCheck } | { readonly within: string; readonly message: string };

function compile(schema: unknown): Compiled {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return { within: "", message: "a JSON Schema must be an object" };
  }
  const problem = draftProblem(schema) ?? referenceProblem(schema, "", 0);
  if (problem !== undefined) return problem;
  try {
    return { check: compileContentCheck(schema) };
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    // ajv calls the schema's own root `data`, and lists what the meta-schema finds behind commas.
    const [, within, reason] = /^schema is invalid: data(\S*) (.*?)(?:, data|$)/.exec(said) ?? [];
    return { within: within ?? "", message: `this is not a usable JSON Schema: ${reason ?? said}` };
  }
}

const drafts = ["http://json-schema.org/draft-07/schema", "https://json-schema.org/draft/2020-12/schema"];

function draftProblem(schema: object): { readonly within: string; readonly message: string } | undefined {
  if (!("$schema" in schema)) return undefined;
  const draft = String(schema.$schema).replace(/#$/, "");
  if (drafts.includes(draft)) return undefined;
  return { within: "/$schema", message: `this draft is not supported; use one of ${drafts.join(", ")}` };
}

const maxDepth = 40;

function referenceProblem(
  node: unknown,
  pointer: string,
  depth: number,
): { readonly within: string; readonly message: string } | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  if (depth > maxDepth) {
    return { within: pointer, message: `the schema is nested too deeply; ${maxDepth} levels are allowed` };
  }
  for (const [key, value] of Object.entries(node)) {
    const within = pointerTo(pointer, key);
    const isReference = key === "$ref" || key === "$dynamicRef";
    if (isReference && typeof value === "string" && !value.startsWith("#")) {
      const cure = "only references inside the schema (#…) are followed";
      return { within, message: `\`${key}\` is ${JSON.stringify(value)}; ${cure}` };
    }
    const found = referenceProblem(value, within, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Named by its title, in a form that OpenAI takes for a `response_format`: 1 to 64 letters, digits, `_` and `-`. */
function named(schema: unknown, otherwise: string, check: ContentCheck): OutputSchema {
  const title = typeof schema === "object" && schema !== null && "title" in schema ? schema.title : undefined;
  const name = typeof title === "string" && title !== "" ? title : otherwise;
  return { name: name.replace(/[^a-zA-Z0-9_-]+/g, "_").slice(0, 64), schema, check };
}
