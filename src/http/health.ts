import type { Env, Hono } from "hono";

export interface HealthParts {
  /** Why nobody serves; undefined while somebody does. */
  readonly unready: () => "starting" | "no_worker" | "draining" | undefined;
}

/** `/healthz`: the process lives. `/readyz`: it serves; a draining one takes no new traffic. */
export function addHealthRoutes<E extends Env>(app: Hono<E>, parts: HealthParts): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) => {
    const status = parts.unready();
    return status === undefined ? c.json({ status: "ready" }) : c.json({ status }, 503);
  });
}
