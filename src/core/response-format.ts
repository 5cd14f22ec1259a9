/** The JSON Schema that a client sends as `response_format`, by which the model is to answer. */
import { hash } from "node:crypto";
import type { ChatBody, Member } from "../domain/chat.ts";
import type { ClientSchemaJudge } from "../domain/client-schema.ts";
import type { CheckResult } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { isObject } from "./chat-completion.ts";
import { clientSchemaProblem, maxSchemaBytes } from "./client-schema.ts";
import { parseMember } from "./json-scan.ts";

type FormatCheck = (text: string) => Promise<CheckResult>;

/** Throws `invalid_json_schema`. What else is wrong with a format is the upstream's to say. */
export function checkResponseFormat(bytes: Buffer, member: Member): void {
  const length = member.end - member.start;
  if (length > maxSchemaBytes) throw invalid(`has ${length} bytes; at most ${maxSchemaBytes} are taken`);
  const text = bytes.toString("latin1", member.start, member.end);
  if (sound.has(text)) return;
  const schema = schemaOf(bytes, member);
  const problem = schema === undefined ? undefined : clientSchemaProblem(schema);
  if (problem !== undefined) throw invalid(problem);
  if (text.length > maxSoundLength) return;
  if (sound.size >= maxSound) sound.clear();
  sound.add(text);
}

/** A body → a check of the answer's text by the schema of its `response_format`; undefined where it has none. */
export function createFormatChecks(judge: ClientSchemaJudge): (body: ChatBody) => FormatCheck | undefined {
  return ({ operation, bytes, members }) => {
    const member = operation === "chat" ? members.get("response_format") : undefined;
    const schema = member && schemaOf(bytes, member);
    if (schema === undefined) return undefined;
    const source = JSON.stringify(schema);
    const key = hash("sha256", source);
    return (text) => judge({ key, source, tool: undefined, text });
  };
}

/** Formats without a fault. Applications send few, again and again: one of 2 KB takes 3 µs so, and 25 to look through. */
const sound = new Set<string>();
const maxSound = 200;
const maxSoundLength = 8192;

function schemaOf(bytes: Buffer, member: Member): unknown {
  const format = parseMember(bytes, member);
  if (!isObject(format) || format.type !== "json_schema" || !isObject(format.json_schema)) return undefined;
  return format.json_schema.schema;
}

function invalid(problem: string): Failure {
  return new Failure("invalid_json_schema", `The schema of response_format ${problem}.`, {
    param: "response_format.json_schema.schema",
  });
}
