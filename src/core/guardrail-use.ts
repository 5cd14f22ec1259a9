/** Which guardrails of a configuration guard anything. */
import type { Config } from "../domain/config.ts";

export interface GuardrailUse {
  readonly name: string;
  readonly check: string;
  readonly action: string;
  readonly isShadow: boolean;
  /** `everywhere`, or the experiments and variants that name it; empty for one that guards nothing. */
  readonly guards: readonly string[];
}

export function guardrailUses({ guardrails, experiments }: Config): readonly GuardrailUse[] {
  const all = Object.values(experiments);
  return Object.values(guardrails).map(({ name, check, action, isShadow, isEverywhere }) => ({
    name,
    check,
    action,
    isShadow,
    guards: isEverywhere
      ? ["everywhere"]
      : all.flatMap(({ id, guardrails: own, variants }) => [
          ...(own.includes(name) ? [id] : []),
          ...variants
            .filter((variant) => variant.guardrails.includes(name))
            .map((variant) => `${id}/${variant.id}`),
        ]),
  }));
}
