/** What admin requests carry, read and checked. */
import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import { isObject } from "../core/chat-completion.ts";
import { withoutKeys } from "../core/client-key.ts";
import { unknownExperiment } from "../core/explain.ts";
import type { ClientKey } from "../domain/client-key.ts";
import type { ExperimentConfig, Revision } from "../domain/config.ts";
import type { Order } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";

/** What Hono is given beside the request: node's own. */
export type AdminEnv = { Bindings: { incoming: IncomingMessage }; Variables: { actor: Actor } };

/** Whoever asks; without a key the holder of the admin token, or anybody where there is none. */
export interface Actor {
  readonly key: ClientKey | undefined;
}

/** Throws `not_found`, with a "did you mean". */
export function experimentOf(revision: Revision, id: string): ExperimentConfig {
  const { experiments } = revision.config;
  const experiment = Object.hasOwn(experiments, id) ? experiments[id] : undefined;
  if (experiment === undefined) throw unknownExperiment(revision, id);
  return experiment;
}

/** An object with no other members than these. Throws `invalid_json`, `invalid_type`, `unsupported_parameter`. */
export async function jsonBody(c: Context, members: readonly string[]): Promise<Record<string, unknown>> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Failure("invalid_json", 'The body is not JSON. Send an object such as {"reason": "..."}.');
  }
  if (!isObject(body)) throw new Failure("invalid_type", "The body must be a JSON object.");
  const unknown = Object.keys(body).find((name) => !members.includes(name));
  if (unknown !== undefined) {
    const message = `There is no member "${unknown.slice(0, 50)}"; the body has ${members.join(", ")}.`;
    throw new Failure("unsupported_parameter", message, { param: unknown.slice(0, 50) });
  }
  return body;
}

/** A member that is a string of 1 to 500 characters, if it is there. */
export function textOf(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= 500) return value;
  throw new Failure("invalid_value", `"${name}" must be a string of 1 to 500 characters.`, { param: name });
}

/** `?limit=`, 1 to 1000; 50 unless told. */
export function limitOf(c: Context): number {
  const text = c.req.query("limit") ?? "50";
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new Failure(
    "invalid_value",
    `limit must be an integer from 1 to 1000; it was "${text.slice(0, 20)}".`,
    { param: "limit" },
  );
}

/** Who changes something, and why. The name of a key wins over what the request says of itself; both are kept. */
export function orderOf(c: Context<AdminEnv>, body: Record<string, unknown>): Order {
  const claimed = wordsOf(textOf(body, "by") ?? c.req.header("x-assay-actor")?.slice(0, 500));
  const reason = wordsOf(textOf(body, "reason")) ?? "no reason given";
  const { key } = c.get("actor");
  if (key === undefined) return { by: claimed ?? "admin", reason };
  return { by: key.name, byKeyId: key.id, ...(claimed === undefined ? {} : { claimedBy: claimed }), reason };
}

/** What is kept for ever, and shown on terminals: no key, no line of its own, nothing that a terminal obeys. Undefined where nothing is left. */
function wordsOf(text = ""): string | undefined {
  const plain = text.replaceAll(/\s*[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+\s*/gu, " ").trim();
  return plain === "" ? undefined : withoutKeys(plain);
}
