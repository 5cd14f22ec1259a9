/** Texts inside a message of OpenAI's API, in and out, and where they can be replaced. */
import { isObject } from "./chat-completion.ts";

/** One text, and what puts another one in its place. */
export interface TextPlace {
  readonly text: string;
  /** The members that lead to it, such as `content[].text`. */
  readonly path: string;
  readonly replace: (text: string) => void;
}

/** Members that hold no words of anybody: names of kinds, ids, and bytes of images, sounds and files. */
const wordless = new Set([
  "role",
  "type",
  "id",
  "tool_call_id",
  "file_id",
  "file_data",
  "data",
  "detail",
  "format",
  "expires_at",
  "signature",
  "thought_signature",
  "encrypted_content",
]);
/** Where an image, a sound or a file stands as an address, or as its bytes in one. */
const addresses = new Set(["url", "image_url", "audio_url", "video_url", "file_url"]);
const mostDepth = 64;

/** Every text of a parsed message, in its order; `skips` names members of the message itself that are left out. */
export function textPlaces(message: unknown, skips: ReadonlySet<string> = new Set()): readonly TextPlace[] {
  const places: TextPlace[] = [];
  walk(message, { places, skips }, { path: "", depth: 1 });
  return places;
}

function walk(
  value: unknown,
  found: { readonly places: TextPlace[]; readonly skips: ReadonlySet<string> },
  { path, depth }: { readonly path: string; readonly depth: number },
): void {
  if (typeof value !== "object" || value === null || depth > mostDepth) return;
  const holder = value as Record<string, unknown>;
  const isList = Array.isArray(value);
  for (const key in holder) {
    if (!isList && (wordless.has(key) || (depth === 1 && found.skips.has(key)))) continue;
    const held = holder[key];
    const of = isList ? `${path}[]` : path === "" ? key : `${path}.${key}`;
    if (typeof held !== "string") walk(held, found, { path: of, depth: depth + 1 });
    else if (held !== "" && !(addresses.has(key) && isBytes(held))) {
      found.places.push({
        text: held,
        path: of,
        replace: (text) => {
          holder[key] = text;
        },
      });
    }
  }
}

/** An image, a sound or a file, written as an address: nothing but its bytes, and so no words to whoever reads it. */
function isBytes(address: string): boolean {
  const comma = address.indexOf(",");
  return (
    /^data:[\w.+/-]*(?:;[\w.=+-]+)*;base64$/.test(address.slice(0, Math.min(comma, 256))) &&
    !/[^A-Za-z0-9+/=_-]/.test(address.slice(comma + 1))
  );
}

/** Where a choice of an answer has its words: a stream in its `delta`, a whole answer in its `message`. */
export type ChoiceMember = "delta" | "message";

/** The calls of a message have a stage of their own. */
const calls = new Set(["tool_calls", "function_call"]);

/**
 * Every text of a choice is shown to somebody: content in any form, refusal, reasoning by whatever name. Also where a
 * choice has it beside the member of its kind, for clients read either.
 */
export function choiceTexts(choice: Record<string, unknown>, main: ChoiceMember): readonly TextPlace[] {
  const other = main === "delta" ? "message" : "delta";
  const places = [...textPlaces(choice[main], calls)];
  if (isObject(choice[other]))
    for (const place of textPlaces(choice[other], calls))
      places.push({ ...place, path: `${other}.${place.path}` });
  const { text } = choice;
  if (typeof text === "string" && text !== "") {
    const replace = (next: string) => {
      choice.text = next;
    };
    places.push({ text, path: "text", replace });
  }
  return places;
}

/** Whether the text at this path of a choice is the answer, and not a refusal, the reasoning before it or a source beside it. */
export function isAnswerText(path: string): boolean {
  return answerPath.test(path);
}

const answerPath = /^(?:message\.|delta\.)?(?:content(?:\[\]\.text)?|text)$/;

/** A call of a tool in a choice, or a piece of one, and where its arguments can be replaced. */
export interface CallPlace {
  /** Which call of the choice; pieces of one have the same. */
  readonly key: string;
  readonly name: string;
  readonly text: string;
  readonly replace: (text: string) => void;
}

/** The calls that a choice asks for: of functions, of custom tools, and the one of the API's older form. */
export function choiceCalls(choice: Record<string, unknown>, main: ChoiceMember): readonly CallPlace[] {
  const other = main === "delta" ? "message" : "delta";
  const places = callPlaces(choice[main], "");
  return isObject(choice[other]) ? [...places, ...callPlaces(choice[other], `${other} `)] : places;
}

function callPlaces(message: unknown, prefix: string): readonly CallPlace[] {
  if (!isObject(message)) return [];
  const places: CallPlace[] = [];
  for (const [position, call] of (Array.isArray(message.tool_calls) ? message.tool_calls : []).entries()) {
    if (!isObject(call)) continue;
    const { index = position, function: called, custom } = call;
    const key = `${prefix}${String(index)}`;
    addCall(places, called, { key, member: "arguments" });
    addCall(places, custom, { key: isObject(called) ? `${key} custom` : key, member: "input" });
    // A call without either, as servers of their own dialect have it.
    if (!isObject(called) && !isObject(custom)) addCall(places, call, { key, member: "arguments" });
  }
  addCall(places, message.function_call, { key: `${prefix}function_call`, member: "arguments" });
  return places;
}

function addCall(
  places: CallPlace[],
  called: unknown,
  { key, member }: { readonly key: string; readonly member: string },
): void {
  if (!isObject(called)) return;
  const { name } = called;
  places.push({
    key,
    name: typeof name === "string" ? name : "",
    text: argumentsText(called[member]),
    replace: (next) => {
      called[member] = next;
    },
  });
}

/** Some servers give arguments as JSON itself, not as its text. */
function argumentsText(held: unknown): string {
  if (typeof held === "string") return held;
  return held === undefined || held === null ? "" : JSON.stringify(held);
}
