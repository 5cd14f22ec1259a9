import type { Env, Hono } from "hono";

export interface HealthParts {
  /** False while the server drains. */
  readonly isReady: () => boolean;
}

/** `/healthz`: the process lives. `/readyz`: it serves; a draining one takes no new traffic. */
export function addHealthRoutes<E extends Env>(app: Hono<E>, parts: HealthParts): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) =>
    parts.isReady() ? c.json({ status: "ready" }) : c.json({ status: "draining" }, 503),
  );
}
