import type { SchemaNode } from "../config/schema-node.ts";
import type { CheckParts, GuardrailAction, GuardrailCheck, GuardrailStage } from "../domain/guardrail.ts";

/** One kind of check: what the configuration may say of it, and how it is made. Each file of this folder gives one. */
export interface CheckDefinition<Settings> {
  /** One sentence for the documentation. */
  readonly description: string;
  /** What it can look at; a guardrail that does not choose looks at all of these. */
  readonly stages: readonly GuardrailStage[];
  /** What may be done with its findings, the default first. */
  readonly actions: readonly [GuardrailAction, ...GuardrailAction[]];
  /** It asks another server: its time is bounded by the clock, and a stream's answer waits for it. */
  readonly isRemote: boolean;
  /** Members of its section of the configuration. */
  readonly settings: Readonly<Record<string, SchemaNode>>;
  /** Those that must be given. */
  readonly required?: readonly string[];
  /** What the schema cannot say of settings, such as a pattern that does not compile. Pointers are relative to the section. */
  readonly problems?: (settings: Settings, prompt: CheckParts["prompt"]) => readonly SettingsProblem[];
  /** Why these settings find what has no place, and so cannot be redacted, if they may. */
  readonly placeless?: (settings: Settings) => string | undefined;
  /** What settings name elsewhere in the configuration: it must be there. */
  readonly references?: (settings: Settings) => SettingsReferences;
  /** Settings have passed schema and `problems`, defaults filled in. */
  readonly create: (settings: Settings, parts: CheckParts) => GuardrailCheck;
}

/** Each stands under a setting of the same name. */
export interface SettingsReferences {
  readonly upstream?: string | undefined;
  /** Any name is one: what is not in `models` is asked of the default upstream. */
  readonly model?: string | undefined;
  /** `name@version` */
  readonly prompt?: string | undefined;
}

export interface SettingsProblem {
  /** Keys and indexes down to the value at fault. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A definition whose settings are not known any more: the configuration's schema has passed them. */
export type AnyCheck = CheckDefinition<never>;
