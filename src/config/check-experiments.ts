import { allocationProblem } from "../core/allocation.ts";
import type { ExperimentConfig } from "../domain/config.ts";
import type { Finding } from "./check-shape.ts";
import { unknownName } from "./check-upstreams.ts";
import type { ConfigFile, EligibleSection, ExperimentSection, VariantSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import type { OutputSchema } from "./output-schema.ts";
import { toExperiment } from "./to-config.ts";
import type { YamlSource } from "./yaml-source.ts";

export interface ExperimentsCheck {
  readonly file: ConfigFile;
  readonly source: YamlSource;
  /** `name@version` of every prompt there is. */
  readonly promptNames: readonly string[];
  /** By experiment. */
  readonly schemas: ReadonlyMap<string, OutputSchema>;
}

interface One extends ExperimentsCheck {
  readonly id: string;
  readonly experiment: ExperimentSection;
  readonly variantIds: readonly string[];
  readonly at: (...segments: readonly (string | number)[]) => string;
}

/** Each experiment by itself. */
export function checkExperiments(check: ExperimentsCheck): readonly Finding[] {
  return Object.entries(check.file.experiments).flatMap(([id, experiment]) => {
    const at: One["at"] = (...segments) => pointerOf("experiments", id, ...segments);
    const variantIds = check.source.keys.get(at("variants")) ?? [];
    const one: One = { ...check, id, experiment, variantIds, at };
    return [
      ...checkVariants(one),
      ...checkControl(one),
      ...checkAllocation(one),
      ...checkUnit(one),
      ...checkEligible(one),
      ...checkFallback(one),
    ];
  });
}

function checkVariants({ experiment, promptNames, variantIds, at }: One): readonly Finding[] {
  if (variantIds.length === 0) {
    const message = "`variants` is empty; give the experiment a control and a treatment";
    return [{ pointer: at("variants"), side: "key", message }];
  }
  return Object.entries(experiment.variants).flatMap(([id, variant]) => [
    // A model server may take a member of any name.
    ...(experiment.predict !== undefined
      ? []
      : checkParameters(variant, (name) => at("variants", id, "parameters", name))),
    ...(variant.prompt === undefined || promptNames.includes(variant.prompt)
      ? []
      : [
          {
            pointer: at("variants", id, "prompt"),
            side: "value" as const,
            message: unknownName({ kind: "prompt", name: variant.prompt, names: promptNames }),
          },
        ]),
  ]);
}

const reservedParameters: Readonly<Record<string, string>> = {
  messages: "a prompt sets them: use `prompt`",
  model: "use the variant's own `model`",
  stream: "the client decides it; remove it",
  stream_options: "the client decides them; remove them",
  n: "the client decides it; remove it",
};

function checkParameters(variant: VariantSection, at: (name: string) => string): readonly Finding[] {
  return Object.keys(variant.parameters).flatMap((name) => {
    const cure = Object.hasOwn(reservedParameters, name) ? reservedParameters[name] : undefined;
    if (cure === undefined) return [];
    return [
      { pointer: at(name), side: "key" as const, message: `\`parameters\` may not set \`${name}\`; ${cure}` },
    ];
  });
}

function checkControl({ experiment, variantIds, at }: One): readonly Finding[] {
  const { control } = experiment;
  if (variantIds.length === 0 || variantIds.includes(control)) return [];
  const message = unknownName({ kind: "variant", name: control, names: variantIds });
  return [{ pointer: at("control"), side: "value", message: `${message}; \`control\` names one of them` }];
}

function checkAllocation({ id, file, experiment, variantIds, at }: One): readonly Finding[] {
  const around = { schema: undefined, input: undefined, order: variantIds, metrics: file.metrics };
  const config = toExperiment(id, experiment, around);
  // Shares are told by the control: without one, its absence is what there is to say.
  if (!Object.hasOwn(experiment.variants, experiment.control)) return [];
  const message = allocationProblem(config);
  if (message === undefined) return [];
  const place = allocationPlace(config);
  return [{ pointer: at(place), side: place === "variants" ? "key" : "value", message }];
}

/** The member without which there would be no problem; the variants' weights where no single one is to blame. */
function allocationPlace(config: ExperimentConfig): "holdout" | "hash_secret" | "coverage" | "variants" {
  if (allocationProblem({ ...config, hashSecret: undefined }) === undefined) return "hash_secret";
  if (allocationProblem({ ...config, holdout: 0 }) === undefined) return "holdout";
  return allocationProblem({ ...config, coverage: 1 }) === undefined ? "coverage" : "variants";
}

function checkUnit({ experiment, at }: One): readonly Finding[] {
  const { unit } = experiment;
  if (typeof unit === "string" || unit.type !== "request" || unit.from === undefined) return [];
  const message = "a unit of type request has the request's own id; remove `from`, or choose another type";
  return [{ pointer: at("unit", "from"), side: "key", message }];
}

function checkEligible({ experiment, at }: One): readonly Finding[] {
  return experiment.eligible.flatMap((rule, index) => {
    const message = ruleProblem(rule);
    return message === undefined ? [] : [{ pointer: at("eligible", index), side: "value" as const, message }];
  });
}

function ruleProblem(rule: EligibleSection): string | undefined {
  const subjects = ["model", "header", "metadata"].filter((subject) => Object.hasOwn(rule, subject));
  if (subjects.length !== 1) {
    const found = subjects.length === 0 ? "nothing" : subjects.join(" and ");
    return `the rule asks about ${found}; give it one of \`model: true\`, \`header\` and \`metadata\``;
  }
  if (rule.in !== undefined || rule.not_in !== undefined || rule.exists !== undefined) return undefined;
  return "the rule wants nothing of the value; add `in`, `not_in` or `exists`";
}

function checkFallback({ id, experiment, variantIds, schemas, at }: One): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [index, target] of experiment.fallback.entries()) {
    if (target.variant !== undefined && !variantIds.includes(target.variant)) {
      const message = unknownName({ kind: "variant", name: target.variant, names: variantIds });
      findings.push({ pointer: at("fallback", index, "variant"), side: "value", message });
    }
    const message = target.answer === undefined ? undefined : answerProblem(target.answer, schemas.get(id));
    if (message !== undefined)
      findings.push({ pointer: at("fallback", index, "answer"), side: "value", message });
  }
  if (experiment.output.on_invalid === "fallback" && experiment.fallback.length === 0) {
    const message =
      "`on_invalid` is fallback, and `fallback` is empty; list a target there, or choose another way";
    findings.push({ pointer: at("output", "on_invalid"), side: "value", message });
  }
  return findings;
}

/** A ready answer is served as it is, so it has to be one that the experiment would let pass. */
function answerProblem(answer: string, schema: OutputSchema | undefined): string | undefined {
  if (schema === undefined) return undefined;
  const result = schema.check(answer);
  if (result.kind === "pass") return undefined;
  const reason = result.kind === "fail" ? `${result.path} ${result.message}`.trim() : result.reason;
  return `the answer does not fit \`output.schema\` (${reason}); correct the answer`;
}
