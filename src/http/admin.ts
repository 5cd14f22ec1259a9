/** The admin API, on a listener of its own: what is in force, and the switches. */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { didYouMean } from "../core/did-you-mean.ts";
import { explain } from "../core/explain.ts";
import { parseScope, scopeName } from "../core/kill-switch.ts";
import type { Revision, ServerConfig } from "../domain/config.ts";
import type { ControlEvent, KillScope, KillSwitch, Order } from "../domain/control.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import { type AllocationParts, addAllocation } from "./admin-allocation.ts";
import { auditView } from "./admin-audit.ts";
import { type AdminAuthParts, adminAuth } from "./admin-auth.ts";
import { addContent, type ContentParts } from "./admin-content.ts";
import { type AdminEnv, experimentOf, jsonBody, limitOf, orderOf, textOf } from "./admin-input.ts";
import { addKeys, type KeysParts } from "./admin-keys.ts";
import { addNotifications, type NotificationParts } from "./admin-notifications.ts";
import { addRamp, type RampRouteParts } from "./admin-ramp.ts";
import { addResults, type ResultsParts } from "./admin-results.ts";
import { addUnits, type UnitParts } from "./admin-units.ts";
import { errorAnswer } from "./errors.ts";
import { checkHost } from "./gate.ts";
import { addHealthRoutes, type HealthParts } from "./health.ts";
import { switchView } from "./status.ts";

export interface AdminParts
  extends HealthParts,
    ResultsParts,
    AllocationParts,
    RampRouteParts,
    NotificationParts,
    UnitParts,
    ContentParts,
    AdminAuthParts,
    KeysParts {
  readonly log: Log;
  readonly server: () => ServerConfig;
  readonly switches: () => readonly KillSwitch[];
  readonly kill: (order: KillOrder) => Promise<void>;
  readonly revive: (order: KillOrder) => Promise<void>;
  readonly reload: (
    order: Order,
  ) => Promise<{ readonly result: string; readonly problems: readonly string[] }>;
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
  readonly events: () => readonly ControlEvent[];
  readonly metrics: () => Promise<string>;
}

type KillOrder = Order & { readonly scope: KillScope };

type Env = AdminEnv;

const maxBodyBytes = 65_536;

export function adminApp(parts: AdminParts): Hono<Env> {
  const app = new Hono<Env>();
  app.onError((error) => answerOf(parts.log, error));
  app.notFound(() =>
    answerOf(parts.log, new Failure("not_found", "There is no such admin route; see docs/operations.md.")),
  );
  app.use(async (c, next) => {
    checkHost(c.env.incoming, { ...parts.server(), corsOrigins: [] });
    await next();
  });
  addHealthRoutes(app, parts);
  app.get("/metrics", async (c) =>
    c.text(await parts.metrics(), 200, { "content-type": "text/plain; version=0.0.4" }),
  );
  app.use(
    "/admin/*",
    adminAuth(parts),
    bodyLimit({ maxSize: maxBodyBytes, onError: () => answerOf(parts.log, tooLarge()) }),
  );
  addReads(app, parts);
  addChanges(app, parts);
  addResults(app, parts);
  addAllocation(app, parts);
  addRamp(app, parts);
  addNotifications(app, parts);
  addUnits(app, parts);
  addContent(app, parts);
  addKeys(app, parts);
  return app;
}

function addReads(app: Hono<Env>, parts: AdminParts): void {
  app.get("/admin/status", async (c) => c.json(await parts.status()));
  app.get("/admin/audit", (c) => c.json({ events: auditView(parts.events(), limitOf(c)) }));
  app.get("/admin/experiments", (c) => {
    const experiments = Object.keys(parts.revision().config.experiments);
    const { metrics } = parts.revision().config;
    return c.json({ experiments: experiments.map((id) => experimentView(parts, id)), metrics });
  });
  app.get("/admin/experiments/:id", (c) => c.json(experimentView(parts, c.req.param("id"))));
  app.get("/admin/experiments/:id/explain", (c) => {
    const unitId = c.req.query("unit");
    if (unitId === undefined || unitId === "") {
      throw new Failure("missing_required_parameter", "Name the unit: ?unit=<id>.", { param: "unit" });
    }
    return c.json(explain(parts.revision(), { experimentId: c.req.param("id"), unitId }, parts.switches()));
  });
}

function addChanges(app: Hono<Env>, parts: AdminParts): void {
  const change = (
    path: string,
    act: (c: Context<Env>, order: Order, body: Record<string, unknown>) => Promise<unknown>,
  ) =>
    app.post(path, async (c) => {
      const body = await jsonBody(c, ["scope", "variant", "by", "reason"]);
      return c.json(await act(c, orderOf(c, body), body));
    });
  const killed = async (scope: KillScope, order: Order) => {
    checkScope(parts.revision(), scope);
    await parts.kill({ scope, ...order });
    return { killed: scopeName(scope), kill_switches: parts.switches().map(switchView) };
  };
  const revived = async (scope: KillScope, order: Order) => {
    await parts.revive({ scope, ...order });
    return { revived: scopeName(scope), kill_switches: parts.switches().map(switchView) };
  };
  change("/admin/kill", (_, order, body) => killed(scopeOf(body), order));
  change("/admin/revive", (_, order, body) => revived(scopeOf(body), order));
  change("/admin/experiments/:id/kill", (c, order, body) => killed(scopeIn(c, body), order));
  change("/admin/experiments/:id/revive", (c, order, body) => revived(scopeIn(c, body), order));
  change("/admin/reload", async (_, order) => {
    const result = await parts.reload(order);
    if (result.result !== "refused") return result;
    throw new Failure(
      "config_invalid",
      `Refused; the last good configuration stays.\n${result.problems.join("\n")}`,
    );
  });
}

function experimentView(parts: AdminParts, id: string) {
  const revision = parts.revision();
  const experiment = experimentOf(revision, id);
  const { hashSecret: _, ...shown } = experiment;
  const switches = parts.switches().filter(({ scope }) => scope.kind === "all" || scope.experimentId === id);
  return {
    ...shown,
    allocation: revision.allocations.get(id),
    kill_switches: switches.map(switchView),
    revision: revision.id,
  };
}

/** Without a scope nobody is killed: a misspelt member must not mean everything. */
function scopeOf(body: Record<string, unknown>): KillScope {
  const scope = textOf(body, "scope");
  if (scope !== undefined) return parseScope(scope);
  throw new Failure(
    "missing_required_parameter",
    'Name the scope: "*" for everything, "<experiment>" or "<experiment>/<variant>".',
    { param: "scope" },
  );
}

function scopeIn(c: Context<Env>, body: Record<string, unknown>): KillScope {
  const experimentId = c.req.param("id") ?? "";
  const variantId = textOf(body, "variant");
  return variantId === undefined
    ? { kind: "experiment", experimentId }
    : { kind: "variant", experimentId, variantId };
}

function checkScope(revision: Revision, scope: KillScope): void {
  if (scope.kind === "all") return;
  const experiment = experimentOf(revision, scope.experimentId);
  if (scope.kind === "experiment") return;
  const ids = experiment.variants.map(({ id }) => id);
  if (scope.variantId === experiment.controlId) {
    throw new Failure(
      "invalid_value",
      `"${scope.variantId}" is the control, which is what a kill serves; kill another variant or the experiment.`,
    );
  }
  if (ids.includes(scope.variantId)) return;
  const meant = didYouMean(scope.variantId, ids);
  const hint = meant === undefined ? `It has: ${ids.join(", ")}.` : `Did you mean "${meant}"?`;
  throw new Failure(
    "not_found",
    `Experiment "${experiment.id}" has no variant "${scope.variantId}". ${hint}`,
  );
}

function tooLarge(): Failure {
  return new Failure("request_too_large", `The body is longer than ${maxBodyBytes} bytes.`);
}

function answerOf(log: Log, thrown: unknown): Response {
  const failure = asFailure(thrown);
  if (failure.code === "internal_error")
    log.error("an admin request failed by a fault of ours", { error: failure });
  const { status, headers, bytes } = errorAnswer(failure);
  return new Response(new Uint8Array(bytes), { status, headers });
}
