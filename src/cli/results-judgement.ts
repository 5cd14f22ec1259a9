import type { Comparison, ExperimentReport, MetricReport } from "../domain/report.ts";
import type { Colour } from "./screen.ts";

/** What one line of the table comes to. */
export interface Judgement {
  readonly word:
    | "better"
    | "worse"
    | "unclear"
    | "within margin"
    | "harmed"
    | "not shown yet"
    | "data not sound";
  readonly sign: "good" | "bad" | "open";
}

export const signColours: Readonly<Record<Judgement["sign"], Colour | undefined>> = {
  good: "green",
  bad: "red",
  open: undefined,
};

/**
 * A goal is better or worse at its always-valid p-value, corrected over all goals; a guardrail is judged by its margin; and
 * what is only watched at the p-value that is corrected over all that is watched. Data that are not sound show harm at most.
 */
export function judge(
  report: ExperimentReport,
  metric: MetricReport,
  comparison: Comparison | undefined,
): Judgement {
  if (comparison === undefined) return { word: "unclear", sign: "open" };
  const judged =
    metric.role === "guardrail" ? judgeGuardrail(comparison) : judgeEffect(report, metric, comparison);
  const isBelieved = report.soundness.isSound || judged.sign !== "good";
  return isBelieved ? judged : { word: "data not sound", sign: "open" };
}

function judgeEffect(report: ExperimentReport, metric: MetricReport, comparison: Comparison): Judgement {
  const { sequence } = comparison;
  if (sequence.kind === "inconclusive") return { word: "unclear", sign: "open" };
  const pValue = correctedPValue(comparison) ?? sequence.pValue;
  if (pValue > report.alpha || sequence.value === 0) return { word: "unclear", sign: "open" };
  const isBetter = sequence.value > 0 === (metric.better === "higher");
  return isBetter ? { word: "better", sign: "good" } : { word: "worse", sign: "bad" };
}

function judgeGuardrail({ guardrail }: Comparison): Judgement {
  if (guardrail?.isHarmed === true) return { word: "harmed", sign: "bad" };
  if (guardrail?.isNonInferior === true) return { word: "within margin", sign: "good" };
  return { word: "not shown yet", sign: "open" };
}

/** Of the always-valid p-value: by Holm for a goal, by Benjamini and Hochberg for what is watched. */
export function correctedPValue(comparison: Comparison): number | undefined {
  return comparison.adjustedPValue ?? comparison.falseDiscoveryPValue;
}
