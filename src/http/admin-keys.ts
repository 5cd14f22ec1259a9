/** Keys are made, listed and revoked here. */
import type { Context, Hono } from "hono";
import { type KeyState, parseKeyText } from "../core/client-key.ts";
import { countedRoutes, isUnscoped, scopedRoutes } from "../core/client-key-scope.ts";
import { didYouMean } from "../core/did-you-mean.ts";
import {
  type ClientKey,
  type KeyLimits,
  type KeyRole,
  type KeyScope,
  keyRoles,
  type SpendMeter,
} from "../domain/client-key.ts";
import type { Revision } from "../domain/config.ts";
import type { Order } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import { type AdminEnv, experimentOf, jsonBody, orderOf, textOf } from "./admin-input.ts";
import { knownRoutes } from "./pass-through.ts";

type KeyOrder = Order & Pick<ClientKey, "name" | "role" | "scope" | "limits" | "expiresAt">;

export interface KeysParts {
  readonly revision: () => Revision;
  readonly allKeys: () => readonly KeyState[];
  readonly createKey: (order: KeyOrder) => Promise<{ readonly key: ClientKey; readonly text: string }>;
  readonly revokeKey: (order: Order & { readonly keyId: string }) => Promise<KeyState>;
  readonly spent: Pick<SpendMeter, "of">;
  /** Epoch milliseconds. */
  readonly wallNow: () => number;
}

const limitMembers = ["requests_per_minute", "concurrent", "tokens_per_day", "usd_per_day"];
const scopeMembers = ["routes", "models", "experiments"];
const members = ["name", "role", ...scopeMembers, ...limitMembers, "expires_at", "by", "reason"];

export function addKeys(app: Hono<AdminEnv>, parts: KeysParts): void {
  const view = (state: KeyState) => ({
    ...keyView(state, parts.wallNow()),
    spent_today: parts.spent.of(state.key.id),
  });
  app.get("/admin/keys", (c) => c.json({ keys: parts.allKeys().map(view) }));
  app.post("/admin/keys", async (c) => {
    const order = keyOrderOf(c, await jsonBody(c, members), parts);
    const { key, text } = await parts.createKey(order);
    // The one time that anybody sees it; no cache on the way may keep it.
    c.header("cache-control", "no-store");
    return c.json({ ...view({ key, created: order, revoked: undefined }), key: text }, 201);
  });
  app.delete("/admin/keys/:id", async (c) => {
    const body = await jsonBody(c, ["by", "reason"]);
    const state = await parts.revokeKey({ keyId: c.req.param("id"), ...orderOf(c, body) });
    return c.json(view(state));
  });
}

/** All of a key but its digest. */
export function keyView({ key, created, revoked }: KeyState, now: number) {
  const { id, name, role, scope, limits, createdAt, expiresAt } = key;
  const isExpired = expiresAt !== undefined && expiresAt <= now;
  return {
    id,
    name,
    role,
    status: revoked !== undefined ? "revoked" : isExpired ? "expired" : "active",
    ...scope,
    requests_per_minute: limits.requestsPerMinute,
    concurrent: limits.concurrent,
    tokens_per_day: limits.tokensPerDay,
    usd_per_day: limits.usdPerDay,
    created_at: new Date(createdAt).toISOString(),
    created_by: created.by,
    reason: created.reason,
    expires_at: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    revoked: revoked && { at: new Date(revoked.at).toISOString(), by: revoked.by, reason: revoked.reason },
  };
}

type Body = Record<string, unknown>;

function keyOrderOf(c: Context<AdminEnv>, body: Body, parts: KeysParts): KeyOrder {
  const role = roleIn(body);
  const stranger = [...scopeMembers, ...limitMembers].find((name) => body[name] !== undefined);
  if (role !== "client" && stranger !== undefined) {
    throw invalid(stranger, `${stranger} is for keys of clients; one with the role "${role}" has none.`);
  }
  const limits = limitsIn(body);
  return {
    ...orderOf(c, body),
    name: nameIn(body),
    role,
    limits,
    scope: role === "client" ? scopeIn(body, limits, parts.revision()) : { routes: [] },
    expiresAt: expiryIn(body, parts.wallNow()),
  };
}

function nameIn(body: Body): string {
  const name = textOf(body, "name");
  if (name === undefined) {
    throw new Failure("missing_required_parameter", "Name the key, after who will use it.", {
      param: "name",
    });
  }
  if (parseKeyText(name) !== undefined)
    throw invalid("name", "name is a key; names are shown: give another one.");
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/.test(name)) return name;
  throw invalid(
    "name",
    "name must be 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit.",
  );
}

function roleIn(body: Body): KeyRole {
  const written = textOf(body, "role") ?? "client";
  const role = keyRoles.find((one) => one === written);
  if (role !== undefined) return role;
  throw invalid("role", `role must be one of ${keyRoles.join(", ")}; it was "${written.slice(0, 40)}".`);
}

function limitsIn(body: Body): KeyLimits {
  return {
    requestsPerMinute: countIn(body, "requests_per_minute", 1_000_000),
    concurrent: countIn(body, "concurrent", 1_000_000),
    tokensPerDay: countIn(body, "tokens_per_day", 1e15),
    usdPerDay: amountIn(body, "usd_per_day", 1e9),
  };
}

/**
 * Without a word on routes those that the limits can be held against. A limit that could be walked around by another route is refused:
 * it would be none.
 */
function scopeIn(body: Body, { tokensPerDay, usdPerDay }: KeyLimits, revision: Revision): KeyScope {
  const experiments = listIn(body, "experiments");
  for (const id of experiments ?? []) experimentOf(revision, id);
  const models = listIn(body, "models");
  const isBudgeted = tokensPerDay !== undefined || usdPerDay !== undefined;
  const routes = listIn(body, "routes") ?? (isBudgeted ? countedRoutes : scopedRoutes);
  for (const route of routes) checkRouteName(route);
  const unscoped = routes.find((route) => !scopedRoutes.includes(route));
  if (!isUnscoped({ routes, models, experiments }) && unscoped !== undefined) {
    const message = `On the route "${unscoped}" nobody sees which model is asked for; a key for some models or experiments may use: ${scopedRoutes.join(", ")}.`;
    throw invalid("routes", message);
  }
  const uncounted = routes.find((route) => !countedRoutes.includes(route));
  if (isBudgeted && uncounted !== undefined) {
    const message = `What the route "${uncounted}" spends is not counted; a key with tokens_per_day or usd_per_day may use: ${countedRoutes.join(", ")}.`;
    throw invalid("routes", message);
  }
  return { routes, models, experiments };
}

const routeNames = [...new Set([...scopedRoutes, ...knownRoutes, "other", "*"])];

function checkRouteName(route: string): void {
  if (routeNames.includes(route)) return;
  const meant = didYouMean(route, routeNames);
  const hint = meant === undefined ? `There are: ${routeNames.join(", ")}.` : `Did you mean "${meant}"?`;
  throw invalid("routes", `There is no route "${route.slice(0, 64)}". ${hint}`);
}

function expiryIn(body: Body, now: number): number | undefined {
  const text = textOf(body, "expires_at");
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (at > now) return at;
  const message = `expires_at must be a time to come, such as 2027-01-31T12:00:00Z; it was "${text.slice(0, 40)}".`;
  throw invalid("expires_at", message);
}

const maxItems = 100;

function listIn(body: Body, name: string): readonly string[] | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  const isText = (one: unknown) => typeof one === "string" && /^[\x21-\x7e]{1,256}$/.test(one);
  if (Array.isArray(value) && value.length > 0 && value.length <= maxItems && value.every(isText))
    return value;
  throw invalid(name, `${name} must be a list of 1 to ${maxItems} names without spaces.`);
}

function countIn(body: Body, name: string, maximum: number): number | undefined {
  const value = amountIn(body, name, maximum);
  if (value === undefined || Number.isInteger(value)) return value;
  throw invalid(name, `${name} must be an integer from 1 to ${maximum}.`);
}

function amountIn(body: Body, name: string, maximum: number): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && value > 0 && value <= maximum) return value;
  throw invalid(name, `${name} must be a number above 0, at most ${maximum}.`);
}

function invalid(param: string, message: string): Failure {
  return new Failure("invalid_value", message, { param });
}
