/** What hooks were not told yet, and what was given up. */
import type { Hono } from "hono";
import { Failure } from "../domain/failure.ts";
import type { Notification } from "../domain/ramp-news.ts";
import { type AdminEnv, jsonBody, textOf } from "./admin-input.ts";

export interface NotificationParts {
  readonly notifications: {
    readonly outbox: {
      readonly waiting: readonly Notification[];
      readonly dead: readonly Notification[];
    };
    retry(id?: string): number;
  };
}

export function addNotifications(app: Hono<AdminEnv>, { notifications }: NotificationParts): void {
  const view = () => ({
    waiting: notifications.outbox.waiting.map(entryOf),
    dead: notifications.outbox.dead.map(entryOf),
  });
  app.get("/admin/notifications", (c) => c.json(view()));
  app.post("/admin/notifications/retry", async (c) => {
    const id = textOf(await jsonBody(c, ["id"]), "id");
    const retried = notifications.retry(id);
    if (id !== undefined && retried === 0)
      throw new Failure("not_found", `No notification "${id.slice(0, 64)}" waits or was given up.`);
    return c.json({ retried, ...view() });
  });
}

function entryOf({ id, experimentId, hook, at, event, attempts, error }: Notification) {
  return { id, experiment: experimentId, hook, at: new Date(at).toISOString(), event, attempts, error };
}
