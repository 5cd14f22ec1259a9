/** Is a mean, a share or a ratio worse than tolerated? By confidence sequences on units, pooled over the ramp's phases. */
import type { Inconclusive } from "../domain/estimate.ts";
import type { Margin } from "../domain/metric.ts";
import type { RampSlo } from "../domain/ramp.ts";
import type { MetricDefinition } from "../domain/report.ts";
import type { Stratum } from "./arms.ts";
import { capOf } from "./metric-report.ts";
import { alwaysValid, type Effect, pooledEffect } from "./pooled-effect.ts";
import type { RampContext } from "./ramp-context.ts";
import {
  alphasOf,
  finite,
  finiteInterval,
  type Measured,
  nothing,
  unknown,
  verdictOf,
} from "./ramp-verdict.ts";
import { leastUnitsForDelta } from "./ratio.ts";
import type { MetricShape } from "./request-values.ts";
import { oneSidedSequence } from "./sequential.ts";
import type { UnitTable } from "./unit-table.ts";

export type RatioShape = Extract<MetricShape, { kind: "ratio" }>;

/** An SLO of a ratio: `shape` reads requests, and is undefined for a metric of outcomes. */
export interface RatioSlo {
  readonly slo: RampSlo;
  readonly definition: MetricDefinition;
  readonly shape: RatioShape | undefined;
}

export function effectReading(context: RampContext, asked: RatioSlo): Measured {
  const effects = rampEffects(context, asked);
  const { alphas, plannedN } = levelsOf(context);
  const plain = effects();
  if (plain.kind === "inconclusive") return unknown(plain.message);
  const excess = excessOver(effects, asked, plain);
  if (excess.kind === "inconclusive") return unknown(excess.message);
  const told = toldOf(plain, asked, { alpha: alphas.harm, plannedN });
  // Where nothing varies there is nothing to be unsure of, once enough have been seen not to vary.
  if (excess.standardError === 0) {
    if (excess.units < leastUnitsForDelta) return unknown("the values do not vary yet");
    return { ...told, verdict: excess.value > 0 ? "harm" : "safe" };
  }
  const verdict = verdictOf({
    isHarm: isShown(excess, "greater", alphas.harm, plannedN),
    isSuspect: isShown(excess, "greater", alphas.suspect, plannedN),
    isSafe: isShown(excess, "less", alphas.safe, plannedN),
  });
  return { ...told, verdict };
}

/** What is told of a ratio beside its verdict. */
export function toldOf(
  plain: Effect,
  { definition }: RatioSlo,
  look: { readonly alpha: number; readonly plannedN: number },
): Omit<Measured, "verdict"> {
  const sequence = alwaysValid(plain, look);
  const told = (mean: number) => finite(isLog(definition) ? Math.exp(mean) : mean);
  return {
    ...nothing,
    control: told(plain.control),
    treatment: told(plain.treatment),
    interval: sequence.kind === "estimate" ? finiteInterval(sequence.interval) : undefined,
  };
}

/** The effect with the control's values taken so many times; tables are made once. */
export type Effects = (controlFactor?: number) => Effect | Inconclusive;

export function rampEffects(context: RampContext, asked: RatioSlo): Effects {
  const { facts, compared, cells, config } = context;
  const table = tableOf(context, asked);
  const armOf = cells.summarize(table);
  const strata = compared.map((phase): Stratum => {
    const [treatment, control] = [config.variantId, config.controlId];
    return {
      phaseId: facts.phases[phase] ?? "",
      treatment: armOf(phase, treatment),
      control: armOf(phase, control),
      units: () => ({
        treatment: cells.units(table, phase, treatment),
        control: cells.units(table, phase, control),
      }),
    };
  });
  const { unit } = asked.definition;
  return (controlFactor = 1) => pooledEffect({ strata, unitCount: facts.units, unit, controlFactor });
}

/** Tightest where the largest step's least units are. */
export function levelsOf({ config }: RampContext) {
  const plannedN = 2 * Math.max(1, ...config.steps.map(({ leastUnits }) => leastUnits));
  return { alphas: alphasOf(config), plannedN };
}

/** How much worse than tolerated: above 0 is too much. With a relative margin the control is not known either. */
export function excessOver(
  effects: Effects,
  { slo, definition }: RatioSlo,
  plain: Effect,
): Effect | Inconclusive {
  const sign = slo.better === "lower" ? 1 : -1;
  const { kind, value } = slo.margin;
  if (kind === "relative" && !isLog(definition)) {
    const against = effects(1 + sign * value * Math.sign(plain.control));
    return against.kind === "inconclusive" ? against : { ...against, value: sign * against.value };
  }
  return { ...plain, value: sign * plain.value - absoluteMargin(slo.margin) };
}

/** A tenth more of a geometric mean is log 1.1 on the scale of logarithms. */
function absoluteMargin({ kind, value }: Margin): number {
  return kind === "relative" ? Math.log1p(value) : value;
}

export function isShown(
  { value, standardError, units, df }: Effect,
  alternative: "greater" | "less",
  alpha: number,
  plannedN: number,
): boolean {
  const found = oneSidedSequence({ value, standardError, n: units, df, alpha, plannedN, alternative });
  if (found.kind === "inconclusive") return false;
  return alternative === "greater" ? found.interval.low > 0 : found.interval.high < 0;
}

function isLog({ name }: MetricDefinition): boolean {
  return name === "latency_log";
}

function tableOf({ tables, facts, outcomes, now }: RampContext, { definition, shape }: RatioSlo): UnitTable {
  if (shape !== undefined) return tables.ofRequests(shape, capOf(facts, shape));
  if (definition.outcome === undefined) throw new RangeError(`metric "${definition.name}" has no definition`);
  return tables.ofOutcomes(outcomes, definition.outcome, now);
}
