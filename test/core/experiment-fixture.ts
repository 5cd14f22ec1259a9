import type { ExperimentConfig, Secret, VariantConfig } from "../../src/domain/config.ts";

/** An experiment of two equal variants over the whole line, changed as told. */
export function experimentWith(change: Partial<ExperimentConfig> = {}): ExperimentConfig {
  return {
    id: "tone",
    description: "",
    salt: "tone-1",
    hash: "assay_v1",
    hashSecret: undefined,
    unit: "user",
    unitSources: [],
    matchModels: [],
    eligible: [],
    coverage: 1,
    holdout: 0,
    layer: undefined,
    rerandomise: false,
    variants: variantsOf({ control: 50, candidate: 50 }),
    controlId: "control",
    incumbentId: "control",
    allowPins: false,
    exposeAssignment: true,
    output: {
      schema: undefined,
      checkToolCalls: false,
      checkResponseFormat: false,
      sendResponseFormat: false,
      onInvalid: "pass",
      maxRepairs: 0,
      streamMode: "passthrough",
    },
    fallback: [],
    guardrails: [],
    totalMs: 30_000,
    analysis: { metrics: [], alpha: 0.05, plannedUnits: 10_000, minimumUnits: 30 },
    ramp: undefined,
    rampHooks: [],
    predict: undefined,
    ...change,
  };
}

/** Variants by id and weight, in the order given. */
export function variantsOf(weights: Readonly<Record<string, number>>): readonly VariantConfig[] {
  return Object.entries(weights).map(([id, weight]) => ({
    id,
    weight,
    model: "m",
    prompt: undefined,
    guardrails: [],
    parameters: {},
  }));
}

export function secretOf(text: string): Secret {
  return { reveal: () => text };
}
