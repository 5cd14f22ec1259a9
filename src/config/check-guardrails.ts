import { checks } from "../guardrails/index.ts";
import type { Finding } from "./check-shape.ts";
import { unknownName } from "./check-upstreams.ts";
import type { ConfigFile, GuardrailDefinition } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { checkOf } from "./to-guardrails.ts";
import type { YamlSource } from "./yaml-source.ts";

/** Guardrails by themselves, and the experiments and variants that name them. */
export function checkGuardrails(file: ConfigFile, source: YamlSource): readonly Finding[] {
  const names = source.keys.get("/guardrails") ?? [];
  const reference = (pointer: string, name: string): Finding[] =>
    names.includes(name)
      ? []
      : [{ pointer, side: "value", message: unknownName({ kind: "guardrail", name, names }) }];
  return [
    ...Object.entries(file.guardrails).flatMap(([name, definition]) => checkOne(name, definition)),
    ...Object.entries(file.experiments).flatMap(([id, { guardrails, variants, predict }]) => {
      const named = [
        ...guardrails.map((name, index) => ({
          name,
          pointer: pointerOf("experiments", id, "guardrails", index),
        })),
        ...Object.entries(variants).flatMap(([variantId, variant]) =>
          variant.guardrails.map((name, index) => ({
            name,
            pointer: pointerOf("experiments", id, "variants", variantId, "guardrails", index),
          })),
        ),
      ];
      if (predict === undefined) return named.flatMap(({ name, pointer }) => reference(pointer, name));
      const message =
        "guardrails look at chat; an experiment on predictions has `predict.input` and `output.schema`";
      return named.map(({ pointer }): Finding => ({ pointer, side: "value", message }));
    }),
  ];
}

function checkOne(name: string, definition: GuardrailDefinition): readonly Finding[] {
  const at = (...path: readonly (string | number)[]) => pointerOf("guardrails", name, ...path);
  const given = Object.keys(checks).filter((check) => Object.hasOwn(definition, check));
  if (given.length !== 1) {
    const all = Object.keys(checks).join(", ");
    const message =
      given.length === 0
        ? `guardrail "${name}" has no check; give it one of: ${all}`
        : `guardrail "${name}" has the checks ${given.join(" and ")}; make one guardrail of each`;
    return [{ pointer: at(), side: "key", message }];
  }
  const { check, definition: kind, settings } = checkOf(definition);
  const findings: Finding[] = [];
  for (const [index, stage] of (definition.stages ?? []).entries()) {
    if (kind.stages.includes(stage)) continue;
    const message = `\`${check}\` cannot look at ${stage}; it looks at: ${kind.stages.join(", ")}`;
    findings.push({ pointer: at("stages", index), side: "value", message });
  }
  if (definition.action !== undefined && !kind.actions.includes(definition.action)) {
    const message = `\`${check}\` cannot ${definition.action}; it may: ${kind.actions.join(", ")}`;
    findings.push({ pointer: at("action"), side: "value", message });
  }
  for (const { path, message } of kind.problems?.(settings as never) ?? []) {
    findings.push({ pointer: at(check, ...path), side: "value", message });
  }
  return findings;
}
