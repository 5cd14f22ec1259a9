import type { Random } from "../analysis/random.ts";
import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";

/**
 * A random value of a simple JSON Schema: const, enum, the plain types, ranges, lengths, required and other members, items, and
 * local references. What else a schema asks for is not looked at, so that a server may refuse it with 422; a file is the way out.
 * Throws `invalid_value` where the value is no object.
 */
export function sampleOf(schema: unknown, random: Random): Readonly<Record<string, unknown>> {
  const value = sample(schema, { root: schema, random, depth: 0 });
  if (isObject(value)) return value;
  throw new Failure("invalid_value", "No input can be made of the input schema: give some by --input FILE.");
}

interface Place {
  readonly root: unknown;
  readonly random: Random;
  readonly depth: number;
}

/** Below it members that may be left out are, which ends most schemas that contain themselves; below twice it everything. */
const optionalDepth = 4;

function sample(given: unknown, place: Place): unknown {
  const schema = followed(given, place.root);
  if (!isObject(schema) || place.depth > 2 * optionalDepth) return null;
  if ("const" in schema) return schema.const;
  const choices = schema.enum ?? schema.examples;
  if (Array.isArray(choices) && choices.length > 0) return choices[place.random.integer(choices.length)];
  switch (typeOf(schema)) {
    case "object":
      return sampleObject(schema, place);
    case "array":
      return sampleArray(schema, place);
    case "integer":
      return sampleNumber(schema, place.random, true);
    case "number":
      return sampleNumber(schema, place.random, false);
    case "boolean":
      return place.random.bernoulli(0.5);
    case "null":
      return null;
    default:
      return sampleText(schema, place.random);
  }
}

/** The schema that a reference within the same text points to (RFC 6901), or the first branch of a union. */
function followed(given: unknown, root: unknown): unknown {
  let schema = given;
  for (let hops = 0; hops < 16 && isObject(schema); hops++) {
    const branches: unknown = schema.anyOf ?? schema.oneOf;
    if (typeof schema.$ref === "string") schema = pointed(schema.$ref, root);
    else if (Array.isArray(branches)) schema = branches[0];
    else return schema;
  }
  return schema;
}

function pointed(reference: string, root: unknown): unknown {
  const names = reference
    .replace(/^#\/?/, "")
    .split("/")
    .filter((name) => name !== "");
  return names.reduce<unknown>((at, name) => {
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, root);
}

function typeOf(schema: Record<string, unknown>): unknown {
  if (Array.isArray(schema.type)) return schema.type.find((type) => type !== "null") ?? "null";
  if (schema.type !== undefined) return schema.type;
  if (schema.properties !== undefined || schema.required !== undefined) return "object";
  if (schema.items !== undefined) return "array";
  return schema.minimum === undefined && schema.maximum === undefined ? "string" : "number";
}

function sampleObject(schema: Record<string, unknown>, place: Place): Record<string, unknown> {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const optional = place.depth < optionalDepth ? Object.keys(properties) : [];
  const below = { ...place, depth: place.depth + 1 };
  const names = [...new Set([...required, ...optional])];
  return Object.fromEntries(names.map((name) => [name, sample(properties[name] ?? {}, below)]));
}

function sampleArray(schema: Record<string, unknown>, place: Place): unknown[] {
  const least = numberIn(schema, "minItems") ?? 1;
  const most = Math.min(numberIn(schema, "maxItems") ?? least + 2, 1000);
  const length = least + place.random.integer(Math.max(0, most - least) + 1);
  const below = { ...place, depth: place.depth + 1 };
  return Array.from({ length: Math.min(length, 1000) }, () => sample(schema.items, below));
}

function sampleNumber(schema: Record<string, unknown>, random: Random, isInteger: boolean): number {
  const step = numberIn(schema, "multipleOf") ?? (isInteger ? 1 : 0);
  const beside = step === 0 ? 1e-3 : step;
  const above = numberIn(schema, "exclusiveMinimum");
  const below = numberIn(schema, "exclusiveMaximum");
  const low = numberIn(schema, "minimum") ?? (above === undefined ? undefined : above + beside);
  const high = numberIn(schema, "maximum") ?? (below === undefined ? undefined : below - beside);
  const from = low ?? Math.min(0, (high ?? usualWidth) - usualWidth);
  const to = high ?? from + usualWidth;
  if (step === 0) {
    const value = from + random.uniform() * (to - from);
    return Math.max(from, Math.min(to, Number(value.toPrecision(4))));
  }
  const first = Math.ceil(from / step);
  return (first + random.integer(Math.floor(to / step) - first + 1)) * step;
}

const usualWidth = 10;
const letters = "abcdefghijklmnopqrstuvwxyz";

function sampleText(schema: Record<string, unknown>, random: Random): string {
  const least = numberIn(schema, "minLength") ?? 1;
  const most = Math.min(numberIn(schema, "maxLength") ?? Math.max(8, least), 10_000);
  const length = least + random.integer(Math.max(0, most - least) + 1);
  return Array.from({ length }, () => letters[random.integer(letters.length)]).join("");
}

function numberIn(schema: Record<string, unknown>, name: string): number | undefined {
  const value = schema[name];
  return typeof value === "number" ? value : undefined;
}
