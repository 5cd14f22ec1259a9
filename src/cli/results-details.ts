import type { Estimate, Inconclusive } from "../domain/estimate.ts";
import type { Comparison, MetricReport } from "../domain/report.ts";
import { amountText, differenceText, liftText, pText, valueText } from "./quantity.ts";
import { type Screen, screenWidth, shownText, wrapped } from "./screen.ts";

const indent = " ".repeat(4);

/** The other ways to look at one difference, for `--all`: they never decide. */
export function detailLines(
  metric: MetricReport,
  comparison: Comparison | undefined,
  screen: Screen,
): string[] {
  if (comparison === undefined) return [];
  const facts = [...ofMetric(metric), ...ofComparison(metric, comparison)];
  return facts.flatMap((fact) =>
    wrapped(shownText(fact, screen), screenWidth - indent.length, "  ").map((line) => `${indent}${line}`),
  );
}

function ofMetric({ description, arms, unit }: MetricReport): string[] {
  // A cap that takes next to nothing away is not worth a line.
  const uncapped = arms.flatMap(({ variantId, value = 0, uncapped: raw = value }) =>
    Math.abs(raw - value) > 0.0005 * Math.abs(value)
      ? [`${variantId} ${valueText(raw, undefined, unit)}`]
      : [],
  );
  return [
    ...(description === "" ? [] : [description]),
    ...(uncapped.length === 0 ? [] : [`before capping: ${uncapped.join(", ")}`]),
  ];
}

function ofComparison(metric: MetricReport, comparison: Comparison): string[] {
  const { shown, lift, bayes, cuped, asTreated, intraclassCorrelation: icc, perPhase } = comparison;
  const text = (estimate: Estimate | Inconclusive) => estimateText(estimate, metric);
  return [
    ...(lift === undefined ? [] : [`relative: ${liftText(lift.value, lift.interval)}`]),
    // Before the planned size it would be too narrow.
    ...(shown === "fixed" ? [`fixed, valid once: ${text(comparison.fixed)}`] : []),
    ...(cuped === undefined ? [] : [`by history (CUPED): ${text(cuped)}${saved(cuped)}`]),
    ...(asTreated === undefined ? [] : [`as served: ${text(asTreated)}`]),
    ...(bayes === undefined
      ? []
      : [
          `Bayes: better with ${percent(bayes.chanceBetter)}, expected loss ${amountText(bayes.expectedLoss, metric)}`,
        ]),
    ...(icc === undefined ? [] : [`intraclass correlation: ${Number(icc.toPrecision(2))}`]),
    ...(perPhase.length < 2
      ? []
      : perPhase.map(({ phaseId, estimate }) => `phase ${phaseId}: ${text(estimate)}`)),
  ];
}

function estimateText(estimate: Estimate | Inconclusive, metric: MetricReport): string {
  if (estimate.kind === "inconclusive") return estimate.message;
  const difference = differenceText(estimate.value, estimate.interval, metric);
  return metric.role === "guardrail" ? difference : `${difference}, p ${pText(estimate.pValue)}`;
}

function saved(cuped: NonNullable<Comparison["cuped"]>): string {
  return cuped.kind === "estimate" ? `, ${percent(cuped.varianceReduction)} less variance` : "";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
