/** Shares changed while an experiment runs, without a new file. */
import type { Context, Hono } from "hono";
import { isObject } from "../core/chat-completion.ts";
import { didYouMean } from "../core/did-you-mean.ts";
import { sharesOf } from "../core/shares.ts";
import type { ExperimentConfig, Revision } from "../domain/config.ts";
import type { Order, Shares } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import { type AdminEnv, experimentOf, jsonBody, orderOf } from "./admin-input.ts";

export interface AllocationParts {
  readonly revision: () => Revision;
  readonly allocate: (
    order: Order & { readonly experimentId: string; readonly shares: Shares | undefined },
  ) => Promise<{ readonly result: string; readonly problems: readonly string[] }>;
}

/** `PUT` sets coverage, weights or both; `DELETE` gives the file's own back. What would move a unit is refused with 409. */
export function addAllocation(app: Hono<AdminEnv>, parts: AllocationParts): void {
  const path = "/admin/experiments/:id/allocation";
  app.get(path, (c) => c.json(view(parts.revision(), c.req.param("id"))));
  app.put(path, async (c) => {
    const experiment = experimentOf(parts.revision(), c.req.param("id"));
    const body = await jsonBody(c, ["coverage", "weights", "by", "reason"]);
    return allocated(c, experiment.id, { shares: sharesIn(body, experiment), ...orderOf(c, body) });
  });
  app.delete(path, async (c) => {
    const experiment = experimentOf(parts.revision(), c.req.param("id"));
    const body = await jsonBody(c, ["by", "reason"]);
    return allocated(c, experiment.id, { shares: undefined, ...orderOf(c, body) });
  });

  async function allocated(
    c: Context<AdminEnv>,
    experimentId: string,
    order: Order & { readonly shares: Shares | undefined },
  ) {
    if (experimentOf(parts.revision(), experimentId).ramp !== undefined) {
      const message = `The shares of experiment "${experimentId}" are its ramp's: POST …/ramp/promote, rollback or abort, or take \`ramp\` out of the configuration.`;
      throw new Failure("conflict", message);
    }
    const { result, problems } = await parts.allocate({ experimentId, ...order });
    if (result === "refused") {
      throw new Failure("assignment_conflict", `Refused; the allocation stays.\n${problems.join("\n")}`);
    }
    return c.json({ result, ...view(parts.revision(), experimentId) });
  }
}

function view(revision: Revision, id: string) {
  const experiment = experimentOf(revision, id);
  const allocation = revision.allocations.get(id);
  return { experiment: id, ...sharesOf(experiment), ranges: allocation?.ranges, revision: revision.id };
}

function sharesIn(body: Record<string, unknown>, experiment: ExperimentConfig): Shares {
  const { coverage, weights } = sharesOf(experiment);
  if (body.coverage === undefined && body.weights === undefined) {
    throw new Failure("missing_required_parameter", "Give coverage (0 to 1), weights by variant, or both.", {
      param: "coverage",
    });
  }
  return {
    coverage: body.coverage === undefined ? coverage : numberIn(body.coverage, "coverage", 1),
    weights:
      body.weights === undefined ? weights : { ...weights, ...weightsIn(body.weights, Object.keys(weights)) },
  };
}

function weightsIn(value: unknown, ids: readonly string[]): Record<string, number> {
  if (!isObject(value)) {
    throw new Failure("invalid_type", 'weights must be an object such as {"control": 50, "candidate": 50}.', {
      param: "weights",
    });
  }
  const stranger = Object.keys(value).find((id) => !ids.includes(id));
  if (stranger !== undefined) {
    const meant = didYouMean(stranger, ids);
    const hint = meant === undefined ? `It has: ${ids.join(", ")}.` : `Did you mean "${meant}"?`;
    const message = `The experiment has no variant "${stranger.slice(0, 64)}". ${hint}`;
    throw new Failure("invalid_value", message, { param: "weights" });
  }
  return Object.fromEntries(
    Object.entries(value).map(([id, weight]) => [id, numberIn(weight, `weights.${id}`, 1_000_000)]),
  );
}

function numberIn(value: unknown, param: string, maximum: number): number {
  if (typeof value === "number" && value >= 0 && value <= maximum) return value;
  throw new Failure("invalid_value", `${param} must be a number from 0 to ${maximum}.`, { param });
}
