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
  if (!isObject(schema) && typeof schema !== "boolean") return "is neither an object nor true or false";
  try {
    visit({ keys: 0 }, schema, { place: "", depth: 1, kind: "schema" });
    return undefined;
  } catch (problem) {
    if (problem instanceof SchemaProblem) return problem.message;
    throw problem;
  }
}

class SchemaProblem extends Error {}

/** What an object is: a schema, a map whose keys are names of the schema's own, or a value in which nothing is a keyword. */
type Kind = "schema" | "schemas" | "patterns" | "value";

interface Spot {
  /** JSON Pointer. */
  readonly place: string;
  readonly depth: number;
  readonly kind: Kind;
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

function visit(seen: { keys: number }, node: unknown, spot: Spot): void {
  if (typeof node !== "object" || node === null) return;
  if (spot.depth > maxDepth) throw new SchemaProblem(`is nested deeper than ${maxDepth} levels`);
  for (const [key, value] of Object.entries(node)) {
    const place = `${spot.place}/${key}`;
    if (!Array.isArray(node)) seen.keys += 1;
    if (seen.keys > maxKeys) throw new SchemaProblem(`has more than ${maxKeys} keys`);
    if (spot.kind === "schema") checkKeyword(key, value, place);
    if (spot.kind === "patterns") checkPattern(key, place);
    visit(seen, value, { place, depth: spot.depth + 1, kind: kindOf(spot.kind, key) });
  }
}

function kindOf(kind: Kind, key: string): Kind {
  if (kind === "value") return "value";
  return kind === "schema" ? (kindUnder.get(key) ?? "schema") : "schema";
}

function checkKeyword(key: string, value: unknown, place: string): void {
  // ajv would answer with a promise, which is neither yes nor no.
  if (key === "$async")
    throw new SchemaProblem(`uses $async at ${shown(place)}, which is no keyword of JSON Schema`);
  if (references.has(key) && typeof value === "string" && !value.startsWith("#")) {
    throw new SchemaProblem(
      `refers at ${shown(place)} to a place outside of it; only references within the schema (#…) are followed`,
    );
  }
  if (key === "pattern" && typeof value === "string") checkPattern(value, place);
}

function checkPattern(pattern: string, place: string): void {
  if (!backtracks(pattern)) return;
  throw new SchemaProblem(
    `has a pattern at ${shown(place)} that cannot be matched in linear time; write it without lookaround and backreferences`,
  );
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

function shown(place: string): string {
  return place.length > maxShown ? `${place.slice(0, maxShown)}…` : place;
}
