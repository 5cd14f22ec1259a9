/** Texts inside a message of OpenAI's API, in and out, and where they can be replaced. */
import { isObject } from "./chat-completion.ts";

/** One text, and what puts another one in its place. */
export interface TextPlace {
  readonly text: string;
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
]);
const mostDepth = 64;

/** Every text of a parsed message, in its order; `skips` names members of the message itself that are left out. */
export function textPlaces(message: unknown, skips: ReadonlySet<string> = new Set()): readonly TextPlace[] {
  const places: TextPlace[] = [];
  walk(message, { places, skips }, 1);
  return places;
}

function walk(
  value: unknown,
  found: { readonly places: TextPlace[]; readonly skips: ReadonlySet<string> },
  depth: number,
): void {
  if (typeof value !== "object" || value === null || depth > mostDepth) return;
  const holder = value as Record<string, unknown>;
  for (const [key, held] of Object.entries(value)) {
    if (!Array.isArray(value) && (wordless.has(key) || (depth === 1 && found.skips.has(key)))) continue;
    if (typeof held === "string") {
      if (held !== "" && !isBytes(held)) {
        found.places.push({
          text: held,
          replace: (text) => {
            holder[key] = text;
          },
        });
      }
    } else walk(held, found, depth + 1);
  }
}

/** An image, a sound or a file, written as text. */
function isBytes(text: string): boolean {
  return text.startsWith("data:") && /^data:[\w.+/-]*;base64,/.test(text.slice(0, 100));
}

/** A call of a tool in a message, and where its arguments can be replaced. */
export interface CallPlace extends TextPlace {
  readonly name: string;
}

/** The calls that a message of a model asks for: of functions, of custom tools, and the one of the API's older form. */
export function callPlaces(message: Record<string, unknown>): readonly CallPlace[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  const places = calls
    .filter(isObject)
    .flatMap(({ function: called, custom }) => [
      ...callPlace(called, "arguments"),
      ...callPlace(custom, "input"),
    ]);
  return [...places, ...callPlace(message.function_call, "arguments")];
}

function callPlace(called: unknown, member: string): CallPlace[] {
  if (!isObject(called)) return [];
  const { name } = called;
  const text = called[member];
  return [
    {
      name: typeof name === "string" ? name : "",
      text: typeof text === "string" ? text : "",
      replace: (next) => {
        called[member] = next;
      },
    },
  ];
}
