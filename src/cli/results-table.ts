/** One treatment's table: two lines a metric, the values above and their difference below. */
import type { Estimate } from "../domain/estimate.ts";
import type { ArmValue, Comparison, ExperimentReport, MetricReport } from "../domain/report.ts";
import { glyphLegend, intervalGlyph } from "./interval-glyph.ts";
import { amountText, countText, differenceText, pText, valueText } from "./quantity.ts";
import { detailLines } from "./results-details.ts";
import { correctedPValue, type Judgement, judge, signColours } from "./results-judgement.ts";
import { paint, type Screen, screenWidth, shownText, wrapped } from "./screen.ts";

/** Two spaces between columns; the name's column also holds the judgement of the line below. */
const gap = "  ";
const nameWidth = 24;

export interface TableOptions {
  readonly screen: Screen;
  /** What is only watched too, and every other way to look at a difference. */
  readonly isAll: boolean;
}

/** The table of `variantId` against the control, as lines; at least one metric must be shown. */
export function comparisonTable(
  report: ExperimentReport,
  variantId: string,
  { screen, isAll }: TableOptions,
): string[] {
  const rows = shownMetrics(report, isAll).map((metric) => rowOf(report, metric, variantId, screen));
  const armWidth = Math.max(...rows.flatMap(({ control }) => [control.length, report.controlId.length])) + 2;
  const effectWidth = Math.max(...rows.map(({ effect }) => effect?.difference.length ?? 0));
  const pWidth = Math.max(...rows.map(({ effect }) => effect?.p.length ?? 0));
  const used = 2 + nameWidth + gap.length + effectWidth + gap.length + gap.length + pWidth;
  const layout = { armWidth, effectWidth, glyphWidth: glyphWidthOf(screenWidth - used) };
  const name = (id: string) => shownText(id, screen);
  const head = `${" ".repeat(2 + nameWidth)}${gap}${name(report.controlId).padEnd(armWidth)}${gap}${name(variantId)}`;
  const lines = rows.flatMap((row, at) => {
    const isFirst = row.metric.role !== rows[at - 1]?.metric.role;
    const details = isAll ? detailLines(row.metric, row.comparison, screen) : [];
    return [
      ...(isFirst ? [paint(roleNames[row.metric.role], "bold", screen)] : []),
      ...rowLines(row, layout, screen),
      ...details.map((line) => paint(line, "dim", screen)),
    ];
  });
  const legend = [...marginLines(rows, screen), legendOf(report, screen)];
  return [paint(head, "dim", screen), ...lines, ...legend.map((line) => paint(line, "dim", screen))];
}

const roleNames = { goal: "goals", guardrail: "guardrails", watched: "watched" } as const;

/** Without goals there is nothing but what is watched to look at. */
export function shownMetrics(report: ExperimentReport, isAll: boolean): readonly MetricReport[] {
  const hasGoals = report.metrics.some(({ role }) => role === "goal");
  return report.metrics.filter(({ role }) => role !== "watched" || isAll || !hasGoals);
}

interface Row {
  readonly metric: MetricReport;
  readonly comparison: Comparison | undefined;
  readonly judgement: Judgement;
  readonly control: string;
  readonly treatment: string;
  /** Undefined where there is none; `missing` says why. */
  readonly effect:
    | { readonly difference: string; readonly p: string; readonly estimate: Estimate }
    | undefined;
  readonly missing: string;
}

function rowOf(report: ExperimentReport, metric: MetricReport, variantId: string, screen: Screen): Row {
  const arm = (id: string) => {
    const found = metric.arms.find((one) => one.variantId === id);
    return shownText(armText(found, metric), screen);
  };
  const comparison = metric.comparisons.find((one) => one.variantId === variantId);
  // The verdict goes by the sequence, before the planned size and after it.
  const estimate = comparison?.sequence;
  return {
    metric,
    comparison,
    judgement: judge(report, metric, comparison),
    control: arm(report.controlId),
    treatment: arm(variantId),
    effect:
      comparison === undefined || estimate?.kind !== "estimate"
        ? undefined
        : {
            estimate,
            difference: shownText(differenceText(estimate.value, estimate.interval, metric), screen),
            p: probability(metric, comparison, estimate),
          },
    missing: shownText(estimate?.kind === "inconclusive" ? estimate.message : "nobody met it yet", screen),
  };
}

function armText(arm: ArmValue | undefined, { unit }: MetricReport): string {
  if (arm?.value === undefined) return `no value (${countText(arm?.units ?? 0)})`;
  return `${valueText(arm.value, arm.halfWidth, unit)} (${countText(arm.units)})`;
}

/** Nothing for a guardrail: the p-value is of no difference at all, and what is asked is the margin. */
function probability({ role }: MetricReport, comparison: Comparison, estimate: Estimate): string {
  if (role === "guardrail") return "";
  return `p ${pText(correctedPValue(comparison) ?? estimate.pValue)} always valid`;
}

interface Layout {
  readonly armWidth: number;
  readonly effectWidth: number;
  readonly glyphWidth: number;
}

function rowLines(row: Row, { armWidth, effectWidth, glyphWidth }: Layout, screen: Screen): string[] {
  const { metric, judgement, effect } = row;
  const colour = signColours[judgement.sign];
  const sign = (screen.isUnicode ? unicodeSigns : asciiSigns)[judgement.sign];
  const name = cut(shownText(metric.metric, screen), screen).padEnd(nameWidth);
  const values = `${row.control.padEnd(armWidth)}${gap}${row.treatment}`;
  const above = `${paint(sign, colour, screen)} ${paint(name, "bold", screen)}${gap}${values}`;
  const word = paint(judgement.word.padEnd(nameWidth), colour, screen);
  if (effect === undefined) {
    const indent = " ".repeat(2 + nameWidth + gap.length);
    const [first = "", ...rest] = wrapped(row.missing, screenWidth - indent.length);
    return [above, `  ${word}${gap}${first}`, ...rest.map((line) => `${indent}${line}`)];
  }
  const { value, interval } = effect.estimate;
  const glyph = intervalGlyph({ value, interval, margin: marginOf(row), width: glyphWidth }, screen);
  const below = `  ${word}${gap}${effect.difference.padEnd(effectWidth)}${gap}${glyph}${gap}${effect.p}`;
  return [above, below.trimEnd()];
}

const unicodeSigns = { good: "✓", bad: "✗", open: "·" } as const;
const asciiSigns = { good: "+", bad: "x", open: "." } as const;

/** The margin as a difference: on the side that harms. */
function marginOf({ metric, comparison }: Row): number | undefined {
  const margin = comparison?.guardrail?.margin;
  if (margin === undefined || !Number.isFinite(margin)) return undefined;
  return metric.better === "higher" ? -margin : margin;
}

function cut(name: string, screen: Screen): string {
  if (name.length <= nameWidth) return name;
  const end = screen.isUnicode ? "…" : "...";
  return `${name.slice(0, nameWidth - end.length)}${end}`;
}

/** Odd, so that zero has a middle. */
function glyphWidthOf(room: number): number {
  const width = Math.max(9, Math.min(21, room));
  return width % 2 === 1 ? width : width - 1;
}

function legendOf(report: ExperimentReport, screen: Screen): string {
  const percent = Number(((1 - report.alpha) * 100).toPrecision(4));
  return `  (n) ${report.unit}s with a value; [ ] ${percent} % interval; ${glyphLegend(screen)}`;
}

/** The harm that each guardrail tolerates: `error_rate 1 points`, `latency_p95 20 %`. */
function marginLines(rows: readonly Row[], screen: Screen): string[] {
  const margins = rows.flatMap(({ metric }) => {
    const { margin } = metric;
    if (margin === undefined) return [];
    const percent = `${Number((margin.value * 100).toPrecision(6))} % of the control`;
    const text = margin.kind === "relative" ? percent : amountText(margin.value, metric);
    return [`${metric.metric} ${text}`];
  });
  if (margins.length === 0) return [];
  const text = shownText(`margins: ${margins.join(", ")}`, screen);
  return wrapped(text, screenWidth - 2).map((line) => `  ${line}`);
}
