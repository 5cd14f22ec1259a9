/** The client's own words: what of a request the guardrails of its input look at. */
import type { AssignedRequest, ChatRequest } from "../domain/chat.ts";
import type { GuardedText } from "../domain/guardrail.ts";
import { isObject } from "./chat-completion.ts";
import { type TextPlace, textPlaces } from "./guarded-texts.ts";
import { type Edit, parseMember, scanOwnBody, spliceBody } from "./json-scan.ts";

const variablesHeader = "x-assay-prompt-variables";

export interface GuardedInput {
  readonly texts: readonly GuardedText[];
  /** The request with other texts in the places of these, by index. Everything else keeps its bytes. */
  replace(texts: ReadonlyMap<number, string>): ChatRequest;
}

/**
 * All texts of the messages, of a prediction that the client gives, and of what becomes a variable of a prompt. Names of tools and
 * their schemas are the developer's; ids of users are what they are.
 */
export function guardedInput(request: AssignedRequest): GuardedInput {
  const { body, headers } = request;
  const members = new Map<string, unknown>();
  const found: (GuardedText & TextPlace & { readonly member: string })[] = [];
  const add = (
    member: string,
    role: string,
    value: unknown,
    replace = (text: string) => {
      members.set(member, text);
    },
  ) => {
    const places = typeof value === "string" ? [{ text: value, path: "", replace }] : textPlaces(value);
    for (const place of places) found.push({ ...place, role, member });
  };
  const read = (member: string): unknown => {
    const place = body.members.get(member);
    const value = place && parseMember(body.bytes, place);
    members.set(member, value);
    return value;
  };
  const messages = read("messages");
  const list: unknown[] = Array.isArray(messages) ? messages : [];
  for (const [index, message] of list.entries()) {
    add("messages", roleOf(message), message, (text) => {
      list[index] = text;
    });
  }
  add("prediction", "user", read("prediction"));
  if (takesVariables(request)) {
    add("metadata", "user", read("metadata"));
    const header = { value: headers[variablesHeader] ?? "" };
    add(variablesHeader, "user", header);
    members.set(variablesHeader, header);
  }
  return {
    texts: found,
    replace(texts) {
      const changed = new Set<string>();
      for (const [index, text] of texts) {
        const place = found[index];
        if (place === undefined) continue;
        place.replace(text);
        changed.add(place.member);
      }
      return rewritten(request, members, changed);
    },
  };
}

const roles: ReadonlySet<unknown> = new Set(["system", "developer", "user", "assistant", "tool", "function"]);

/** What the API does not know is looked at as the user's: servers that take it take it for that. */
function roleOf(message: unknown): string {
  const role = isObject(message) ? message.role : undefined;
  return typeof role === "string" && roles.has(role) ? role : "user";
}

function takesVariables({ plan, experiment }: AssignedRequest): boolean {
  return plan.prompt !== undefined || (experiment?.variants ?? []).some(({ prompt }) => prompt !== undefined);
}

function rewritten(
  request: AssignedRequest,
  members: ReadonlyMap<string, unknown>,
  changed: ReadonlySet<string>,
): ChatRequest {
  const { body, headers } = request;
  const edits = new Map<string, Edit>();
  for (const member of changed) {
    if (member !== variablesHeader) edits.set(member, Buffer.from(JSON.stringify(members.get(member))));
  }
  const bytes = edits.size === 0 ? body.bytes : spliceBody(body.bytes, body.members, edits);
  const header = members.get(variablesHeader) as { readonly value: string } | undefined;
  return {
    body: { ...body, bytes, members: scanOwnBody(bytes).members },
    headers: changed.has(variablesHeader) ? { ...headers, [variablesHeader]: header?.value } : headers,
  };
}
