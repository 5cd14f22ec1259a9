/** Says which variant a unit gets and why, from the configuration alone. */
import type { Revision } from "../domain/config.ts";
import type { KillSwitch } from "../domain/control.ts";
import type { AssignmentReason } from "../domain/experiment.ts";
import { Failure } from "../domain/failure.ts";
import { assignUnit } from "./assign.ts";
import { didYouMean } from "./did-you-mean.ts";
import { isKilled, scopeName } from "./kill-switch.ts";
import { lineLength } from "./line.ts";

export interface Explanation {
  readonly experiment: string;
  readonly unit: string;
  readonly unitType: string;
  readonly variant: string;
  /** The variant that serves: the control when something is killed. */
  readonly served: string;
  readonly reason: AssignmentReason;
  /** Where the unit stands on the line, 0 to 1. */
  readonly position: number;
  readonly ranges: readonly { readonly variant: string; readonly from: number; readonly to: number }[];
  readonly killedBy: string | undefined;
  readonly revision: string;
  readonly sentence: string;
}

/** Throws `not_found` for an unknown experiment. */
export function explain(
  revision: Revision,
  asked: { readonly experimentId: string; readonly unitId: string },
  switches: readonly KillSwitch[],
): Explanation {
  const { experiments } = revision.config;
  const { experimentId, unitId } = asked;
  const experiment = Object.hasOwn(experiments, experimentId) ? experiments[experimentId] : undefined;
  const allocation = revision.allocations.get(experimentId);
  if (experiment === undefined || allocation === undefined) throw unknownExperiment(revision, experimentId);
  const found = assignUnit(experiment, allocation, { type: experiment.unit, id: unitId });
  const target = { experimentId, variantId: found.variantId };
  const kill = switches.find((one) => isKilled([one], target));
  const ranges = allocation.ranges.map(({ variantId, start, end }) => ({
    variant: variantId,
    from: start / lineLength,
    to: end / lineLength,
  }));
  const facts = {
    experiment: experimentId,
    unit: unitId,
    unitType: experiment.unit,
    variant: found.variantId,
    served: kill === undefined ? found.variantId : experiment.controlId,
    reason: kill === undefined ? found.reason : ("killed" as const),
    position: found.position / lineLength,
    ranges,
    killedBy: kill && `${scopeName(kill.scope)} by ${kill.by}: ${kill.reason}`,
    revision: revision.id,
  };
  const server = facts.served === experiment.controlId ? "the control" : `the incumbent, "${facts.served}"`;
  return { ...facts, sentence: sentenceOf(facts, server) };
}

export function unknownExperiment(revision: Revision, id: string): Failure {
  const ids = Object.keys(revision.config.experiments);
  const meant = didYouMean(id, ids);
  const hint = meant === undefined ? `There are: ${ids.join(", ") || "none"}.` : `Did you mean "${meant}"?`;
  return new Failure("not_found", `There is no experiment "${id}". ${hint}`);
}

function sentenceOf(facts: Omit<Explanation, "sentence">, server: string): string {
  const place = `${facts.unitType} "${facts.unit}" stands at ${facts.position.toFixed(4)} of the line`;
  switch (facts.reason) {
    case "split": {
      const range = facts.ranges.find(({ from, to }) => facts.position >= from && facts.position < to);
      const where = range === undefined ? "" : `, in [${range.from.toFixed(4)}, ${range.to.toFixed(4)})`;
      return `${place}${where}: variant "${facts.variant}".`;
    }
    case "killed":
      return `${place} and belongs to "${facts.variant}", but a kill switch is on (${facts.killedBy}): served by the control, "${facts.served}".`;
    case "holdout":
      return `${place}, in the holdout: served by the control, and not in the analysis.`;
    case "not_in_layer":
      return `${place}, but another experiment of its layer owns it: served by ${server}, and not in the analysis.`;
    default:
      return `${place}, outside of every variant's share: served by ${server}, and not in the analysis.`;
  }
}
