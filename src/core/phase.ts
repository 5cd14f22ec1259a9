/** Phases: intervals of constant ratio and constant variants, within which units may be compared as they are. */
import { hash } from "node:crypto";
import type { Config, ExperimentConfig, Revision, VariantConfig } from "../domain/config.ts";
import type { KillSwitch } from "../domain/control.ts";
import type { Allocation } from "../domain/experiment.ts";
import type { Phase } from "../domain/store.ts";
import { isKilled } from "./kill-switch.ts";
import { shareOf } from "./line.ts";
import { lineOf } from "./range-ledger.ts";

/** Names everything that would make an earlier unit and a later one incomparable: the line, the ranges, what variants are. */
export function phaseId(config: Config, experiment: ExperimentConfig, allocation: Allocation): string {
  const variants = experiment.variants.map((variant) => variantFacts(config, variant));
  const facts = [lineOf(experiment), allocation.ranges, allocation.holdout, experiment.layer, variants];
  return hash("sha256", JSON.stringify(facts)).slice(0, 12);
}

/** Names all that a variant is: 12 hex digits. */
export function variantDigest(config: Config, variant: VariantConfig): string {
  return hash("sha256", JSON.stringify(variantFacts(config, variant))).slice(0, 12);
}

function variantFacts(config: Config, { id, model, prompt, parameters, guardrails }: VariantConfig) {
  const named = Object.hasOwn(config.models, model) ? config.models[model] : undefined;
  const file = prompt === undefined ? undefined : config.prompts[prompt];
  return [
    id,
    ...placeOf(config, named?.upstream ?? config.defaultUpstream),
    named?.upstreamModel ?? model,
    file?.hash,
    parameters,
    // Without guardrails a phase keeps the name that it had before there were any.
    ...(guardrails.length === 0 ? [] : [guardrails.map((name) => config.guardrails[name])]),
  ];
}

/** A model server's address says which model it is; that of an API does not. */
function placeOf({ upstreams }: Config, name: string): readonly string[] {
  const upstream = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
  return upstream?.dialect === "json" ? [name, upstream.baseUrl] : [name];
}

/** While something of the experiment is killed, the ratio that is served is another one: a phase of its own. */
export function phaseUnderKills(
  phase: string,
  experiment: ExperimentConfig,
  switches: readonly KillSwitch[],
): string {
  const killed = killedVariants(experiment, switches);
  return killed.length === 0 ? phase : `${phase}!${killed.join("+")}`;
}

export interface PhaseFacts {
  readonly experiment: ExperimentConfig;
  readonly revision: Revision;
  readonly switches: readonly KillSwitch[];
}

/** What the results must know of a phase: shares by variant, and who was killed. */
export function describePhase(id: string, facts: PhaseFacts, startedAt: number): Phase {
  const { experiment, revision, switches } = facts;
  const ranges = revision.allocations.get(experiment.id)?.ranges ?? [];
  const shares = experiment.variants.map(({ id: variantId }) => {
    const own = ranges.filter((range) => range.variantId === variantId);
    return [variantId, shareOf(own)] as const;
  });
  return {
    id,
    experimentId: experiment.id,
    startedAt,
    revision: revision.id,
    shares: Object.fromEntries(shares),
    killed: killedVariants(experiment, switches),
  };
}

/** A kill of everything names the control too: nobody is compared. */
function killedVariants(experiment: ExperimentConfig, switches: readonly KillSwitch[]): string[] {
  if (switches.length === 0) return [];
  const ids = experiment.variants.map(({ id }) => id);
  return ids.filter((variantId) => isKilled(switches, { experimentId: experiment.id, variantId })).toSorted();
}
