/** What is true of a simulation, because it was set: whom its outcomes come from, and what each treatment changes. */
import { Failure } from "../domain/failure.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import { hintFor } from "./configured.ts";
import type { Setting, SimulationOptions } from "./simulate-options.ts";
import { type OutcomeModel, outcomeModel } from "./simulate-outcome-model.ts";
import type { Target } from "./simulate-target.ts";

/** The built-in metric that faults for one variant's model alone can move. */
export const faultMetric = "error_rate";

export interface Truth {
  readonly models: readonly OutcomeModel[];
  /** Treatment minus control; 0 where nothing was set. */
  effectOf(variantId: string | undefined, metric: string): number;
}

/** Throws `invalid_value` for settings that no traffic could have, and says which ones it could. */
export function truthOf(target: Target, options: SimulationOptions): Truth {
  const { effects, means } = options;
  const metrics = metricsOf(target, [...effects, ...means]);
  const models = metrics.map((metric) => modelOf(metric, options));
  const byName = new Map(models.map((model) => [model.metric.name, model]));
  checkNames(target, options, [...byName.keys()]);
  for (const effect of effects) checkReach(effect, byName.get(effect.metric));
  if (effects.length > 0 && target.experiment.exposeAssignment === false) {
    throw new Failure(
      "invalid_value",
      "The experiment keeps its assignment to itself, so that no client can tell whom an effect is for: " +
        "set expose_assignment: true for the rehearsal, or leave out --effect.",
    );
  }
  const treatments = new Set(treatmentsOf(target));
  return {
    models,
    effectOf: (variantId, metric) =>
      variantId === undefined || !treatments.has(variantId)
        ? 0
        : (effects.findLast((one) => one.metric === metric && (one.variantId ?? variantId) === variantId)
            ?.value ?? 0),
  };
}

export function treatmentsOf({ experiment }: Target): readonly string[] {
  return experiment.variants.map(({ id }) => id).filter((id) => id !== experiment.controlId);
}

/** Those that the experiment is judged by, and those that were asked for; where that is none, all. */
function metricsOf({ experiment, metrics }: Target, asked: readonly Setting[]): readonly OutcomeMetric[] {
  const names = new Set([...experiment.analysis.metrics, ...asked].map(({ metric }) => metric));
  const wanted = metrics.filter(({ name }) => names.has(name));
  return wanted.length === 0 ? metrics : wanted;
}

function modelOf(metric: OutcomeMetric, { means, icc }: SimulationOptions): OutcomeModel {
  const mean = means.findLast((one) => one.metric === metric.name)?.value;
  const model = outcomeModel(metric, { icc, mean });
  if (model !== undefined) return model;
  throw new Failure("invalid_value", `--mean ${metric.name}=${mean} is no mean that its values can have.`);
}

function checkNames(target: Target, { effects, means }: SimulationOptions, names: readonly string[]): void {
  const treatments = treatmentsOf(target);
  for (const { variantId, metric } of effects) {
    if (variantId !== undefined && !treatments.includes(variantId)) {
      throw unknown(`--effect is of "${variantId}", which is no treatment.`, variantId, treatments);
    }
    if (metric === faultMetric) checkFaultEffect(target, variantId);
    else if (!names.includes(metric)) {
      throw unknown(`--effect is on "${metric}", which no outcome can move.`, metric, [
        ...names,
        faultMetric,
      ]);
    }
  }
  for (const { variantId, metric } of means) {
    if (variantId !== undefined) {
      throw new Failure(
        "invalid_value",
        "--mean is of the control: name the metric alone, and use --effect.",
      );
    }
    if (!names.includes(metric))
      throw unknown(`--mean is of "${metric}", which has no outcomes.`, metric, names);
  }
}

function unknown(message: string, wrong: string, choices: readonly string[]): Failure {
  const hint = hintFor(wrong, choices) || ` There are: ${choices.join(", ") || "none"}.`;
  return new Failure("invalid_value", `${message}${hint}`);
}

/** A fault is aimed at a variant by its model's name, as the scripted upstream plays it for one model only. */
function checkFaultEffect({ experiment }: Target, variantId: string | undefined): void {
  const control = experiment.variants.find(({ id }) => id === experiment.controlId);
  const isAimed = experiment.variants
    .filter(({ id }) => id !== experiment.controlId && (variantId ?? id) === id)
    .every(({ model }) => model !== control?.model);
  if (isAimed && experiment.predict === undefined) return;
  throw new Failure(
    "invalid_value",
    `--effect ${faultMetric} is made by faults for one variant's model alone: the variants need different chat models.`,
  );
}

function checkReach({ metric, value }: Setting, model: OutcomeModel | undefined): void {
  const { low, high } = model?.effects ?? { low: 0, high: 1 };
  // A mean such as 0.6 leaves 0.4, give or take the last bit.
  if (value >= low - 1e-9 && value <= high + 1e-9) return;
  const range = `${signed(low)} to ${signed(high)}`;
  const cure = model === undefined ? "" : `: the control's mean is ${model.mean}, and --mean sets another`;
  throw new Failure(
    "invalid_value",
    `--effect ${metric}=${signed(value)} is out of reach, which is ${range}${cure}.`,
  );
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${Number(value.toPrecision(6))}`;
}
