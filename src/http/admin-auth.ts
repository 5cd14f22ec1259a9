/** Who may do what on the admin listener. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, Next } from "hono";
import { bearerToken } from "../core/client-key.ts";
import type { KeyTable } from "../core/client-key-table.ts";
import type { FailedLogins } from "../core/failed-logins.ts";
import { type KeyRole, keyRoles } from "../domain/client-key.ts";
import type { ServerConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type { Actor, AdminEnv } from "./admin-input.ts";

export interface AdminAuthParts {
  readonly server: () => ServerConfig;
  readonly keys: () => KeyTable;
  readonly failedLogins: Pick<FailedLogins, "add">;
  /** Monotonic and epoch milliseconds. */
  readonly now: () => number;
  readonly wallNow: () => number;
  readonly log: Log;
}

/**
 * Throws `invalid_api_key`, `rate_limit_exceeded` for who fails too often, and `admin_required`. Right credentials always pass: whoever
 * guesses must not lock the operators out of the kill switch.
 */
export function adminAuth(parts: AdminAuthParts): (c: Context<AdminEnv>, next: Next) => Promise<void> {
  return async (c, next) => {
    const actor = actorOf(c.req.header("authorization"), parts);
    if (actor === undefined) throw refusal(c.env.incoming.socket.remoteAddress ?? "", parts);
    const needed = roleFor(c.req.method, c.req.path);
    const role = actor.key?.role ?? "administer";
    if (keyRoles.indexOf(role) < keyRoles.indexOf(needed)) {
      const message = `This takes a key with the role "${needed}"; key ${actor.key?.id} has "${role}".`;
      throw new Failure("admin_required", message);
    }
    c.set("actor", actor);
    await next();
  };
}

/** What a request takes at least. What nobody has thought of is for those who may do everything. */
export function roleFor(method: string, path: string): KeyRole {
  if (method === "GET" || method === "HEAD") return "read";
  if (/^\/admin\/(kill|revive|reload|notifications\/retry)$/.test(path) && method === "POST")
    return "operate";
  const [, action = ""] =
    /^\/admin\/experiments\/[^/]+\/(kill|revive|allocation|ramp\/[a-z]+)$/.exec(path) ?? [];
  return action === "" ? "administer" : "operate";
}

function actorOf(
  authorization: string | undefined,
  { server, keys, wallNow }: AdminAuthParts,
): Actor | undefined {
  const found = keys().identify(authorization, wallNow());
  if (found.kind === "known") return { key: found.key };
  const { adminToken } = server();
  if (adminToken === undefined)
    return isOpen(keys(), authorization, wallNow()) ? { key: undefined } : undefined;
  // By digests, so that neither length nor content shows in the time that it takes.
  const given = digestOf(bearerToken(authorization) ?? "");
  return timingSafeEqual(given, digestOf(adminToken.reveal())) ? { key: undefined } : undefined;
}

/**
 * Without a token, which only loopback permits, whoever shows nothing may do everything, until a key says who administers. What is
 * shown and is wrong opens nothing: a revoked key must not be worth more than it was.
 */
function isOpen({ keys }: KeyTable, authorization: string | undefined, now: number): boolean {
  if (authorization !== undefined && authorization !== "") return false;
  return !keys.some(
    ({ role, expiresAt = Number.POSITIVE_INFINITY }) => role === "administer" && expiresAt > now,
  );
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function refusal(address: string, { failedLogins, now, log }: AdminAuthParts): Failure {
  const waitMs = failedLogins.add(address, now());
  if (waitMs > 0) {
    const message = "Too many requests with wrong credentials; come back after the time of retry-after.";
    return new Failure("rate_limit_exceeded", message, { retryAfterMs: waitMs });
  }
  log.warn("wrong credentials on the admin listener", { address });
  const message = "Send the admin token, or a key with a role: authorization: Bearer <ASSAY_ADMIN_TOKEN>.";
  return new Failure("invalid_api_key", message);
}
