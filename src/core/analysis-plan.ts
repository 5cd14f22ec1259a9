import type { Config, ExperimentConfig } from "../domain/config.ts";
import { builtInMetrics } from "../domain/metric.ts";
import type { AnalysisPlan, MetricDefinition } from "../domain/report.ts";
import { builtIns, outcomeUnit } from "./built-in-metrics.ts";

/** What the statistics must know of an experiment, without its secrets. */
export function analysisPlan(
  config: Config,
  experiment: ExperimentConfig,
  scope: AnalysisPlan["scope"],
): AnalysisPlan {
  return {
    // Who has declared nothing yet wants to see what there is.
    scope: experiment.analysis.metrics.length === 0 ? "all" : scope,
    ...experiment.analysis,
    experimentId: experiment.id,
    description: experiment.description,
    unit: experiment.unit,
    controlId: experiment.controlId,
    variantIds: experiment.variants.map(({ id }) => id),
    definitions: definitions(config),
  };
}

function definitions(config: Config): readonly MetricDefinition[] {
  const ours = builtInMetrics.map((name) => {
    const { better, unit, description } = builtIns[name];
    return { name, description, better, unit, outcome: undefined };
  });
  const theirs = Object.values(config.metrics).map((outcome) => {
    const { name, description, better, kind } = outcome;
    return { name, description, better, unit: outcomeUnit(kind), outcome };
  });
  return [...ours, ...theirs];
}
