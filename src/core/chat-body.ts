import type { ChatBody, Member } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import { type ParameterCheck, parameterChecks, shown } from "./chat-parameters.ts";
import { parseMember, scanBody } from "./json-scan.ts";
import { foldedName, misspelt, refuseRouting } from "./member-names.ts";
import { checkResponseFormat } from "./response-format.ts";

/**
 * The body of a chat request, checked as far as the proxy must know it; what else is in it is the upstream's to judge.
 * Throws a Failure that names the parameter. The messages are not read, and may be empty: a prompt may supply them.
 */
export function parseChatBody(bytes: Buffer): ChatBody {
  const { members } = scanBody(bytes);
  for (const [name, member] of members) checkParameter(bytes, name, member);
  const model = members.get("model");
  const messages = members.get("messages");
  if (model === undefined)
    throw missing("model", 'Name a model or an experiment, such as "experiment/<id>".');
  if (messages === undefined) throw missing("messages", "Send an array of messages; it may be empty.");
  const format = members.get("response_format");
  if (format !== undefined) checkResponseFormat(bytes, format);
  return {
    operation: "chat",
    bytes,
    members,
    model: String(parseMember(bytes, model)),
    isStream: parsed(bytes, members, "stream") === true,
  };
}

/** The client left it open whether a stream ends with usage: we may ask for it, and must then take it out again. */
export function usesHiddenUsage(body: ChatBody): boolean {
  if (!body.isStream) return false;
  const options = parsed(body.bytes, body.members, "stream_options");
  if (typeof options !== "object" || options === null || !("include_usage" in options)) return true;
  return options.include_usage === null;
}

/** Choices that the client asked for: `n`, else 1. */
export function choicesOf(body: ChatBody): number {
  if (body.operation !== "chat") return 1;
  const choices = parsed(body.bytes, body.members, "n");
  return typeof choices === "number" ? choices : 1;
}

/** One of the strings that may name the unit; undefined when it is absent or null. */
export function unitMember(
  body: ChatBody,
  name: "safety_identifier" | "user" | "prompt_cache_key",
): string | undefined {
  const text = parsed(body.bytes, body.members, name);
  return typeof text === "string" ? text : undefined;
}

/**
 * The client's metadata, within OpenAI's limits: 16 keys of 64 characters, values of 512. Read it with `Object.hasOwn`:
 * the keys are the client's own.
 */
export function metadataOf(body: ChatBody): Readonly<Record<string, string>> {
  const member = body.members.get("metadata");
  if (member === undefined) return none;
  const known = read.get(body);
  if (known !== undefined) return known;
  const metadata = checkedMetadata(parseMember(body.bytes, member));
  read.set(body, metadata);
  return metadata;
}

const none: Readonly<Record<string, string>> = Object.freeze({});
/** The assignment asks for it, and the prompt asks again. */
const read = new WeakMap<ChatBody, Readonly<Record<string, string>>>();

function checkedMetadata(metadata: unknown): Readonly<Record<string, string>> {
  if (typeof metadata !== "object" || metadata === null) return none;
  const entries = Object.entries(metadata);
  if (entries.length > 16) {
    throw invalid("metadata", `metadata has ${entries.length} keys; send at most 16.`);
  }
  return Object.fromEntries(entries.map(([key, value]) => [key, metadataValue(key, value)]));
}

const nullByte = 0x6e;
function checkParameter(bytes: Buffer, name: string, member: Member): void {
  refuseRouting(name);
  const lowerName = foldedName(name);
  const check = parameterChecks.get(lowerName);
  if (check === undefined) return;
  if (lowerName !== name) throw misspelt(name, lowerName);
  if (accepts(check, bytes, member)) return;
  const wrong = shown(parseMember(bytes, member));
  throw invalid(name, `${name} is ${wrong}; it must be ${check.wanted}.`);
}

function accepts(check: ParameterCheck, bytes: Buffer, member: Member): boolean {
  const first = bytes[member.start];
  if (first === nullByte && check.isNullable) return true;
  return check.kind === "opening" ? first === check.byte : check.accepts(parseMember(bytes, member));
}

function metadataValue(key: string, value: unknown): string {
  if (characters(key) > 64) {
    throw invalid("metadata", `metadata has a key of ${characters(key)} characters; use at most 64.`);
  }
  const param = `metadata.${key}`;
  if (typeof value !== "string") throw invalid(param, `${param} is ${shown(value)}; it must be a string.`);
  if (characters(value) > 512) {
    throw invalid(param, `${param} has ${characters(value)} characters; use at most 512.`);
  }
  return value;
}

/** Code points. Counted only where UTF-16 units, which are never fewer, leave a doubt. */
function characters(text: string): number {
  if (text.length <= 64) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function parsed(bytes: Buffer, members: ReadonlyMap<string, Member>, name: string): unknown {
  const member = members.get(name);
  return member === undefined ? undefined : parseMember(bytes, member);
}

function missing(param: string, cure: string): Failure {
  return new Failure("missing_required_parameter", `${param} is missing. ${cure}`, { param });
}

function invalid(param: string, message: string): Failure {
  return new Failure("invalid_value", message, { param });
}
