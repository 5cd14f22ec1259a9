import type { ErrorObject } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ConfigFile } from "./file-shape.ts";
import type { Side } from "./locate.ts";
import { parentPointer, pointerSegments, pointerTo } from "./locate.ts";
import { configurationSchema } from "./schema.ts";
import { shapeMessage } from "./shape-message.ts";
import type { YamlSource } from "./yaml-source.ts";

/** A problem that still has to be given its line and column. */
export interface Finding {
  readonly pointer: string;
  readonly side: Side;
  readonly message: string;
}

export interface ShapeCheck {
  /** Undefined when too little of the file makes sense to check it further. */
  readonly file: ConfigFile | undefined;
  readonly findings: readonly Finding[];
  /** What was wrong and has been replaced by a stand-in, as pointers: nothing more is to be said about these. */
  readonly replaced: readonly string[];
}

/**
 * Checks the values against the schema and fills in the defaults. What is wrong is reported and put out of the way, so
 * that the checks after this one can run on the rest and all problems come at once.
 */
export function checkShape(source: YamlSource): ShapeCheck {
  // The validator writes defaults into what it checks.
  const value: unknown = structuredClone(source.value);
  if (!isMap(value)) {
    const message = "the file must be a map with the sections of a configuration, such as `upstreams:`";
    return { file: undefined, findings: [{ pointer: "", side: "value", message }], replaced: [] };
  }
  let errors = errorsOf(value);
  if (convertReferences(value, errors, source)) errors = errorsOf(value);
  const findings = errors
    .map((error) => findingOf(error, source))
    .filter(({ pointer }) => !source.unreadable.includes(pointer));
  const replaced = new Set(source.unreadable);
  for (let round = 0; round < maxRounds && errors.length > 0; round++) {
    for (const error of errors) {
      const pointer = putOutOfTheWay(value, error, replaced);
      if (pointer !== undefined) replaced.add(pointer);
    }
    errors = errorsOf(value);
  }
  // The schema has passed, and `ConfigFile` says the same as the schema.
  const file = errors.length === 0 ? (value as unknown as ConfigFile) : undefined;
  return { file, findings, replaced: [...replaced] };
}

const maxRounds = 6;

const ajv = new Ajv2020({
  allErrors: true,
  useDefaults: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  logger: false,
  keywords: ["x-wanted", "x-otherwise"],
});
const validate = ajv.compile(configurationSchema);

// The errors of a condition say only that one of its branches failed, which has told more itself.
function errorsOf(value: unknown): readonly ErrorObject[] {
  validate(value);
  return (validate.errors ?? []).filter(
    (error) => error.keyword !== "if" && error.propertyName === undefined,
  );
}

/** The environment holds text only: where the schema wants a number or a boolean, a reference's text is read as one. */
function convertReferences(value: unknown, errors: readonly ErrorObject[], source: YamlSource): boolean {
  let hasConverted = false;
  for (const error of errors) {
    const isReference = source.references.has(error.instancePath);
    if (!isReference || error.keyword !== "type" || typeof error.data !== "string") continue;
    const converted = readScalar(error.data, String(error.params.type));
    if (converted === undefined) continue;
    const place = find(value, error.instancePath);
    if (place !== undefined) Reflect.set(place.holder, place.key, converted);
    hasConverted = true;
  }
  return hasConverted;
}

function readScalar(text: string, type: string): number | boolean | undefined {
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}

function findingOf(error: ErrorObject, source: YamlSource): Finding {
  const around = parentPointer(error.instancePath);
  const isItem = around !== undefined && !source.keys.has(around);
  const message = shapeMessage(error, { reference: source.references.get(error.instancePath), isItem });
  const name = unwantedKey(error);
  if (name !== undefined) return { pointer: pointerTo(error.instancePath, name), side: "key", message };
  const isAboutWhole = error.keyword === "required" || error.keyword.endsWith("Properties");
  return { pointer: error.instancePath, side: isAboutWhole ? "key" : "value", message };
}

function unwantedKey(error: ErrorObject): string | undefined {
  if (error.keyword === "additionalProperties") return String(error.params.additionalProperty);
  return error.keyword === "propertyNames" ? String(error.params.propertyName) : undefined;
}

/** Removes what is wrong, or puts an empty value where one is missing; gives the pointer that is not to be trusted. */
function putOutOfTheWay(value: unknown, error: ErrorObject, before: ReadonlySet<string>): string | undefined {
  const around = parentPointer(error.instancePath);
  if (around !== undefined && before.has(error.instancePath)) {
    // Neither it nor its stand-in fits: what holds it has to go.
    remove(value, around);
    return around;
  }
  const name = unwantedKey(error);
  if (name !== undefined) {
    const pointer = pointerTo(error.instancePath, name);
    remove(value, pointer);
    // A key that nobody knows leaves no gap behind; an entry with a bad name does.
    return error.keyword === "propertyNames" ? pointer : undefined;
  }
  if (error.keyword !== "required") {
    remove(value, error.instancePath);
    return error.instancePath;
  }
  const missing = String(error.params.missingProperty);
  const pointer = pointerTo(error.instancePath, missing);
  const holder = find(value, pointer)?.holder;
  if (holder !== undefined) Reflect.set(holder, missing, standIn(error, missing));
  return pointer;
}

function standIn(error: ErrorObject, missing: string): unknown {
  const properties: unknown = error.parentSchema?.properties;
  const wanted: unknown = isMap(properties) ? properties[missing] : undefined;
  const type: unknown = isMap(wanted) ? wanted.type : undefined;
  if (type === "object") return {};
  if (type === "number") return 0;
  return isMap(wanted) && Array.isArray(wanted.enum) ? wanted.enum[0] : "stand-in";
}

function remove(value: unknown, pointer: string): void {
  const place = find(value, pointer);
  if (place === undefined) return;
  // An item is not taken out of its list: the pointers to the items after it would go astray.
  if (Array.isArray(place.holder)) {
    const list = find(value, pointer.slice(0, pointer.lastIndexOf("/")));
    if (list !== undefined) Reflect.deleteProperty(list.holder, list.key);
    return;
  }
  Reflect.deleteProperty(place.holder, place.key);
}

function find(
  value: unknown,
  pointer: string,
): { readonly holder: object; readonly key: string } | undefined {
  const segments = pointerSegments(pointer);
  const key = segments.pop();
  if (key === undefined) return undefined;
  let holder: unknown = value;
  for (const segment of segments) {
    if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, segment)) return undefined;
    holder = Reflect.get(holder, segment);
  }
  return typeof holder === "object" && holder !== null ? { holder, key } : undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
