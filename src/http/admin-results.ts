/** What an experiment has come to: the report, the live shares and means, and the records beneath. */
import type { Hono } from "hono";
import { analysisPlan } from "../core/analysis-plan.ts";
import type { Revision } from "../domain/config.ts";
import type { Unit } from "../domain/experiment.ts";
import { Failure } from "../domain/failure.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { Analyst } from "../domain/report.ts";
import type { RecordFilter } from "../domain/store.ts";
import { type AdminEnv, experimentOf, limitOf } from "./admin-input.ts";

export interface ResultsParts {
  readonly revision: () => Revision;
  readonly analyst: Pick<Analyst, "results" | "stats">;
  /** Newest first. */
  readonly records: (filter: RecordFilter) => Promise<readonly RequestRecord[]>;
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
}

export function addResults(app: Hono<AdminEnv>, parts: ResultsParts): void {
  const planOf = (id: string, metrics: string | undefined) => {
    const experiment = experimentOf(parts.revision(), id);
    return analysisPlan(parts.revision().config, experiment, scopeOf(metrics));
  };
  const json = { "content-type": "application/json" };
  app.get("/admin/experiments/:id/results", async (c) =>
    c.body(await parts.analyst.results(planOf(c.req.param("id"), c.req.query("metrics"))), 200, json),
  );
  app.get("/admin/experiments/:id/stats", async (c) =>
    c.body(await parts.analyst.stats(planOf(c.req.param("id"), "all")), 200, json),
  );
  app.get("/admin/experiments/:id/records", async (c) => {
    const experiment = experimentOf(parts.revision(), c.req.param("id"));
    const unitId = c.req.query("unit");
    const unitHash = unitId === undefined ? undefined : parts.unitHash({ type: experiment.unit, id: unitId });
    const filter = {
      ...filterOf((name) => c.req.query(name), limitOf(c)),
      experimentId: experiment.id,
      unitHash,
    };
    return c.json({ records: await parts.records(filter) });
  });
  app.get("/admin/records", async (c) => {
    if (c.req.query("unit") !== undefined) {
      const message = "A unit belongs to an experiment: ask /admin/experiments/{id}/records?unit=….";
      throw new Failure("invalid_value", message, { param: "unit" });
    }
    return c.json({ records: await parts.records(filterOf((name) => c.req.query(name), limitOf(c))) });
  });
}

function scopeOf(metrics: string | undefined): "used" | "all" {
  if (metrics === undefined || metrics === "used") return "used";
  if (metrics === "all") return "all";
  throw new Failure(
    "invalid_value",
    `metrics is "${metrics.slice(0, 40)}"; it must be "used" (goals and guardrails) or "all".`,
    { param: "metrics" },
  );
}

function filterOf(query: (name: string) => string | undefined, limit: number): RecordFilter {
  return {
    limit,
    variantId: query("variant"),
    outcome: query("outcome"),
    requestId: query("request_id"),
    until: timeOf(query("until")),
  };
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new Failure(
    "invalid_value",
    `until is "${text.slice(0, 40)}"; give a time such as 2026-11-22T10:00:00Z, or epoch milliseconds.`,
    { param: "until" },
  );
}
