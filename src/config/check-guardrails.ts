import { compilePrompt } from "../core/prompt.ts";
import type { SettingsReferences } from "../guardrails/check-definition.ts";
import { checks } from "../guardrails/index.ts";
import type { Finding } from "./check-shape.ts";
import { unknownName } from "./check-upstreams.ts";
import type { ConfigFile, GuardrailDefinition } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { defaultUpstreamOf } from "./model-servers.ts";
import type { LoadedPrompts } from "./prompts.ts";
import { checkOf } from "./to-guardrails.ts";
import type { YamlSource } from "./yaml-source.ts";

/** Guardrails by themselves, and the experiments and variants that name them. */
export function checkGuardrails(
  file: ConfigFile,
  source: YamlSource,
  prompts: Pick<LoadedPrompts, "prompts" | "names">,
): readonly Finding[] {
  const names = source.keys.get("/guardrails") ?? [];
  const reference = (pointer: string, name: string): Finding[] =>
    names.includes(name)
      ? []
      : [{ pointer, side: "value", message: unknownName({ kind: "guardrail", name, names }) }];
  return [
    ...Object.entries(file.guardrails).flatMap(([name, definition]) =>
      checkOne({ file, source, prompts, name, definition }),
    ),
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

interface One {
  readonly file: ConfigFile;
  readonly source: YamlSource;
  readonly prompts: Pick<LoadedPrompts, "prompts" | "names">;
  readonly name: string;
  readonly definition: GuardrailDefinition;
}

function checkOne(one: One): readonly Finding[] {
  const { name, definition, prompts } = one;
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
  const placeless =
    (definition.action ?? kind.actions[0]) === "redact" ? kind.placeless?.(settings as never) : undefined;
  if (placeless !== undefined) {
    const message = `${placeless}; take \`block\` or \`flag\`, or make two guardrails of it`;
    findings.push({
      pointer: at(definition.action === undefined ? check : "action"),
      side: "value",
      message,
    });
  }
  if (definition.answer !== undefined && (definition.action ?? kind.actions[0]) !== "block") {
    const message =
      "`answer` is served for what is blocked, and this guardrail blocks nothing; set `action: block`, or remove it";
    findings.push({ pointer: at("answer"), side: "value", message });
  }
  const promptOf = (id: string) => {
    const prompt = prompts.prompts.get(id);
    return prompt && compilePrompt(prompt);
  };
  for (const { path, message } of kind.problems?.(settings as never, promptOf) ?? []) {
    findings.push({ pointer: at(check, ...path), side: "value", message });
  }
  const references = kind.references?.(settings as never) ?? {};
  return [...findings, ...checkReferences(one, references, (setting) => at(check, setting))];
}

function checkReferences(
  { file, source, prompts }: One,
  { upstream, model, prompt }: SettingsReferences,
  at: (setting: keyof SettingsReferences) => string,
): readonly Finding[] {
  const findings: Finding[] = [];
  const names = source.keys.get("/upstreams") ?? [];
  const add = (setting: keyof SettingsReferences, message: string) =>
    findings.push({ pointer: at(setting), side: "value", message });
  if (upstream !== undefined && !names.includes(upstream)) {
    add("upstream", unknownName({ kind: "upstream", name: upstream, names }));
  }
  if (prompt !== undefined && !prompts.names.includes(prompt)) {
    add("prompt", unknownName({ kind: "prompt", name: prompt, names: prompts.names }));
  }
  const known = model === undefined || !Object.hasOwn(file.models, model) ? undefined : file.models[model];
  const asked = upstream ?? known?.upstream ?? (model === undefined ? "" : defaultUpstreamOf(file, names));
  if (file.upstreams[asked]?.dialect === "json") {
    const message = `upstream "${asked}" is a model server, which answers no guardrail; name one of dialect openai`;
    add(upstream === undefined ? "model" : "upstream", message);
  }
  return findings;
}
