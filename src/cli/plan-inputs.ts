/** What a plan is made from: options first, then the configuration, then what a running server has seen. */
import { analysisPlan } from "../core/analysis-plan.ts";
import type { Config, ExperimentConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { Margin, MetricUnit } from "../domain/metric.ts";
import type { AnalysisPlan, ExperimentReport, MetricReport } from "../domain/report.ts";
import type { Arguments } from "./command.ts";
import { choiceOf, hintFor } from "./configured.ts";
import { effectOption, numberOption } from "./number-option.ts";
import type { PlanFacts } from "./plan-sizes.ts";

export interface PlanInputs extends PlanFacts {
  /** Undefined without an experiment. */
  readonly metric: string | undefined;
  readonly unitName: string;
  readonly metricUnit: MetricUnit;
  readonly baseline: number | undefined;
  /** Of all comparisons together. */
  readonly familyAlpha: number;
  readonly comparisons: number;
  /** What the data show; undefined without any. */
  readonly measuredCorrelation: number | undefined;
}

export interface PlanSources {
  readonly args: Arguments;
  readonly experiment: ExperimentConfig | undefined;
  readonly config: Config | undefined;
  /** Undefined where no server answered. */
  readonly report: ExperimentReport | undefined;
}

/** Throws a Failure that names the option which is missing or wrong. */
export function planInputs({ args, experiment, config, report }: PlanSources): PlanInputs {
  const plan = experiment && config && analysisPlan(config, experiment, "all");
  const goal = goalOf(args, plan);
  const seen = report?.metrics.find(({ metric }) => metric === goal?.name);
  const kind = kindOf(args, goal?.unit);
  const arms = numberOption(args, "arms", { low: 2, high: 100 }) ?? experiment?.variants.length ?? 2;
  const familyAlpha = numberOption(args, "alpha", { low: 1e-9, high: 0.5 }) ?? plan?.alpha ?? 0.05;
  const goals = Math.max(1, plan?.metrics.filter(({ role }) => role === "goal").length ?? 1);
  const comparisons = (arms - 1) * goals;
  const baseline = baselineOf(args, kind, seen);
  const units = numberOption(args, "units", { low: 2, high: 1e12 }) ?? plan?.plannedUnits;
  const effect = effectOf(
    effectOption(args, "effect") ?? goal?.smallestEffect,
    baseline,
    goal?.isLowerBetter === true,
  );
  if (effect === undefined && units === undefined) {
    throw new Failure(
      "missing_required_parameter",
      "Say what is to be seen, --effect 0.02 or 5%, or how many units there are, --units N.",
    );
  }
  return {
    metric: goal?.name,
    unitName: experiment?.unit ?? "unit",
    metricUnit: goal?.unit ?? (kind === "share" ? "share" : "value"),
    baseline,
    familyAlpha,
    comparisons,
    measuredCorrelation: seen?.comparisons[0]?.intraclassCorrelation,
    spread: spreadOf(args, kind, baseline, seen),
    effect,
    // Holm's first step, which the first winner must pass.
    alpha: familyAlpha / comparisons,
    power: numberOption(args, "power", { low: 0.5, high: 0.9999 }) ?? 0.8,
    arms,
    ...clusterOf(args),
    units,
    unitsSoFar: report?.progress.units ?? 0,
    unitsPerDay: numberOption(args, "units-per-day", { low: 0, high: 1e12 }) ?? report?.progress.unitsPerDay,
  };
}

interface Goal {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly isLowerBetter: boolean;
  readonly smallestEffect: Margin | undefined;
}

/** `--metric`, else the first goal; undefined without an experiment. */
function goalOf(args: Arguments, plan: AnalysisPlan | undefined): Goal | undefined {
  const named = args.text("metric");
  if (plan === undefined) {
    if (named === undefined) return undefined;
    throw new Failure(
      "invalid_value",
      "--metric names a metric of an experiment: name that too, by --experiment.",
    );
  }
  const uses = plan.metrics;
  const name = named ?? (uses.find(({ role }) => role === "goal") ?? uses[0])?.metric;
  const found = plan.definitions.find((one) => one.name === name);
  if (found === undefined) {
    const hint = hintFor(
      name ?? "",
      plan.definitions.map((one) => one.name),
    );
    const which =
      name === undefined
        ? "The experiment has no goal; name a metric by --metric."
        : `There is no metric "${name}".${hint}`;
    throw new Failure("invalid_value", which);
  }
  const use = uses.find(({ metric }) => metric === found.name);
  return {
    name: found.name,
    unit: found.unit,
    isLowerBetter: found.better === "lower",
    smallestEffect: use?.smallestEffect,
  };
}

function kindOf(args: Arguments, unit: MetricUnit | undefined): "share" | "mean" {
  const written = args.text("metric-kind");
  if (written !== undefined) return choiceOf("metric-kind", written, ["share", "mean"]);
  if (unit !== undefined) return unit === "share" ? "share" : "mean";
  return args.text("sd") === undefined ? "share" : "mean";
}

function baselineOf(
  args: Arguments,
  kind: "share" | "mean",
  seen: MetricReport | undefined,
): number | undefined {
  const written = numberOption(args, "baseline", everything);
  if (written !== undefined && kind === "share" && (written < 0 || written > 1)) {
    throw new Failure(
      "invalid_value",
      `--baseline must be a number from 0 to 1; it was "${args.text("baseline")}". That is for a share: for a mean, such as milliseconds, add --metric-kind mean.`,
    );
  }
  return written ?? seen?.arms[0]?.value;
}

const everything = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** Options win over data: `--sd` for a mean, `--baseline` for a share. */
function spreadOf(
  args: Arguments,
  kind: "share" | "mean",
  baseline: number | undefined,
  seen: MetricReport | undefined,
): PlanFacts["spread"] {
  const sd = numberOption(args, "sd", { low: Number.MIN_VALUE, high: Number.POSITIVE_INFINITY });
  if (sd !== undefined) return { kind: "mean", sd };
  const isTold = kind === "share" && args.text("baseline") !== undefined;
  const measured = isTold ? undefined : measuredSd(seen);
  if (measured !== undefined) return { kind: "measured", sd: measured };
  if (kind === "share" && baseline !== undefined) return { kind: "share", baseline };
  const option =
    kind === "share" ? "the control's share, --baseline 0.1" : "the standard deviation, --sd 120";
  throw new Failure(
    "missing_required_parameter",
    `Tell ${option}; or name an experiment that a running server has data of.`,
  );
}

/** Of one unit: its arm's interval is 1.96 standard errors to each side, and it is by units. */
function measuredSd(seen: MetricReport | undefined): number | undefined {
  const control = seen?.arms[0];
  if (seen?.kind !== "ratio" || seen.scale === "log" || control?.halfWidth === undefined) return undefined;
  const sd = (control.halfWidth / 1.959964) * Math.sqrt(control.units);
  return sd > 0 && Number.isFinite(sd) ? sd : undefined;
}

function effectOf(
  written: Margin | undefined,
  baseline: number | undefined,
  isLowerBetter: boolean,
): number | undefined {
  if (written === undefined) return undefined;
  // Where less is better, a gain is a fall; who writes a minus has said so already.
  const sign = isLowerBetter && written.value > 0 ? -1 : 1;
  if (written.kind === "absolute") return sign * written.value;
  if (baseline !== undefined && baseline !== 0) return sign * written.value * Math.abs(baseline);
  throw new Failure(
    "missing_required_parameter",
    "A relative effect is a share of the control's value: tell it, --baseline N.",
  );
}

function clusterOf(args: Arguments): Pick<PlanFacts, "requestsPerUnit" | "intraclassCorrelation"> {
  const requestsPerUnit = numberOption(args, "requests-per-unit", { low: 1, high: 1e9 }) ?? 1;
  const correlation = numberOption(args, "icc", { low: 0, high: 1 });
  if (requestsPerUnit > 1 && correlation === undefined) {
    throw new Failure(
      "missing_required_parameter",
      "--requests-per-unit needs --icc: how alike the requests of one unit are, from 0 (not at all) to 1 (all the same).",
    );
  }
  return { requestsPerUnit, intraclassCorrelation: correlation ?? 0 };
}
