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
}): Comparison["guardrail"] {
  const { plan, use, better, effect } = asked;
  if (use.role !== "guardrail" || use.margin === undefined) return undefined;
  if (effect.kind === "inconclusive") return { margin: undefined, isNonInferior: false, isHarmed: false };
  const { alpha, plannedUnits: plannedN } = plan;
  const margin = marginOf(use.margin, effect.control, asked.isLog);
  const watched = plan.metrics.filter(({ role }) => role === "guardrail").length;
  const sequence = alwaysValid(effect, { alpha, plannedN });
  const strict = alwaysValid(effect, { alpha: alpha / watched, plannedN });
  const isNonInferior =
    sequence.kind === "estimate" &&
    isTrue(nonInferiority({ estimate: sequence, better, alpha: alpha / 2, margin }));
  const isWorse =
    strict.kind === "estimate" &&
    isTrue(deterioration({ estimate: strict, better, alpha: alpha / watched / 2 }));
  return { margin, isNonInferior, isHarmed: isWorse && !isNonInferior };
}

function isTrue(found: ReturnType<typeof nonInferiority> | ReturnType<typeof deterioration>): boolean {
  if (found.kind === "non_inferiority") return found.isNonInferior;
  return found.kind === "deterioration" && found.isWorse;
}

/** In the units of the effect. A tenth more of a geometric mean is log 1.1 on the scale of logarithms, whatever the mean is. */
function marginOf(margin: Margin, control: number, isLog: boolean): number {
  if (margin.kind === "absolute") return margin.value;
  return isLog ? Math.log1p(margin.value) : margin.value * Math.abs(control);
}
