import type { GuardrailConfig } from "../domain/guardrail.ts";
import type { AnyCheck } from "../guardrails/check-definition.ts";
import { checks } from "../guardrails/index.ts";
import type { GuardrailDefinition } from "./file-shape.ts";

export function toGuardrail(name: string, written: GuardrailDefinition): GuardrailConfig {
  const { check, definition, settings } = checkOf(written);
  const action = written.action ?? definition.actions[0];
  return {
    name,
    check,
    settings,
    stages: written.stages ?? definition.stages,
    action,
    onFailure: written.on_failure ?? (action === "flag" ? "open" : "closed"),
    timeoutMs: written.timeout_ms,
    sample: written.sample,
    isShadow: written.shadow,
    isEverywhere: written.everywhere,
    answer: written.answer,
    onBlock: written.on_block,
  };
}

/** The one check that a guardrail names. */
export function checkOf(written: GuardrailDefinition): {
  readonly check: string;
  readonly definition: AnyCheck;
  readonly settings: Readonly<Record<string, unknown>>;
} {
  for (const [check, definition] of Object.entries(checks)) {
    const settings = written[check];
    if (settings === undefined) continue;
    // A section of the file whose schema is the check's own.
    return { check, definition, settings: settings as Readonly<Record<string, unknown>> };
  }
  throw new Error("a guardrail without a check has passed its checks");
}
