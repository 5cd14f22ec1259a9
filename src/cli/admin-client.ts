/** Talks to a running instance's admin API. */
import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";
import type { Arguments, Io } from "./command.ts";
import { adminAddress, type ServerAddress } from "./server-address.ts";

export const adminOptions = {
  admin: {
    type: "string",
    value: "URL",
    description: "the admin API (default: ASSAY_ADMIN_URL, else server.admin of the configuration)",
  },
} as const;

export interface AdminRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** How long the answer may take, where that is more than usual. */
  readonly answerMs?: number;
}

/** Throws a Failure with the server's own message, or one that says how to reach it. The token is ASSAY_ADMIN_TOKEN. */
export async function callAdmin(
  args: Arguments,
  io: Io,
  request: AdminRequest,
): Promise<Record<string, unknown>> {
  const address = addresses.get(args) ?? adminAddress(args, io);
  addresses.set(args, address);
  const token = io.env.ASSAY_ADMIN_TOKEN;
  const response = await fetchFrom(address, request, {
    "content-type": "application/json",
    ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isObject(body)) return body;
  if (response.status === 401) {
    throw new Failure(
      "invalid_value",
      "Set ASSAY_ADMIN_TOKEN in this shell to the server's admin token, or to a key with a role.",
    );
  }
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  throw new Failure("invalid_value", String(error.message ?? `The admin API answered ${response.status}.`));
}

// Where it is from the configuration, a command that asks a hundred times need not load that as often.
const addresses = new WeakMap<Arguments, ServerAddress>();

/** A kill is answered when a worker that does not answer for 10 s is replaced. */
const usualAnswerMs = 20_000;

async function fetchFrom(
  { url, origin, startCommand }: ServerAddress,
  request: AdminRequest,
  headers: Record<string, string>,
): Promise<Response> {
  try {
    return await fetch(new URL(request.path, url), {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.timeout(request.answerMs ?? usualAnswerMs),
    });
  } catch (cause) {
    throw new Failure(
      "invalid_value",
      `No admin API answers at ${url} (${origin}); start one by "${startCommand}", or name another by --admin.`,
      { cause },
    );
  }
}
