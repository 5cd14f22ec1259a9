import type { Inconclusive } from "../domain/estimate.ts";
import type { Better, Margin, MetricUse } from "../domain/metric.ts";
import type { AnalysisPlan, Comparison } from "../domain/report.ts";
import { deterioration, nonInferiority } from "./non-inferiority.ts";
import { alwaysValid, type Effect } from "./pooled-effect.ts";

/**
 * Within its margin, or harmed? Non-inferiority is not corrected, for all guardrails must pass; harm is asked at α/m, for any one
 * of m forbids shipping. A guardrail that is a little worse and shown to be within its margin is tolerated: that is what a margin is.
 */
export function guardrailOf(asked: {
  readonly plan: AnalysisPlan;
  readonly use: MetricUse;
  readonly better: Better;
  /** The effect is a difference of logarithms. */
  readonly isLog: boolean;
  readonly effect: Effect | Inconclusive;
  /** Treatment − factor · control: with a relative margin the control is not known either. */
  readonly times: (factor: number) => Effect | Inconclusive;
}): Comparison["guardrail"] {
  const { plan, use, better, effect } = asked;
  if (use.role !== "guardrail" || use.margin === undefined) return undefined;
  if (effect.kind === "inconclusive") return { margin: undefined, isNonInferior: false, isHarmed: false };
  const margin = marginOf(use.margin, effect.control, asked.isLog);
  // Where nothing varies there is nothing to be unsure of: the difference stands as it is.
  if (effect.standardError === 0) {
    const harm = better === "lower" ? effect.value : -effect.value;
    return { margin, isNonInferior: harm < margin, isHarmed: harm >= margin };
  }
  const isNonInferior = isWithin(asked, effect, margin);
  const watched = plan.metrics.filter(({ role }) => role === "guardrail").length;
  const alpha = plan.alpha / watched;
  const strict = alwaysValid(effect, { alpha, plannedN: plan.plannedUnits });
  const worse = strict.kind === "estimate" && deterioration({ estimate: strict, better, alpha: alpha / 2 });
  const isWorse = worse !== false && worse.kind === "deterioration" && worse.isWorse;
  return { margin, isNonInferior, isHarmed: isWorse && !isNonInferior };
}

function isWithin(
  { plan, use, better, isLog, times }: Parameters<typeof guardrailOf>[0],
  effect: Effect,
  margin: number,
): boolean {
  const look = { alpha: plan.alpha, plannedN: plan.plannedUnits };
  if (use.margin?.kind === "relative" && !isLog) {
    const worse = better === "lower" ? use.margin.value : -use.margin.value;
    const against = alwaysValid(times(1 + worse * Math.sign(effect.control)), look);
    if (against.kind === "inconclusive") return false;
    return better === "lower" ? against.interval.high < 0 : against.interval.low > 0;
  }
  const estimate = alwaysValid(effect, look);
  if (estimate.kind === "inconclusive") return false;
  const found = nonInferiority({ estimate, better, alpha: plan.alpha / 2, margin });
  return found.kind === "non_inferiority" && found.isNonInferior;
}

/** In the units of the effect. A tenth more of a geometric mean is log 1.1 on the scale of logarithms, whatever the mean is. */
function marginOf(margin: Margin, control: number, isLog: boolean): number {
  if (margin.kind === "absolute") return margin.value;
  return isLog ? Math.log1p(margin.value) : margin.value * Math.abs(control);
}
