/** JSON Schemas of the configuration, compiled once into checks of an answer's text. */
import { Ajv, type CodeOptions, type ErrorObject, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { CheckResult, ContentCheck } from "../domain/config.ts";
import { hasUniqueItems } from "./unique-items.ts";

/** Makes the matcher of a pattern; ajv tells two of them apart by what they say of themselves (`toString`). */
export type PatternMaker = NonNullable<CodeOptions["regExp"]>;

/** Throws what ajv throws when the schema does not compile; the configuration asks before anybody serves. */
export function compileContentCheck(schema: unknown): ContentCheck {
  const validate = compileSchema(schema);
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { kind: "fail", path: "", message: "is not JSON" };
    }
    return checkValue(validate, value);
  };
}

/**
 * A fresh Ajv for each schema: one that many share keeps every schema it has ever seen. `regExp` makes the matcher of a pattern
 * where it is not to be JavaScript's own. Throws what ajv throws.
 */
export function compileSchema(schema: unknown, regExp?: PatternMaker): ValidateFunction {
  const isNew = isDraft2020(schema);
  metaOf(isNew).validateSchema(schema as object, true);
  const options: Options = {
    ...common,
    ownProperties: true,
    validateFormats: true,
    meta: false,
    validateSchema: false,
    // Inlined, a schema that many others refer to would be compiled once for each of them.
    inlineRefs: false,
    // Optimised, 12 KB take 45 ms to compile in place of 15, and a check 0.6 µs in place of 0.7.
    code: { optimize: false, ...(regExp === undefined ? {} : { regExp }) },
  };
  const ajv = isNew ? new Ajv2020(options) : new Ajv(options);
  addFormats.default(ajv);
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must not have equal items" },
    validate: (isAsked: boolean, items: readonly unknown[]) => !isAsked || hasUniqueItems(items),
  });
  // ajv takes an object or a boolean and says so itself when it gets anything else.
  return ajv.compile(schema as object);
}

export function checkValue(validate: ValidateFunction, value: unknown): CheckResult {
  if (validate(value) === true) return { kind: "pass" };
  const [error] = validate.errors ?? [];
  return { kind: "fail", path: pathOf(error), message: messageOf(error) };
}

// An unknown format is ignored, and ajv would say so on the console, with the client's own words.
const common = { strict: false, allErrors: false, logger: false } as const;

/** Knows the meta-schema, which takes 10 ms to compile: ten times as long as most schemas. It remembers nothing that it judges. */
function metaOf(isNew: boolean): Ajv {
  if (isNew) {
    meta2020 ??= new Ajv2020(common);
    return meta2020;
  }
  meta07 ??= new Ajv(common);
  return meta07;
}

let meta07: Ajv | undefined;
let meta2020: Ajv | undefined;

function isDraft2020(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null || !("$schema" in schema)) return false;
  return String(schema.$schema).includes("2020-12");
}

/** The place at fault: of a missing or an unknown member its own path, not its parent's. */
function pathOf(error: ErrorObject | undefined): string {
  if (error === undefined) return "";
  const { missingProperty, additionalProperty } = error.params;
  const member = missingProperty ?? additionalProperty;
  return member === undefined ? error.instancePath : `${error.instancePath}/${escaped(String(member))}`;
}

/** RFC 6901, section 3. */
function escaped(member: string): string {
  return member.replaceAll("~", "~0").replaceAll("/", "~1");
}

function messageOf(error: ErrorObject | undefined): string {
  if (error === undefined) return "is invalid";
  if (error.keyword === "required") return "is missing";
  if (error.keyword === "additionalProperties") return "is not allowed";
  if (error.keyword === "enum") return `must be ${choiceOf(error.params.allowedValues)}`;
  return error.message ?? "is invalid";
}

const maxChoices = 10;

function choiceOf(allowed: unknown): string {
  const values = (Array.isArray(allowed) ? allowed : []).map((value) => JSON.stringify(value));
  const more = values.length > maxChoices ? ", …" : "";
  return `one of ${values.slice(0, maxChoices).join(", ")}${more}`;
}
