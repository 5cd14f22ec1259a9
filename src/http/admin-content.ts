/** What was said in one request: on no other route. */
import type { Hono } from "hono";
import { Failure } from "../domain/failure.ts";
import type { ContentRecord } from "../domain/store.ts";
import type { AdminEnv } from "./admin-input.ts";

export interface ContentParts {
  readonly content: (requestId: string) => Promise<ContentRecord | undefined>;
}

/** Throws `not_found` where nothing is kept of it. */
export function addContent(app: Hono<AdminEnv>, parts: ContentParts): void {
  app.get("/admin/records/:id/content", async (c) => {
    const content = await parts.content(c.req.param("id").toLowerCase());
    if (content !== undefined) return c.json(content);
    const message =
      "Nothing is kept of what was said in this request: store.content was off, it is older than store.content_retention_days, or its id is another one.";
    throw new Failure("not_found", message);
  });
}
