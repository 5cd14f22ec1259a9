/** What one parameter of a chat request must be. `wanted` ends the sentence "… it must be". */
export type ParameterCheck =
  | {
      /** Read, for it is short. */
      readonly kind: "value";
      readonly wanted: string;
      readonly isNullable: boolean;
      readonly accepts: (value: unknown) => boolean;
    }
  | {
      /** Known by its first byte, for it may be long. */
      readonly kind: "opening";
      readonly wanted: string;
      readonly isNullable: boolean;
      readonly byte: number;
    };

/** The parameters that the proxy acts on, or that are cheap to refuse before an upstream is paid for them. */
export const parameterChecks: ReadonlyMap<string, ParameterCheck> = new Map<string, ParameterCheck>([
  ["model", { ...value("a string of 1 to 256 characters", isModelName), isNullable: false }],
  ["messages", { kind: "opening", wanted: "an array", isNullable: false, byte: 0x5b }],
  ["metadata", { kind: "opening", wanted: "an object of strings", isNullable: true, byte: 0x7b }],
  ["tools", { kind: "opening", wanted: "an array", isNullable: true, byte: 0x5b }],
  ["response_format", { kind: "opening", wanted: "an object", isNullable: true, byte: 0x7b }],
  ["stream", value("true or false", (stream) => typeof stream === "boolean")],
  ["stream_options", value("an object whose include_usage is true or false", isStreamOptions)],
  ["n", integer(1, 128)],
  ["max_tokens", integer(1, Number.MAX_SAFE_INTEGER)],
  ["max_completion_tokens", integer(1, Number.MAX_SAFE_INTEGER)],
  ["temperature", number(0, 2)],
  ["top_p", number(0, 1)],
  ["presence_penalty", number(-2, 2)],
  ["frequency_penalty", number(-2, 2)],
  ["user", value("a string", isString)],
  ["safety_identifier", value("a string", isString)],
  ["prompt_cache_key", value("a string", isString)],
]);

/** A wrong value for an error message: never the text of the client. */
export function shown(wrong: unknown): string {
  if (typeof wrong === "string")
    return wrong === "" ? "an empty string" : `a string of ${wrong.length} characters`;
  if (Array.isArray(wrong)) return "an array";
  return typeof wrong === "object" && wrong !== null ? "an object" : String(wrong);
}

function value(wanted: string, accepts: (value: unknown) => boolean): ParameterCheck {
  return { kind: "value", wanted, isNullable: true, accepts };
}

function integer(least: number, most: number): ParameterCheck {
  const wanted = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  return value(`an integer, ${wanted}`, (it) => Number.isInteger(it) && isWithin(it, least, most));
}

function number(least: number, most: number): ParameterCheck {
  return value(`a number from ${least} to ${most}`, (it) => isWithin(it, least, most));
}

function isWithin(it: unknown, least: number, most: number): boolean {
  return typeof it === "number" && it >= least && it <= most;
}

function isString(it: unknown): boolean {
  return typeof it === "string";
}

function isModelName(it: unknown): boolean {
  return typeof it === "string" && it.length >= 1 && it.length <= 256;
}

function isStreamOptions(it: unknown): boolean {
  if (typeof it !== "object" || it === null || Array.isArray(it)) return false;
  if (!("include_usage" in it)) return true;
  return it.include_usage === null || typeof it.include_usage === "boolean";
}
