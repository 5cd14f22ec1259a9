import type { ErrorObject } from "ajv/dist/2020.js";
import { didYouMean } from "../core/did-you-mean.ts";
import { pointerSegments } from "./locate.ts";

/** What the error itself does not know of the value that it is about. */
export interface ValueFacts {
  /** The text as written, where the environment had a part in it: quoted in the value's place, which may be secret. */
  readonly reference: string | undefined;
  /** Whether it is an item of a list. */
  readonly isItem: boolean;
}

/** One error of the schema in words: the value and the cure. */
export function shapeMessage(error: ErrorObject, { reference, isItem }: ValueFacts): string {
  const name = nameOf(error.instancePath, isItem);
  // Asked for late: looking at a large value for each of its errors takes quadratic time.
  const is = (): string => `${name} is ${quote(error, reference)}`;
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(error);
    case "propertyNames":
      return `\`${error.params.propertyName}\` cannot be a name here; it must be ${wantedName(error)}`;
    case "required":
      return `${name} lacks \`${error.params.missingProperty}\`; add it`;
    case "type":
      return `${is()}; it must be ${wantedType(error)}`;
    case "enum":
      return `${is()}; it must be ${choice(error)}`;
    case "pattern":
      return `${is()}; it must be ${error.parentSchema?.["x-wanted"] ?? "written otherwise"}`;
    default:
      return `${is()}; ${limitOf(error, name)}`;
  }
}

function limitOf(error: ErrorObject, name: string): string {
  const limit: unknown = error.params.limit;
  switch (error.keyword) {
    case "minimum":
      return `it must be ${limit} or more`;
    case "exclusiveMinimum":
      return `it must be more than ${limit}`;
    case "maximum":
      return `it must be ${limit} or less`;
    case "minLength":
      return "write something, or leave the line out";
    case "maxLength":
      return `it must have at most ${limit} characters`;
    case "minItems":
      return "give it at least one item, or leave it out";
    case "maxItems":
      return `it may have ${limit} items at most`;
    case "uniqueItems":
      return `two of its items are the same; keep one of them`;
    case "minProperties":
      return `give ${name} at least one member`;
    case "maxProperties":
      return `give ${name} ${limit === 1 ? "one key only" : `at most ${limit} keys`}`;
    default:
      return error.message ?? "it does not fit the schema";
  }
}

function unknownKey(error: ErrorObject): string {
  const key = String(error.params.additionalProperty);
  const known = Object.keys(membersOf(error.parentSchema?.properties));
  const meant = didYouMean(key, known);
  const cure = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean \`${meant}\`?`;
  return `unknown key \`${key}\`; ${cure}`;
}

function choice(error: ErrorObject): string {
  const allowed: unknown = error.params.allowedValues;
  const values = (Array.isArray(allowed) ? allowed : []).filter((value) => value !== null && value !== false);
  const meant = typeof error.data === "string" ? didYouMean(error.data, values.map(String)) : undefined;
  const list = values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
  return meant === undefined ? list : `${list}; did you mean \`${meant}\`?`;
}

/** `text, a duration such as 30m`: that it is text tells whoever wrote a number that quotes may be what is missing. */
function wantedType({ params, parentSchema }: ErrorObject): string {
  const wanted: unknown = parentSchema?.["x-wanted"];
  const types = typeNames(params.type);
  if (typeof wanted !== "string") return types;
  return Array.isArray(params.type) ? wanted : `${types}, ${wanted}`;
}

function wantedName(error: ErrorObject): string {
  const wanted: unknown = membersOf(error.schema)["x-wanted"];
  return typeof wanted === "string" ? wanted : "written otherwise";
}

function typeNames(types: unknown): string {
  return (Array.isArray(types) ? types : [types]).map(typeName).join(" or ");
}

function typeName(type: unknown): string {
  if (type === "object") return "a map";
  if (type === "array") return "a list";
  if (type === "boolean") return "true or false";
  if (type === "integer") return "a whole number";
  return type === "string" ? "text" : "a number";
}

function quote(error: ErrorObject, reference: string | undefined): string {
  if (reference !== undefined) return `\`${reference}\``;
  if (error.data === null) return "empty";
  if (Array.isArray(error.data)) return error.data.length === 0 ? "an empty list" : "a list";
  if (typeof error.data === "object") return Object.keys(error.data).length === 0 ? "an empty map" : "a map";
  const isSecret = error.parentSchema?.writeOnly === true || isHeaderValue(error.instancePath);
  if (isSecret) return `a ${typeof error.data} (not shown)`;
  const text = JSON.stringify(error.data);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

// A header may carry a credential.
function isHeaderValue(pointer: string): boolean {
  const segments = pointerSegments(pointer);
  return segments[0] === "upstreams" && segments[2] === "headers";
}

function nameOf(pointer: string, isItem: boolean): string {
  const segments = pointerSegments(pointer);
  const last = segments.at(-1);
  if (last === undefined) return "the file";
  if (!isItem) return `\`${last}\``;
  return `item ${Number(last) + 1} of \`${segments.at(-2)}\``;
}

function membersOf(value: unknown): Record<string, unknown> {
  // Any object may be read as a record of unknown values.
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
