import { isObject, type JsonObject, listIn, numberIn, objectIn, textIn } from "./json.ts";

/** Values preferred for members of these names, wherever the schema lets them stand. */
export type Hints = Readonly<Record<string, unknown>>;

/**
 * One value that satisfies a simple JSON Schema: types, const, enum, object, array, string lengths and usual
 * formats, number ranges, multipleOf, local `$ref`, allOf of objects, and the first branch of anyOf and
 * oneOf. `pattern`, `not`, `if` and `contains` are ignored, so a schema that needs them may be violated.
 */
export function sampleOf(schema: unknown, hints: Hints = {}): unknown {
  return sample(schema, {
    root: schema,
    hints,
    depth: 0,
    name: "",
    position: 0,
    budget: { left: maxValues },
  });
}

interface Place {
  readonly root: unknown;
  readonly hints: Hints;
  readonly depth: number;
  /** The member's name, which says what its text should be about. */
  readonly name: string;
  /** Position in the array, so that items differ. */
  readonly position: number;
  /** Values that may still be made, over the whole sample. */
  readonly budget: { left: number };
}

/** Optional members and items below this depth are left out, which ends recursive schemas. */
const optionalDepth = 4;
/** No finite value satisfies a schema that still demands more here. */
const maxDepth = 24;
/** A schema that demands itself twice would otherwise grow by powers of two. */
const maxValues = 5000;
const maxPaddedLength = 10_000;

function sample(given: unknown, place: Place): unknown {
  place.budget.left -= 1;
  if (place.depth > maxDepth || place.budget.left < 0 || !isObject(given)) return null;
  const schema = flatten(given, place);
  if ("const" in schema) return schema.const;
  const choices = listIn(schema, "enum");
  if (choices.length > 0) {
    const hint = hintAt(place);
    return choices.includes(hint) ? hint : choices[place.position % choices.length];
  }
  const type = typeOf(schema, place);
  if (type === "object") return objectSample(schema, place);
  if (type === "array") return arraySample(schema, place);
  if (type === "number" || type === "integer") return numberSample(schema, type === "integer", place);
  if (type === "boolean") return booleanSample(place);
  return type === "null" ? null : stringSample(schema, place);
}

/** The schema with `$ref` followed, `allOf` merged and one branch of a union taken. */
function flatten(given: JsonObject, place: Place): JsonObject {
  let schema = given;
  for (let hops = 0; hops < 16; hops += 1) {
    const next = oneHop(schema, place);
    if (next === undefined) return schema;
    schema = next;
  }
  return schema;
}

function oneHop(schema: JsonObject, place: Place): JsonObject | undefined {
  const ref = textIn(schema, "$ref");
  if (ref !== undefined) {
    const { $ref: _, ...rest } = schema;
    return merge(resolve(ref, place.root), rest);
  }
  for (const key of ["anyOf", "oneOf"]) {
    const branches = listIn(schema, key).filter(isObject);
    if (branches.length === 0) continue;
    const { [key]: _, ...rest } = schema;
    // Below the optional depth null is the branch that ends a recursion.
    const ending =
      place.depth > optionalDepth ? branches.find((branch) => branch.type === "null") : undefined;
    return merge(rest, ending ?? branches[0] ?? {});
  }
  const parts = listIn(schema, "allOf").filter(isObject);
  if (parts.length === 0) return undefined;
  const { allOf: _, ...rest } = schema;
  return parts.reduce<JsonObject>((all, part) => merge(all, flatten(part, place)), rest);
}

function merge(first: JsonObject, second: JsonObject): JsonObject {
  const properties = { ...objectIn(first, "properties"), ...objectIn(second, "properties") };
  const required = [...listIn(first, "required"), ...listIn(second, "required")];
  const merged: Record<string, unknown> = { ...first, ...second };
  if (Object.keys(properties).length > 0) merged.properties = properties;
  if (required.length > 0) merged.required = required;
  return merged;
}

/** A JSON pointer within the schema (RFC 6901); anything else is an empty schema. */
function resolve(ref: string, root: unknown): JsonObject {
  if (!ref.startsWith("#")) return {};
  const steps = ref.slice(1).split("/").slice(1).map(unescapeStep);
  const found = steps.reduce<unknown>(
    (at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined),
    root,
  );
  return isObject(found) ? found : {};
}

function unescapeStep(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

function typeOf(schema: JsonObject, place: Place): string {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (place.depth > optionalDepth && types.includes("null")) return "null";
  const named = types.find((type) => typeof type === "string" && type !== "null") ?? types[0];
  if (typeof named === "string") return named;
  if (isObject(schema.properties) || Array.isArray(schema.required)) return "object";
  if (schema.items !== undefined || schema.prefixItems !== undefined) return "array";
  const hasRange = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].some(
    (key) => key in schema,
  );
  return hasRange ? "number" : "string";
}

function objectSample(schema: JsonObject, place: Place): unknown {
  const properties = objectIn(schema, "properties");
  const required = listIn(schema, "required").filter((key) => typeof key === "string");
  const optional = place.depth < optionalDepth ? Object.keys(properties) : [];
  const entries = [...new Set([...required, ...optional])].map((key): [string, unknown] => {
    const member = Object.hasOwn(properties, key) ? properties[key] : { type: "string" };
    return [key, sample(member, { ...place, depth: place.depth + 1, name: key, position: 0 })];
  });
  return Object.fromEntries(entries);
}

function arraySample(schema: JsonObject, place: Place): unknown {
  const prefix = listIn(schema, "prefixItems");
  const wanted = place.depth < optionalDepth ? Math.max(prefix.length, 1) : 0;
  const least = numberIn(schema, "minItems") ?? 0;
  const length = Math.min(
    Math.max(wanted, least),
    numberIn(schema, "maxItems") ?? Number.POSITIVE_INFINITY,
    1000,
  );
  return Array.from({ length }, (_, position) =>
    sample(prefix[position] ?? schema.items ?? { type: "string" }, {
      ...place,
      depth: place.depth + 1,
      position,
    }),
  );
}

function numberSample(schema: JsonObject, isInteger: boolean, place: Place): number {
  const above = numberIn(schema, "exclusiveMinimum");
  const below = numberIn(schema, "exclusiveMaximum");
  const least = numberIn(schema, "minimum") ?? above;
  const most = numberIn(schema, "maximum") ?? below;
  const step = numberIn(schema, "multipleOf") ?? (isInteger ? 1 : 0);
  if (step > 0) return multipleSample({ step, least, most, above, below }, place.position);
  if (least !== undefined && most !== undefined) return least + (most - least) / (place.position + 2);
  if (least !== undefined) return least + 0.5 + place.position;
  return most === undefined ? 1.5 + place.position : most - 0.5 - place.position;
}

interface Range {
  readonly step: number;
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly above: number | undefined;
  readonly below: number | undefined;
}

function multipleSample({ step, least, most, above, below }: Range, position: number): number {
  const highest = most === undefined ? Number.POSITIVE_INFINITY : Math.floor(most / step);
  const lowest = least === undefined ? Math.min(Math.ceil(1 / step), highest) : Math.ceil(least / step);
  let first = lowest;
  if (lowest * step === above) first = lowest + 1;
  else if (lowest * step === below) first = lowest - 1;
  const moved = (first + position) * step;
  const fits = first + position <= highest && moved !== below;
  return fits ? moved : first * step;
}

function booleanSample(place: Place): boolean {
  const hint = hintAt(place);
  return typeof hint === "boolean" ? hint : place.position % 2 === 0;
}

const formats: Readonly<Record<string, (position: number) => string>> = {
  "date-time": (position) => `2025-03-04T05:06:${twoDigits(position)}Z`,
  date: (position) => `2025-03-${twoDigits((position % 28) + 1)}`,
  time: (position) => `05:06:${twoDigits(position)}Z`,
  email: (position) => `person${position}@example.com`,
  hostname: (position) => `host${position}.example.com`,
  ipv4: (position) => `192.0.2.${position % 256}`,
  ipv6: (position) => `2001:db8::${(position % 65536).toString(16)}`,
  uri: (position) => `https://example.com/${position}`,
  uuid: (position) => `6f1c2a9e-0d3b-4c57-8e21-${position.toString(16).padStart(12, "0")}`,
};

function twoDigits(position: number): string {
  return String(position % 60).padStart(2, "0");
}

function stringSample(schema: JsonObject, place: Place): string {
  const named = textIn(schema, "format") ?? "";
  const format = Object.hasOwn(formats, named) ? formats[named] : undefined;
  if (format !== undefined) return format(place.position);
  const hint = hintAt(place);
  const words = typeof hint === "string" ? hint : `example ${place.name || "text"}`;
  const text = place.position === 0 ? words : `${place.position + 1} ${words}`;
  // JSON Schema counts code points, not UTF-16 units.
  const points = [...text];
  const least = numberIn(schema, "minLength") ?? 0;
  const padded =
    points.length < least
      ? [...points, ...".".repeat(Math.min(least, maxPaddedLength) - points.length)]
      : points;
  return padded.slice(0, numberIn(schema, "maxLength") ?? padded.length).join("");
}

function hintAt(place: Place): unknown {
  return Object.hasOwn(place.hints, place.name) ? place.hints[place.name] : undefined;
}
