/** The guardrails in force, and what guards a request. */
import { hash } from "node:crypto";
import type { Revision } from "../domain/config.ts";
import {
  type CheckParts,
  type Guardrail,
  type GuardrailConfig,
  type GuardrailPlan,
  guardrailStages,
} from "../domain/guardrail.ts";
import { checks } from "./index.ts";

/** Whose guardrails they are; undefined for a request of no experiment, and for one that no variant serves. */
export interface Guarded {
  readonly experimentId: string | undefined;
  readonly variantId: string | undefined;
}

const nothing: GuardrailPlan = { input: [], output: [], tool_calls: [] };

export interface GuardrailSetParts extends Omit<CheckParts, "ask"> {
  /** How the guardrail of this name asks other servers. */
  readonly askFor: (guardrail: string) => CheckParts["ask"];
}

export class GuardrailSet {
  readonly #parts: GuardrailSetParts;
  /** By what they are made of: one that a new revision leaves as it is keeps what it has learned. */
  #made = new Map<string, Guardrail>();
  readonly #plans = new WeakMap<Revision, Map<string, GuardrailPlan>>();

  constructor(parts: GuardrailSetParts) {
    this.#parts = parts;
  }

  /** Makes the guardrails of a configuration, and gives the step that puts them in force. Throws for one that cannot be made. */
  prepare({ config: { guardrails } }: Pick<Revision, "config">): () => void {
    const made = new Map<string, Guardrail>();
    for (const config of Object.values(guardrails)) {
      const key = keyOf(config);
      made.set(key, this.#made.get(key) ?? create(config, this.#parts));
    }
    return () => {
      this.#made = made;
    };
  }

  /** All that guard such a request, sampled by its id. */
  planOf(revision: Revision, guarded: Guarded, requestId: string): GuardrailPlan {
    if (!hasAny(revision.config.guardrails)) return nothing;
    const plan = this.#planOf(revision, guarded);
    if (plan === nothing || !guardrailStages.some((stage) => plan[stage].some(isSampled))) return plan;
    const looks = (guardrail: Guardrail) =>
      !isSampled(guardrail) || shareOf(`${guardrail.config.name}\0${requestId}`) < guardrail.config.sample;
    return {
      input: plan.input.filter(looks),
      output: plan.output.filter(looks),
      tool_calls: plan.tool_calls.filter(looks),
    };
  }

  #planOf(revision: Revision, guarded: Guarded): GuardrailPlan {
    const plans = this.#plans.get(revision) ?? new Map<string, GuardrailPlan>();
    this.#plans.set(revision, plans);
    const key = `${guarded.experimentId ?? ""}\0${guarded.variantId ?? ""}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const plan = this.#plan(revision, guarded);
    plans.set(key, plan);
    return plan;
  }

  #plan({ config }: Revision, { experimentId, variantId }: Guarded): GuardrailPlan {
    const experiment = experimentId === undefined ? undefined : config.experiments[experimentId];
    const variant = experiment?.variants.find(({ id }) => id === variantId);
    const named = new Set([...(experiment?.guardrails ?? []), ...(variant?.guardrails ?? [])]);
    const guardrails = Object.values(config.guardrails)
      .filter(({ name, isEverywhere }) => isEverywhere || named.has(name))
      .map((one) => this.#made.get(keyOf(one)) ?? create(one, this.#parts));
    if (guardrails.length === 0) return nothing;
    const at = (stage: keyof GuardrailPlan) =>
      guardrails.filter(({ config: { stages, sample } }) => stages.includes(stage) && sample > 0);
    return { input: at("input"), output: at("output"), tool_calls: at("tool_calls") };
  }
}

function create(config: GuardrailConfig, { askFor, ...parts }: GuardrailSetParts): Guardrail {
  const definition = checks[config.check];
  if (definition === undefined) throw new Error(`no check "${config.check}"`);
  // The settings have passed the schema of this very check.
  return {
    config,
    check: definition.create(config.settings as never, { ...parts, ask: askFor(config.name) }),
    isRemote: definition.isRemote,
  };
}

function keyOf(config: GuardrailConfig): string {
  return JSON.stringify(config);
}

function hasAny(named: Readonly<Record<string, unknown>>): boolean {
  for (const _name in named) return true;
  return false;
}

function isSampled({ config }: Guardrail): boolean {
  return config.sample < 1;
}

/** A number from 0 to 1 that only the text decides. */
function shareOf(text: string): number {
  return Number.parseInt(hash("sha256", text).slice(0, 12), 16) / 2 ** 48;
}
