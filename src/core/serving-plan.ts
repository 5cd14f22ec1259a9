import type { ServingPlan } from "../domain/chat.ts";
import type { Revision, VariantConfig } from "../domain/config.ts";

/** What a variant asks of which model. */
export function variantPlan(revision: Revision, variant: VariantConfig): ServingPlan {
  return {
    variant,
    model: variant.model,
    prompt: variant.prompt === undefined ? undefined : revision.prompts.get(variant.prompt),
    parameters: variant.parameters,
  };
}
