/** Kill switches as a pure function of the control plane's events. */
import type { AssignedRequest } from "../domain/chat.ts";
import type { Revision } from "../domain/config.ts";
import type { ControlEvent, KillScope, KillSwitch } from "../domain/control.ts";
import { variantPlan } from "./serving-plan.ts";

/**
 * Sends a request of what is killed to the control. The assigned variant stays as it was, for the analysis compares by
 * it. A pin is overruled too: a kill means that nobody meets the variant.
 */
export function withKills(
  request: AssignedRequest,
  switches: readonly KillSwitch[],
  revision: Revision,
): AssignedRequest {
  const { experiment, assignment } = request;
  if (experiment === undefined || assignment === undefined || switches.length === 0) return request;
  const control = experiment.variants.find(({ id }) => id === experiment.controlId);
  const target = { experimentId: experiment.id, variantId: assignment.assignedVariantId };
  // Whoever else is served by the control as it is, is so for a reason of its own.
  const isOverruled =
    assignment.reason === "split" ||
    assignment.reason === "pinned" ||
    assignment.servedVariantId !== experiment.controlId;
  if (control === undefined || !isOverruled || !isKilled(switches, target)) return request;
  return {
    ...request,
    assignment: { ...assignment, servedVariantId: control.id, reason: "killed" },
    plan: variantPlan(revision, control),
  };
}

export function isKilled(
  switches: readonly KillSwitch[],
  target: { readonly experimentId: string; readonly variantId: string },
): boolean {
  return switches.some(({ scope }) => {
    if (scope.kind === "all") return true;
    if (scope.experimentId !== target.experimentId) return false;
    return scope.kind === "experiment" || scope.variantId === target.variantId;
  });
}

/** The switches that stand after these events, oldest first; a second kill of the same scope replaces the first. */
export function switchesAfter(events: readonly ControlEvent[]): readonly KillSwitch[] {
  const standing = new Map<string, KillSwitch>();
  for (const event of events) {
    if (event.kind === "killed") {
      const { scope, by, reason, at, source = "admin" } = event;
      standing.set(scopeName(scope), { scope, by, reason, at, source });
    }
    if (event.kind === "revived") standing.delete(scopeName(event.scope));
  }
  return [...standing.values()];
}

/** `ASSAY_KILL_SWITCH`: `*`, or experiments and variants (`support-reply, tone/candidate`), separated by commas. */
export function switchesFromEnvironment(value: string | undefined, at: number): readonly KillSwitch[] {
  return (value ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((name) => ({
      scope: parseScope(name),
      source: "environment",
      by: "ASSAY_KILL_SWITCH",
      reason: "set in the environment",
      at,
    }));
}

/** Names of ASSAY_KILL_SWITCH that are in no experiment of this revision: a misspelt one kills nothing. */
export function unknownScopes(switches: readonly KillSwitch[], revision: Revision): string[] {
  const { experiments } = revision.config;
  const isKnown = (scope: KillScope) => {
    if (scope.kind === "all") return true;
    const experiment = Object.hasOwn(experiments, scope.experimentId)
      ? experiments[scope.experimentId]
      : undefined;
    if (scope.kind === "experiment") return experiment !== undefined;
    return experiment?.variants.some(({ id }) => id === scope.variantId) === true;
  };
  return switches.flatMap(({ scope }) => (isKnown(scope) ? [] : [scopeName(scope)]));
}

/** `*`, `<experiment>` or `<experiment>/<variant>`. */
export function parseScope(name: string): KillScope {
  if (name === "*") return { kind: "all" };
  const slash = name.indexOf("/");
  if (slash === -1) return { kind: "experiment", experimentId: name };
  return { kind: "variant", experimentId: name.slice(0, slash), variantId: name.slice(slash + 1) };
}

export function scopeName(scope: KillScope): string {
  if (scope.kind === "all") return "*";
  return scope.kind === "experiment" ? scope.experimentId : `${scope.experimentId}/${scope.variantId}`;
}
