/** Talks to a running instance's admin API. */
import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";
import type { Arguments, Io } from "./command.ts";

export const adminOptions = {
  admin: {
    type: "string",
    value: "URL",
    description: "the admin API (default: ASSAY_ADMIN_URL, or http://127.0.0.1:8485)",
  },
} as const;

/** Throws a Failure with the server's own message, or one that says how to reach it. The token is ASSAY_ADMIN_TOKEN. */
export async function callAdmin(
  args: Arguments,
  io: Io,
  request: { readonly method: "GET" | "POST"; readonly path: string; readonly body?: unknown },
): Promise<Record<string, unknown>> {
  const base = args.text("admin") ?? io.env.ASSAY_ADMIN_URL ?? "http://127.0.0.1:8485";
  const token = io.env.ASSAY_ADMIN_TOKEN;
  const response = await fetchFrom(base, request, {
    "content-type": "application/json",
    ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isObject(body)) return body;
  if (response.status === 401) {
    throw new Failure("invalid_value", "Set ASSAY_ADMIN_TOKEN in this shell to the server's admin token.");
  }
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  throw new Failure("invalid_value", String(error.message ?? `The admin API answered ${response.status}.`));
}

async function fetchFrom(
  base: string,
  request: { readonly method: string; readonly path: string; readonly body?: unknown },
  headers: Record<string, string>,
): Promise<Response> {
  try {
    return await fetch(new URL(request.path, base), {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.timeout(10_000),
    });
  } catch (cause) {
    throw new Failure(
      "invalid_value",
      `No admin API answers at ${base}; start one by "npm start", or name it by --admin.`,
      {
        cause,
      },
    );
  }
}
