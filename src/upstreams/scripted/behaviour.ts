import type { ToolCall } from "../../domain/chat.ts";
import { Failure } from "../../domain/failure.ts";

/**
 * What the scripted upstream does with one request: one member for each upstream row of the fault table that
 * a listening server can play. Refused connections, hanging connects, DNS and bad certificates happen before
 * there is a server to play them. Where a fault belongs to streams only, a whole answer gets its nearest
 * relative, and the other way round.
 */
export type Behaviour =
  | { readonly kind: "answer"; readonly content?: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly kind: "tool_call"; readonly name: string | undefined }
  // The connection.
  | { readonly kind: "reset_before_headers" }
  | { readonly kind: "hang" }
  // The stream.
  | { readonly kind: "slow_first_token"; readonly delayMs: number }
  | { readonly kind: "stall"; readonly afterChunks: number }
  | { readonly kind: "cut"; readonly afterChunks: number }
  | { readonly kind: "clean_end_without_finish"; readonly afterChunks: number }
  | { readonly kind: "missing_done" }
  | { readonly kind: "error_in_200"; readonly afterChunks: number }
  | { readonly kind: "malformed_chunk"; readonly afterChunks: number }
  | { readonly kind: "huge_line"; readonly bytes: number }
  | { readonly kind: "endless_body" }
  | { readonly kind: "gzip" }
  // The status.
  | {
      readonly kind: "rate_limited";
      readonly retryAfterMs: number;
      readonly header: "both" | "seconds" | "ms" | "none";
    }
  | { readonly kind: "quota" }
  | { readonly kind: "server_error"; readonly status: number }
  | { readonly kind: "redirect"; readonly location: string | undefined }
  // The body of a whole answer.
  | { readonly kind: "truncated_json"; readonly hasLength: boolean }
  | { readonly kind: "invalid_json_body" }
  // The content.
  | { readonly kind: "wrong_schema"; readonly form: "types" | "text" }
  | { readonly kind: "refusal" }
  | { readonly kind: "content_filter" }
  | { readonly kind: "length" }
  | { readonly kind: "tool_call_bad_arguments"; readonly form: "json" | "schema" };

type BehaviourKind = Behaviour["kind"];

/**
 * A behaviour asked for by text, and how often: after `times` plays the request is answered well once, then
 * it starts over.
 */
export interface BehaviourOrder {
  readonly text: string;
  readonly behaviour: Behaviour;
  readonly times: number;
  /** Plays for requests of this model only, so that a fallback to another model can be shown. */
  readonly onlyModel: string | undefined;
}

/**
 * Parses `name;key=value;…`. Any behaviour takes `times` and `model`. Throws `invalid_value`, which names
 * what is known.
 */
export function parseBehaviour(text: string): BehaviourOrder {
  const [first = "", ...pairs] = text.split(";").map((part) => part.trim());
  const name = aliases.get(first) ?? first;
  if (!isKind(name)) {
    throw new Failure("invalid_value", `"${name}" is no scripted fault; use one of ${kinds.join(", ")}.`);
  }
  const parameters = readParameters(pairs);
  const behaviour = makers[name](parameters);
  const times = parameters.count("times", name === "wrong_schema" ? 1 : Number.POSITIVE_INFINITY);
  const onlyModel = parameters.text("model");
  parameters.expectNoOther(name);
  return { text, behaviour, times, onlyModel };
}

/** The behaviour alone, for scripts: `behaviourOf("stall;after=2")`. */
export function behaviourOf(text: string): Behaviour {
  return parseBehaviour(text).behaviour;
}

const aliases = new Map([
  ["reset", "reset_before_headers"],
  ["silence", "hang"],
]);

const makers = {
  answer: (given) => {
    const content = given.text("content");
    return content === undefined ? { kind: "answer" } : { kind: "answer", content };
  },
  tool_call: (given) => ({ kind: "tool_call", name: given.text("name") }),
  reset_before_headers: () => ({ kind: "reset_before_headers" }),
  hang: () => ({ kind: "hang" }),
  slow_first_token: (given) => ({ kind: "slow_first_token", delayMs: given.count("ms", 12_000) }),
  stall: (given) => ({ kind: "stall", afterChunks: given.count("after", 3) }),
  cut: (given) => ({ kind: "cut", afterChunks: given.count("after", 3) }),
  clean_end_without_finish: (given) => ({
    kind: "clean_end_without_finish",
    afterChunks: given.count("after", 3),
  }),
  missing_done: () => ({ kind: "missing_done" }),
  error_in_200: (given) => ({ kind: "error_in_200", afterChunks: given.count("after", 0) }),
  malformed_chunk: (given) => ({ kind: "malformed_chunk", afterChunks: given.count("after", 1) }),
  // The line is one string: a gigabyte would end the process that plays it.
  huge_line: (given) => ({
    kind: "huge_line",
    bytes: Math.min(given.count("bytes", 10_000_000), 100_000_000),
  }),
  endless_body: () => ({ kind: "endless_body" }),
  gzip: () => ({ kind: "gzip" }),
  rate_limited: (given) => ({
    kind: "rate_limited",
    retryAfterMs: given.count("ms", 1000),
    header: given.oneOf("header", ["both", "seconds", "ms", "none"]),
  }),
  quota: () => ({ kind: "quota" }),
  server_error: (given) => ({ kind: "server_error", status: errorStatus(given.count("status", 500)) }),
  redirect: (given) => ({ kind: "redirect", location: headerValue(given.text("location")) }),
  truncated_json: (given) => ({
    kind: "truncated_json",
    hasLength: given.oneOf("length", ["yes", "no"]) === "yes",
  }),
  invalid_json_body: () => ({ kind: "invalid_json_body" }),
  wrong_schema: (given) => ({ kind: "wrong_schema", form: given.oneOf("form", ["types", "text"]) }),
  refusal: () => ({ kind: "refusal" }),
  content_filter: () => ({ kind: "content_filter" }),
  length: () => ({ kind: "length" }),
  tool_call_bad_arguments: (given) => ({
    kind: "tool_call_bad_arguments",
    form: given.oneOf("form", ["json", "schema"]),
  }),
} satisfies { readonly [K in BehaviourKind]: (given: Parameters) => Extract<Behaviour, { kind: K }> };

const kinds: readonly string[] = Object.keys(makers);

function isKind(name: string): name is BehaviourKind {
  return Object.hasOwn(makers, name);
}

function errorStatus(status: number): number {
  if (status >= 400 && status <= 599) return status;
  throw new Failure("invalid_value", `status=${status} is no error; use 400 to 599.`);
}

/** A directive is client text: what no header may carry must not reach one. */
function headerValue(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7e]+$/.test(text)) return text;
  throw new Failure("invalid_value", "location has characters that no header may carry; write a plain URL.");
}

interface Parameters {
  text(key: string): string | undefined;
  count(key: string, absent: number): number;
  /** The first choice is the default. */
  oneOf<T extends string>(key: string, choices: readonly [T, ...T[]]): T;
  expectNoOther(name: string): void;
}

function readParameters(pairs: readonly string[]): Parameters {
  const given = new Map(pairs.filter((pair) => pair !== "").map(splitPair));
  const asked = new Set<string>();
  const text = (key: string) => {
    asked.add(key);
    return given.get(key);
  };
  return {
    text,
    count: (key, absent) => {
      const value = text(key);
      if (value === undefined) return absent;
      // Nine digits stay below what a timer can wait (2^31 − 1 ms).
      if (/^\d{1,9}$/.test(value)) return Number(value);
      throw new Failure("invalid_value", `${key}=${value} is no whole number; write for example ${key}=3.`);
    },
    oneOf: (key, choices) => {
      const value = text(key) ?? choices[0];
      const found = choices.find((choice) => choice === value);
      if (found !== undefined) return found;
      throw new Failure("invalid_value", `${key}=${value} is unknown; use one of ${choices.join(", ")}.`);
    },
    expectNoOther: (name) => {
      const other = [...given.keys()].find((key) => !asked.has(key));
      if (other === undefined) return;
      const known = [...asked].join(", ");
      throw new Failure("invalid_value", `Scripted fault ${name} takes no "${other}"; it takes ${known}.`);
    },
  };
}

function splitPair(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}
