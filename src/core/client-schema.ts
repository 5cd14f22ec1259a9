/** What a JSON Schema that a client wrote may be. Nothing here evaluates it. */
import { isObject } from "./chat-completion.ts";

/** Bytes of one schema as JSON. */
export const maxSchemaBytes = 64 * 1024;
/** Levels of nesting, the schema itself being 1: what the configuration's own schemas may have. */
const maxDepth = 40;
/** OpenAI's limit for the properties of one schema; here other keys count too. */
const maxKeys = 5000;

/** What speaks against a schema, as the end of the sentence "The schema …"; undefined when nothing does. */
export function clientSchemaProblem(schema: unknown): string | undefined {
  if (typeof schema === "boolean") return undefined;
  if (!isObject(schema)) return "is neither an object nor true or false";
  return problemIn(schema, "schema", { trail: [], keys: 0 });
}

/** What an object is: a schema, a map whose keys are names of the schema's own, or a value in which nothing is a keyword. */
type Kind = "schema" | "schemas" | "patterns" | "value";

interface Walk {
  /** From the root to what is looked at. */
  readonly trail: string[];
  keys: number;
}

const kindUnder: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["properties", "schemas"],
  ["$defs", "schemas"],
  ["definitions", "schemas"],
  ["dependentSchemas", "schemas"],
  ["dependencies", "schemas"],
  ["patternProperties", "patterns"],
  ["const", "value"],
  ["default", "value"],
  ["enum", "value"],
  ["examples", "value"],
]);
const references: ReadonlySet<string> = new Set(["$ref", "$dynamicRef", "$recursiveRef"]);

function problemIn(node: object, kind: Kind, walk: Walk): string | undefined {
  const { trail } = walk;
  if (trail.length >= maxDepth) return `is nested deeper than ${maxDepth} levels`;
  const isList = Array.isArray(node);
  for (const [key, value] of Object.entries(node)) {
    if (!isList) walk.keys += 1;
    if (walk.keys > maxKeys) return `has more than ${maxKeys} keys`;
    trail.push(key);
    const problem = keyProblem(kind, key, value, trail) ?? valueProblem(value, kindOf(kind, key), walk);
    if (problem !== undefined) return problem;
    trail.pop();
  }
  return undefined;
}

function valueProblem(value: unknown, kind: Kind, walk: Walk): string | undefined {
  return typeof value === "object" && value !== null ? problemIn(value, kind, walk) : undefined;
}

function kindOf(kind: Kind, key: string): Kind {
  if (kind === "value") return "value";
  return kind === "schema" ? (kindUnder.get(key) ?? "schema") : "schema";
}

function keyProblem(kind: Kind, key: string, value: unknown, trail: readonly string[]): string | undefined {
  if (kind === "patterns") return patternProblem(key, trail);
  if (kind !== "schema") return undefined;
  // ajv would answer with a promise, which is neither yes nor no.
  if (key === "$async") return `uses $async at ${shown(trail)}, which is no keyword of JSON Schema`;
  if (typeof value !== "string") return undefined;
  if (key === "pattern") return patternProblem(value, trail);
  if (!references.has(key) || value.startsWith("#")) return undefined;
  return `refers at ${shown(trail)} to a place outside of it; only references within the schema (#…) are followed`;
}

function patternProblem(pattern: string, trail: readonly string[]): string | undefined {
  if (!backtracks(pattern)) return undefined;
  return `has a pattern at ${shown(trail)} that cannot be matched in linear time; write it without lookaround and backreferences`;
}

/** Lookaround or a backreference, which no engine matches in linear time. To compile the pattern would itself take up to 0.2 s. */
function backtracks(pattern: string): boolean {
  for (const [token] of pattern.matchAll(patternTokens)) {
    if (token.startsWith("(?") || /^\\[1-9k]/.test(token)) return true;
  }
  return false;
}

/** An escape, a class (to the pattern's end when nothing closes it), or the opening of a lookaround. */
const patternTokens = /\\.|\[(?:\\.|[^\]\\])*(?:\]|\\?$)|\(\?<?[=!]/gs;

const maxShown = 100;

/** As a JSON Pointer, but for the escapes. */
function shown(trail: readonly string[]): string {
  const place = `/${trail.join("/")}`;
  return place.length > maxShown ? `${place.slice(0, maxShown)}…` : place;
}
