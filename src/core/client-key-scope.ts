/** What a key may ask for. */

import type { Headers } from "../domain/chat.ts";
import type { ClientKey, KeyScope } from "../domain/client-key.ts";
import type { Revision } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { namesFurtherModels } from "./member-names.ts";

/** Routes whose requests tell what they ask for, so that it can be held against a scope. */
export const scopedRoutes = [
  "chat",
  "predict",
  "outcomes",
  "models",
  "embeddings",
  "responses",
  "completions",
];
/** Routes whose tokens and dollars are counted, and those that spend none. */
export const countedRoutes = ["chat", "predict", "outcomes", "models"];

/** The name of a route in a key's scope: `/v1/embeddings` → `embeddings`. Kept chats are everybody's, so they are not `chat`. */
export function scopeOfRoute(route: string, method: string): string {
  if (route === "/v1/chat/completions") return "chat";
  const [, , name = ""] = route.split("/");
  const isRead = method === "GET" || method === "HEAD";
  if (name === "*" || name === "chat" || (name === "models" && !isRead)) return "other";
  return name;
}

/** Throws `route_not_allowed`. */
export function checkRoute({ id, scope, role }: ClientKey, route: string): void {
  if (role !== "client") {
    const message = `Key ${id} has the role "${role}": it is for the admin API. Make one for clients: assay keys create --name <name>.`;
    throw new Failure("route_not_allowed", message);
  }
  if (scope.routes.includes("*") || scope.routes.includes(route)) return;
  const message = `Key ${id} may not use the route "${route}"; it may use: ${scope.routes.join(", ")}.`;
  throw new Failure("route_not_allowed", message);
}

export interface Named {
  /** As the client wrote it; of a prediction its experiment. Undefined where it wrote none that could be read. */
  readonly model: string | undefined;
  readonly operation: "chat" | "predict";
  readonly headers: Headers;
  /** By their names, the body's members, where it was read. */
  readonly members?: ReadonlyMap<string, unknown>;
}

/**
 * Throws `experiment_not_allowed` or `model_not_allowed`. A model that an experiment is put on later stays allowed: callers need not know.
 * Naming the experiment, or pinning a variant of it, takes the experiment's own permission. Asked before names are looked up, so that an
 * error tells no names of others.
 */
export function checkNamed(key: ClientKey | undefined, named: Named, revision: Revision): void {
  if (key === undefined || isUnscoped(key.scope)) return;
  const { model = "", operation, headers } = named;
  refuseFurtherModels(key, named);
  const experiment = operation === "predict" ? idOf(model) : experimentNamed(model, headers);
  if (experiment !== undefined) {
    if (key.scope.experiments?.includes(experiment) === true) return;
    const message = `Key ${key.id} may not use the experiment "${experiment.slice(0, 64)}".`;
    throw new Failure("experiment_not_allowed", message, { param: "model" });
  }
  const matched = revision.experimentByModel.get(model)?.id;
  if (matched !== undefined && key.scope.experiments?.includes(matched) === true) return;
  const isPinned = matched !== undefined && headers["x-assay-variant"] !== undefined;
  if (!isPinned && key.scope.models?.includes(model) === true) return;
  if (isPinned) {
    const message = `Key ${key.id} may not pin variants of the experiment behind this model; it needs the experiment in its scope.`;
    throw new Failure("experiment_not_allowed", message, { param: "model" });
  }
  const shown = model === "" ? "this request, which names no model" : `the model "${model.slice(0, 64)}"`;
  throw new Failure("model_not_allowed", `Key ${key.id} may not use ${shown}.`, { param: "model" });
}

/** Whoever may use some models must not reach others behind their back. A model's input means nothing to us. */
function refuseFurtherModels(key: ClientKey, { operation, members = new Map() }: Named): void {
  const further = operation === "chat" ? [...members.keys()].find(namesFurtherModels) : undefined;
  if (further === undefined) return;
  const message = `Key ${key.id} is for some models only, and may not send "${further}": an upstream may take it for further ones.`;
  throw new Failure("model_not_allowed", message, { param: further });
}

/** Whether a list of models may show this one to the key. */
export function maySee(key: ClientKey | undefined, model: string, revision: Revision): boolean {
  try {
    checkNamed(key, { model, operation: "chat", headers: {} }, revision);
    return true;
  } catch {
    return false;
  }
}

export function isUnscoped({ models, experiments }: KeyScope): boolean {
  return models === undefined && experiments === undefined;
}

/** The header wins over the model, as it does where requests are routed. */
function experimentNamed(model: string, headers: Headers): string | undefined {
  const header = headers["x-assay-experiment"];
  if (header !== undefined) return idOf(header);
  return model.startsWith("experiment/") ? idOf(model.slice("experiment/".length)) : undefined;
}

function idOf(name: string): string {
  return name.split("@", 1)[0] ?? "";
}
