/** The body of a prediction's request: the model's input as it is, checked against the experiment's schema. */
import type { ChatBody } from "../domain/chat.ts";
import type { ContentCheck } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { isObject } from "./chat-completion.ts";
import { shown } from "./chat-parameters.ts";
import { parameterPath, valueAt } from "./json-pointer.ts";
import { parseMember, scanBody } from "./json-scan.ts";

/** The body as one JSON object, whose members mean nothing to us. Throws what `scanBody` throws. `name` is the experiment's, as the path has it. */
export function parsePredictBody(bytes: Buffer, name: string): ChatBody {
  const { members } = scanBody(bytes);
  return { operation: "predict", bytes, members, model: name, isStream: false };
}

/** Throws `invalid_input`, with the path of the first value at fault. */
export function checkInput(body: ChatBody, schema: { name: string; check: ContentCheck }): void {
  const text = body.bytes.toString("utf8");
  const result = schema.check(text);
  if (result.kind !== "fail") return;
  const input: unknown = JSON.parse(text);
  const param = parameterPath(input, result.path);
  const message = messageOf({
    name: param === "" ? "The input" : param,
    value: valueAt(input, result.path),
    fault: result.message,
    schemaName: schema.name,
  });
  throw new Failure("invalid_input", message, param === "" ? {} : { param });
}

/**
 * Where the input has a `metadata` object, what in it may be the id of a unit: texts and whole numbers. What else is in
 * there is the model's own business, and no fault.
 */
export function inputMetadata(body: ChatBody): Readonly<Record<string, string>> {
  const member = body.members.get("metadata");
  const metadata = member && parseMember(body.bytes, member);
  if (!isObject(metadata)) return {};
  const ids = Object.entries(metadata).filter(
    ([, value]) => typeof value === "string" || Number.isSafeInteger(value),
  );
  return Object.fromEntries(ids.map(([key, value]) => [key, String(value)]));
}

function messageOf(facts: { name: string; value: unknown; fault: string; schemaName: string }): string {
  const { name, value, fault } = facts;
  const wanted = `see the input schema "${facts.schemaName}"`;
  if (fault === "is missing") return `${name} is missing. Send it; ${wanted}.`;
  if (fault === "is not allowed") return `${name} is not allowed. Leave it out; ${wanted}.`;
  return `${name} is ${shown(value)}; it ${fault}. Correct it; ${wanted}.`;
}
