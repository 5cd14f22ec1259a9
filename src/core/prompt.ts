import type { ValidateFunction } from "ajv";
import type { Member } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type { PromptCombine, PromptFile, RenderablePrompt } from "../domain/prompt.ts";
import type { Edit } from "./json-scan.ts";
import { compileVariables, declaredVariables, isRecord } from "./prompt-schema.ts";
import { parseTemplate, type TemplatePart } from "./prompt-template.ts";

/** Messages of a rendered prompt, in order. */
type RenderedPrompt = ReturnType<RenderablePrompt["render"]>;

/**
 * Makes the validator and the parts once, so that rendering is a check and a join. Values are inert text: what looks
 * like a placeholder or a heading in them stays as it is.
 */
export function compilePrompt(file: PromptFile): RenderablePrompt {
  const validate = compileVariables(file.variables ?? {});
  const blocks = file.blocks.map(({ role, text }) => ({ role, parts: parseTemplate(text) }));
  const used = new Set(
    blocks.flatMap(({ parts }) => parts.map(variableOf)).filter((name) => name !== undefined),
  );
  const render = (variables: Readonly<Record<string, unknown>>): RenderedPrompt => {
    const values = checkedValues({ file, validate, used }, variables);
    return { messages: blocks.map(({ role, parts }) => ({ role, content: joined(parts, values) })) };
  };
  return { file, render: remembering(render) };
}

/** Variables are few and come again (a product, a tone, a language): what was rendered and checked once is not done anew. */
function remembering(render: RenderablePrompt["render"]): RenderablePrompt["render"] {
  const known = new Map<string, RenderedPrompt>();
  let characters = 0;
  return (variables) => {
    const key = JSON.stringify(variables);
    const found = known.get(key);
    if (found !== undefined) return found;
    const rendered = render(variables);
    if (key.length > maxKeyLength) return rendered;
    characters += rendered.messages.reduce((total, { content }) => total + content.length, key.length);
    if (characters > maxRemembered) {
      known.clear();
      characters = 0;
    }
    known.set(key, rendered);
    return rendered;
  };
}

/** Characters of one prompt's renderings; each takes up to five bytes, with what is made of it. */
const maxRemembered = 256 * 1024;
/** Longer ones are texts of users, which hardly ever come twice. */
const maxKeyLength = 200;

export interface VariableSources {
  readonly metadata: Readonly<Record<string, string>>;
  readonly header: string | undefined;
  /** Prompts of the experiment's other variants: a caller cannot know which of them a unit gets, and may send for all. */
  readonly siblings?: () => readonly PromptFile[];
}

/**
 * The variables that a request brings: those members of its metadata that the prompt declares, and all of the header
 * `x-assay-prompt-variables`, a JSON object, which wins. Throws `invalid_header`.
 */
export function promptVariables(prompt: PromptFile, sources: VariableSources): Record<string, unknown> {
  const { metadata, header, siblings } = sources;
  const own = namesOf(prompt);
  const entries: [string, unknown][] = [];
  for (const name of own) if (Object.hasOwn(metadata, name)) entries.push([name, metadata[name]]);
  if (header === undefined) return entries.length === 0 ? {} : Object.fromEntries(entries);
  const others = new Set(siblings?.().flatMap((sibling) => [...namesOf(sibling)]));
  const sent = Object.entries(parsedHeader(header));
  entries.push(...sent.filter(([name]) => own.has(name) || !others.has(name)));
  return Object.fromEntries(entries);
}

/** Names of the variables that a prompt declares. */
function namesOf(prompt: PromptFile): ReadonlySet<string> {
  const known = declaredNames.get(prompt);
  if (known !== undefined) return known;
  const names = new Set(Object.keys(declaredVariables(prompt.variables)));
  declaredNames.set(prompt, names);
  return names;
}

const declaredNames = new WeakMap<PromptFile, ReadonlySet<string>>();

/** What becomes of the client's `messages`; undefined when nothing does. With `prepend` and `append` they keep their bytes. */
export function combineMessages({
  rendered,
  combine,
  bytes,
  messagesRange,
}: {
  readonly rendered: RenderedPrompt;
  readonly combine: PromptCombine;
  readonly bytes: Buffer;
  readonly messagesRange: Pick<Member, "start" | "end">;
}): Edit {
  const { start, end } = messagesRange;
  const own = bytes.subarray(start, end);
  if (combine === "replace_system") return replacedSystem(rendered, own);
  if (rendered.messages.length === 0) return undefined;
  const { whole, front, back } = encoded(rendered);
  if (isEmptyArray(own)) return whole;
  return combine === "prepend" ? { at: start + 1, insert: front } : { at: end - 1, insert: back };
}

interface Encoded {
  readonly whole: Buffer;
  /** Before the first of other messages, and behind the last of them. */
  readonly front: Buffer;
  readonly back: Buffer;
}

/** A rendered prompt as JSON; one that was remembered has its bytes already. */
function encoded(rendered: RenderedPrompt): Encoded {
  const known = bytesOf.get(rendered);
  if (known !== undefined) return known;
  const inner = JSON.stringify(rendered.messages).slice(1, -1);
  // One memory for all three: [a,b] and a,b, and ,a,b
  const memory = Buffer.from(`[${inner}],${inner},`);
  const middle = Math.floor(memory.length / 2);
  const bytes = {
    whole: memory.subarray(0, middle),
    front: memory.subarray(middle + 1),
    back: memory.subarray(middle, -1),
  };
  bytesOf.set(rendered, bytes);
  return bytes;
}

const bytesOf = new WeakMap<RenderedPrompt, Encoded>();

interface Checks {
  readonly file: PromptFile;
  readonly validate: ValidateFunction;
  readonly used: ReadonlySet<string>;
}

interface VariableProblem {
  readonly name: string;
  readonly message: string;
}

const openBracket = 0x5b;
const closeBracket = 0x5d;
const space = 0x20;

function variableOf(part: TemplatePart): string | undefined {
  return part.kind === "variable" ? part.name : undefined;
}

function joined(parts: readonly TemplatePart[], values: Readonly<Record<string, unknown>>): string {
  let text = "";
  for (const part of parts) {
    if (part.kind === "text") text += part.text;
    else if (part.kind === "variable") text += String(values[part.name]);
    else text += "{{";
  }
  return text;
}

function checkedValues(
  checks: Checks,
  variables: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  // Without a prototype, so that a variable named "constructor" is missing when nobody sent it.
  const values: Record<string, unknown> = Object.assign(Object.create(null), variables);
  const problems: VariableProblem[] = [];
  for (const [name, value] of Object.entries(values)) {
    // ajv would turn null into an empty text.
    if (value === null) problems.push({ name, message: "is null" });
  }
  const isValid = checks.validate(values);
  if (!isValid) problems.push(...(checks.validate.errors ?? []).map(problemOf));
  for (const name of checks.used) {
    if (values[name] === undefined) problems.push({ name, message: "is missing" });
  }
  if (problems.length > 0) throw refusal(checks.file, problems);
  return values;
}

function problemOf(error: NonNullable<ValidateFunction["errors"]>[number]): VariableProblem {
  if (error.keyword === "required")
    return { name: String(error.params.missingProperty), message: "is missing" };
  if (error.keyword === "additionalProperties") {
    return { name: String(error.params.additionalProperty), message: "is not a variable of this prompt" };
  }
  // A JSON pointer of one step, for every variable is a scalar.
  const name = error.instancePath.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
  const allowed = error.keyword === "enum" ? `: ${JSON.stringify(error.params.allowedValues)}` : "";
  return { name, message: `${error.message ?? "is wrong"}${allowed}` };
}

function refusal(file: PromptFile, problems: readonly VariableProblem[]): Failure {
  const messages = new Map<string, string>();
  for (const { name, message } of problems) if (!messages.has(name)) messages.set(name, message);
  const listed = [...messages].map(([name, message]) => `${shownName(name)} ${message}`).join("; ");
  const wanted = Object.entries(declaredVariables(file.variables)).map(wantedOf);
  const takes = wanted.length === 0 ? "It takes no variables." : `It takes ${wanted.join(", ")}.`;
  const [first] = messages.keys();
  return new Failure(
    "invalid_prompt_variables",
    `The variables of prompt ${file.name}@${file.version} are wrong: ${listed}. ${takes}`,
    { param: `metadata.${(first ?? "").slice(0, 64)}` },
  );
}

function wantedOf([name, property]: readonly [string, Readonly<Record<string, unknown>>]): string {
  const length = typeof property.maxLength === "number" ? ` of at most ${property.maxLength} characters` : "";
  return `${name} (${String(property.type ?? "any")}${length})`;
}

function shownName(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

function parsedHeader(header: string): Record<string, unknown> {
  try {
    const variables: unknown = JSON.parse(header);
    if (isRecord(variables)) return variables;
  } catch {
    // The parser's message would quote the values.
  }
  throw new Failure(
    "invalid_header",
    'x-assay-prompt-variables must be a JSON object, such as {"product": "Assay"}; write \\u escapes beyond ASCII.',
    { param: "x-assay-prompt-variables" },
  );
}

function isEmptyArray(own: Buffer): boolean {
  for (const byte of own) if (byte > space && byte !== openBracket) return byte === closeBracket;
  return true;
}

/**
 * Written anew, not spliced: of two `role` keys in one message the upstream may obey the one that we did not judge by,
 * and a system message would get through.
 */
function replacedSystem(rendered: RenderedPrompt, own: Buffer): Buffer {
  const messages: unknown = JSON.parse(own.toString());
  const kept = Array.isArray(messages) ? messages.filter((message) => !isSystem(message)) : [];
  return Buffer.from(JSON.stringify([...rendered.messages, ...kept]));
}

function isSystem(message: unknown): boolean {
  return isRecord(message) && (message.role === "system" || message.role === "developer");
}
