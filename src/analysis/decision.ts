/** From estimates to a sentence: ship, roll back, keep running, or nothing yet. */
import type {
  AnalysisPlan,
  Comparison,
  Decision,
  MetricReport,
  Progress,
  Soundness,
  VariantCount,
  Verdict,
} from "../domain/report.ts";
import { effectText } from "./effect-text.ts";

export interface DecisionFacts {
  readonly plan: AnalysisPlan;
  readonly metrics: readonly MetricReport[];
  readonly variants: readonly VariantCount[];
  readonly soundness: Soundness;
  readonly progress: Progress;
}

type Judgement = Decision["perVariant"][number];

/**
 * The rule of Spotify's experimentation platform (Schultzberg, Ankargren and Frånberg 2024, Risk-aware product decisions): ship when a
 * goal wins, every guardrail is shown to be within its margin, and nothing has got worse. Harm is acted upon even when the
 * data are not sound, for a fault of ours must not keep users under it; a winner is never named then.
 */
export function decide(facts: DecisionFacts): Decision {
  const treatments = facts.plan.variantIds.filter((id) => id !== facts.plan.controlId);
  const perVariant = treatments.map((variantId) => judge(variantId, facts));
  const chosen = choose(perVariant, facts);
  if (chosen === undefined) {
    return {
      verdict: "inconclusive",
      variantId: undefined,
      sentence: "Inconclusive: the experiment has no treatment to compare with its control.",
      perVariant,
    };
  }
  const { verdict, variantId, reasons } = chosen;
  const named = treatments.length > 1 ? ` "${variantId}"` : "";
  return { verdict, variantId, sentence: sentenceOf(verdict, { variantId, named, reasons }), perVariant };
}

function judge(variantId: string, facts: DecisionFacts): Judgement {
  const { plan, metrics, soundness, progress, variants } = facts;
  const mine = metrics.flatMap((metric) => {
    const comparison = metric.comparisons.find((one) => one.variantId === variantId);
    return comparison === undefined ? [] : [{ metric, comparison }];
  });
  const harms = mine.filter(({ metric, comparison }) => isHarm(metric, comparison, plan.alpha)).map(harmText);
  if (harms.length > 0) return { variantId, verdict: "roll_back", reasons: harms };
  if (!soundness.isSound) return { variantId, verdict: "inconclusive", reasons: soundness.problems };
  const few = tooFew(variantId, variants, plan);
  if (few !== undefined) return { variantId, verdict: "inconclusive", reasons: [few] };
  const goals = mine.filter(({ metric }) => metric.role === "goal");
  if (goals.length === 0) {
    const reason = "no goal is declared; list one under `analysis.goals` of the experiment";
    return { variantId, verdict: "inconclusive", reasons: [reason] };
  }
  const wins = goals.filter(({ metric, comparison }) => isWin(metric, comparison, plan.alpha));
  const open = mine.filter(({ comparison }) => comparison.guardrail?.isNonInferior === false);
  if (wins.length > 0 && open.length === 0) {
    return { variantId, verdict: "ship", reasons: [...wins.map(winText), guardrailsText(mine)] };
  }
  const reasons = [
    ...(wins.length > 0 ? wins.map(winText) : [`no goal has won yet: ${goals.map(goalText).join("; ")}`]),
    ...(open.length > 0 ? [`not yet shown to be within its margin: ${open.map(nameOf).join(", ")}`] : []),
  ];
  const verdict = progress.isPlanReached ? "inconclusive" : "keep_running";
  return { variantId, verdict, reasons: [...reasons, progressText(progress)] };
}

/** The best news first, except that harm is never kept back behind it. */
function choose(perVariant: readonly Judgement[], facts: DecisionFacts): Judgement | undefined {
  const rank: readonly Verdict[] = ["ship", "roll_back", "keep_running", "inconclusive"];
  const [best] = perVariant.toSorted(
    (one, other) =>
      rank.indexOf(one.verdict) - rank.indexOf(other.verdict) ||
      leadOf(other.variantId, facts) - leadOf(one.variantId, facts),
  );
  return best;
}

/** How far a variant is ahead on the first goal, in standard errors. */
function leadOf(variantId: string, { metrics }: DecisionFacts): number {
  const goal = metrics.find(({ role }) => role === "goal");
  const estimate = goal?.comparisons.find((one) => one.variantId === variantId)?.sequence;
  if (goal === undefined || estimate?.kind !== "estimate") return Number.NEGATIVE_INFINITY;
  return (estimate.value / estimate.standardError) * directionOf(goal);
}

export function directionOf({ better }: Pick<MetricReport, "better">): 1 | -1 {
  return better === "higher" ? 1 : -1;
}

function isWin(metric: MetricReport, { sequence, adjustedPValue }: Comparison, alpha: number): boolean {
  if (sequence.kind !== "estimate" || adjustedPValue === undefined) return false;
  return adjustedPValue <= alpha && sequence.value * directionOf(metric) > 0;
}

function isHarm(metric: MetricReport, comparison: Comparison, alpha: number): boolean {
  if (metric.role === "guardrail") return comparison.guardrail?.isHarmed === true;
  const { sequence, adjustedPValue } = comparison;
  if (metric.role !== "goal" || sequence.kind !== "estimate" || adjustedPValue === undefined) return false;
  return adjustedPValue <= alpha && sequence.value * directionOf(metric) < 0;
}

function tooFew(
  variantId: string,
  variants: readonly VariantCount[],
  plan: AnalysisPlan,
): string | undefined {
  const short = variants.filter(
    ({ variantId: id, units }) => (id === variantId || id === plan.controlId) && units < plan.minimumUnits,
  );
  if (short.length === 0) return undefined;
  const counts = short.map(({ variantId: id, units }) => `${id} has ${units}`);
  return `too few units: ${counts.join(" and ")}, and ${plan.minimumUnits} in each variant are the least that says anything`;
}

function sentenceOf(
  verdict: Verdict,
  facts: { readonly variantId: string; readonly named: string; readonly reasons: readonly string[] },
): string {
  const { variantId, named, reasons } = facts;
  const why = reasons.join("; ");
  switch (verdict) {
    case "ship":
      return `Ship "${variantId}": ${why}.`;
    case "roll_back":
      return `Roll back "${variantId}": ${why}.`;
    case "keep_running":
      return `Keep running${named}: ${why}.`;
    case "inconclusive":
      return `Inconclusive for "${variantId}": ${why}.`;
  }
}

interface Mine {
  readonly metric: MetricReport;
  readonly comparison: Comparison;
}

function winText({ metric, comparison }: Mine): string {
  return `${metric.metric} is better by ${effectText(metric, comparison)}`;
}

function harmText({ metric, comparison }: Mine): string {
  return `${metric.metric} is worse by ${effectText(metric, comparison)}`;
}

function goalText({ metric, comparison }: Mine): string {
  return `${metric.metric} ${effectText(metric, comparison)}`;
}

function nameOf({ metric }: Mine): string {
  return metric.metric;
}

function guardrailsText(mine: readonly Mine[]): string {
  const count = mine.filter(({ metric }) => metric.role === "guardrail").length;
  if (count === 0) return "no guardrail metric is declared";
  return count === 1 ? "its guardrail metric holds" : `all ${count} guardrail metrics hold`;
}

function progressText({ units, plannedUnits, daysLeft, isPlanReached }: Progress): string {
  if (isPlanReached) return `${units} units, which is what was planned (${plannedUnits})`;
  const days = daysLeft === undefined ? "" : `, ${Math.ceil(daysLeft)} more days at today's traffic`;
  return `${units} of ${plannedUnits} planned units${days}`;
}
