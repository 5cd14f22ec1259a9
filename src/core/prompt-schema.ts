import { Ajv, type ValidateFunction } from "ajv";

/**
 * The validator of a prompt's variables; throws ajv's Error when the schema is not one. It changes what it checks:
 * defaults are filled in, and text becomes a number or boolean where one is wanted, for headers and metadata carry
 * only text.
 */
export function compileVariables(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const ajv = new Ajv({
    allErrors: true,
    coerceTypes: true,
    useDefaults: true,
    ownProperties: true,
    strict: true,
    logger: false,
  });
  return ajv.compile(bounded(schema));
}

/** Characters of one value, unless the schema says otherwise. */
const defaultMaxLength = 10_000;

function bounded(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const properties: [string, unknown][] = Object.entries(declaredVariables(schema)).map(
    ([name, property]) => [
      name,
      property.type === "string" ? { maxLength: defaultMaxLength, ...property } : property,
    ],
  );
  return {
    type: "object",
    additionalProperties: false,
    ...schema,
    properties: Object.fromEntries(properties),
  };
}

/** The schema of each declared variable; own properties only. */
export function declaredVariables(
  schema: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const properties = schema?.properties;
  if (!isRecord(properties)) return {};
  const declared: [string, Record<string, unknown>][] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (isRecord(property)) declared.push([name, property]);
  }
  return Object.fromEntries(declared);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
