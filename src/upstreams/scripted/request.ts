import { Failure } from "../../domain/failure.ts";
import { isObject, type JsonObject, listIn, numberIn, objectIn, objectsIn, textIn } from "./json.ts";

interface ScriptedMessage {
  readonly role: string;
  readonly text: string;
}

export interface ScriptedTool {
  readonly name: string;
  readonly parameters: unknown;
}

type OutputFormat =
  | { readonly kind: "text" }
  | { readonly kind: "json_object" }
  | { readonly kind: "json_schema"; readonly schema: unknown };

/** A request as the script sees it, whichever route it came by. */
export interface ScriptedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: JsonObject;
  readonly bodyBytes: number;
  readonly model: string;
  readonly isStream: boolean;
  readonly includesUsage: boolean;
  readonly choices: number;
  readonly messages: readonly ScriptedMessage[];
  readonly tools: readonly ScriptedTool[];
  /** `auto`, `none`, `required`, or the name of the one tool that must be called. */
  readonly toolChoice:
    | { readonly kind: "auto" | "none" | "required" }
    | { readonly kind: "named"; readonly name: string };
  readonly format: OutputFormat;
  readonly maxOutputTokens: number | undefined;
}

export interface RequestSource {
  readonly path: string;
  readonly headers: ScriptedRequest["headers"];
  readonly bytes: Buffer;
}

/**
 * Parses the body of a POST. Throws a Failure where even OpenAI could not guess: no JSON, no model, no
 * messages or input.
 */
export function parseRequest(source: RequestSource): ScriptedRequest {
  const body = parseObject(source.bytes);
  const model =
    textIn(body, "model") ?? (source.path === "/v1/moderations" ? "omni-moderation-latest" : undefined);
  if (model === undefined) throw missing("model");
  const isResponses = source.path === "/v1/responses";
  return {
    path: source.path,
    headers: source.headers,
    body,
    bodyBytes: source.bytes.length,
    model,
    isStream: body.stream === true,
    includesUsage: objectIn(body, "stream_options").include_usage === true,
    choices: Math.min(Math.max(Math.trunc(numberIn(body, "n") ?? 1), 1), 128),
    messages: source.path === "/v1/chat/completions" ? chatMessages(body) : inputMessages(body),
    tools: objectsIn(body, "tools").flatMap(toolOf),
    toolChoice: toolChoiceOf(body.tool_choice),
    format: isResponses ? formatOf(objectIn(objectIn(body, "text"), "format")) : chatFormat(body),
    maxOutputTokens:
      numberIn(body, "max_completion_tokens") ??
      numberIn(body, "max_tokens") ??
      numberIn(body, "max_output_tokens"),
  };
}

/** The text of the last message by the user, or nothing. */
export function lastUserText(request: ScriptedRequest): string {
  return request.messages.findLast((message) => message.role === "user")?.text ?? "";
}

function parseObject(bytes: Buffer): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new Failure("invalid_json", "The body is not JSON; send one JSON object.", { cause });
  }
  if (isObject(parsed)) return parsed;
  throw new Failure("invalid_type", "The body is not a JSON object; send one.");
}

function missing(param: string): Failure {
  return new Failure("missing_required_parameter", `The body has no "${param}"; add it.`, { param });
}

function chatMessages(body: JsonObject): readonly ScriptedMessage[] {
  if (!Array.isArray(body.messages)) throw missing("messages");
  return objectsIn(body, "messages").map(messageOf);
}

/** `input` of responses, embeddings and moderations: a text, texts, or messages. */
function inputMessages(body: JsonObject): readonly ScriptedMessage[] {
  if (body.input === undefined) throw missing("input");
  const system = textIn(body, "instructions");
  const items = Array.isArray(body.input) ? listIn(body, "input") : [body.input];
  const messages = items.flatMap((item) => {
    if (typeof item === "string") return [{ role: "user", text: item }];
    return isObject(item) ? [messageOf(item)] : [];
  });
  return system === undefined ? messages : [{ role: "system", text: system }, ...messages];
}

function messageOf(message: JsonObject): ScriptedMessage {
  // Responses has no role on a tool's output; chat calls it `tool`.
  if (message.type === "function_call_output") return { role: "tool", text: textIn(message, "output") ?? "" };
  const parts = objectsIn(message, "content").map((part) => textIn(part, "text") ?? "");
  return { role: textIn(message, "role") ?? "user", text: textIn(message, "content") ?? parts.join("\n") };
}

/** Chat keeps name and parameters under `function`; responses keeps them on the tool. */
function toolOf(tool: JsonObject): readonly ScriptedTool[] {
  const described = isObject(tool.function) ? tool.function : tool;
  const name = textIn(described, "name");
  return name === undefined ? [] : [{ name, parameters: described.parameters ?? {} }];
}

function toolChoiceOf(choice: unknown): ScriptedRequest["toolChoice"] {
  if (choice === "none" || choice === "required") return { kind: choice };
  if (!isObject(choice)) return { kind: "auto" };
  const name = textIn(isObject(choice.function) ? choice.function : choice, "name");
  return name === undefined ? { kind: "auto" } : { kind: "named", name };
}

function chatFormat(body: JsonObject): OutputFormat {
  const format = objectIn(body, "response_format");
  return formatOf({ ...objectIn(format, "json_schema"), type: format.type });
}

function formatOf(format: JsonObject): OutputFormat {
  if (format.type === "json_object") return { kind: "json_object" };
  if (format.type === "json_schema") return { kind: "json_schema", schema: format.schema ?? {} };
  return { kind: "text" };
}
