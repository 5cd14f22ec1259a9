import type { Inconclusive } from "../domain/estimate.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import type { PlanSizes, Size } from "./plan-sizes.ts";
import { amountText, countText, shareText, valueText } from "./quantity.ts";

/** A plan as a short table, and what it rests on. */
export function planText(inputs: PlanInputs, sizes: PlanSizes): string {
  const parts = [
    [headline(inputs)],
    sizeLines(inputs, sizes),
    visibleLines(inputs, sizes),
    restsOn(inputs, sizes),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function headline(inputs: PlanInputs): string {
  const { metric, baseline, effect, metricUnit, familyAlpha, power, arms } = inputs;
  const parts = [
    ...(metric === undefined ? [] : [metric]),
    ...(baseline === undefined ? [] : [`control ${valueText(baseline, undefined, metricUnit)}`]),
    ...(effect === undefined ? [] : [`effect ${amount(effect, inputs)}`]),
    `alpha ${familyAlpha}`,
    `power ${power}`,
    `${arms} variants of equal size`,
  ];
  return parts.join(", ");
}

function sizeLines(
  { unitName, unitsPerDay, unitsSoFar }: PlanInputs,
  { needed, peekingPrice }: PlanSizes,
): string[] {
  if (needed === undefined) return [];
  const hasDays = unitsPerDay !== undefined && unitsPerDay > 0;
  const head = [
    "",
    `${unitName}s a variant`,
    `all ${unitName}s`,
    hasDays ? `days at ${countText(unitsPerDay)} a day` : "",
  ];
  const row = (name: string, { unitsPerArm, units, days }: Size) => [
    name,
    countText(unitsPerArm),
    countText(units),
    days === undefined ? "" : daysText(days, unitsSoFar),
  ];
  const price = `looks at any time (x${peekingPrice.toFixed(2)})`;
  return table([head, row("one look at the end", needed.fixed), row(price, needed.alwaysValid)]);
}

function daysText(days: number, unitsSoFar: number): string {
  const text = days < 10 ? days.toFixed(1) : countText(Math.ceil(days));
  return unitsSoFar > 0 ? `${text} more` : text;
}

function visibleLines(inputs: PlanInputs, { visible }: PlanSizes): string[] {
  const { units, unitName } = inputs;
  if (visible === undefined || units === undefined) return [];
  const text = (found: number | Inconclusive) =>
    typeof found === "number" ? amount(found, inputs) : `none (${found.message})`;
  return [
    `The smallest effect that ${countText(units)} ${unitName}s show:`,
    ...table([
      ["one look at the end", text(visible.fixed)],
      ["looks at any time", text(visible.alwaysValid)],
    ]),
  ];
}

function restsOn(inputs: PlanInputs, sizes: PlanSizes): string[] {
  const { spread, requestsPerUnit, intraclassCorrelation, comparisons, alpha, unitName, unitsSoFar } = inputs;
  const icc = inputs.measuredCorrelation;
  const correlation = icc === undefined ? "" : ` (intraclass correlation ${Number(icc.toPrecision(2))})`;
  return [
    ...(spread.kind === "measured"
      ? [
          `Spread, clusters and traffic are those of ${countText(unitsSoFar)} ${unitName}s so far${correlation}.`,
        ]
      : []),
    ...(requestsPerUnit > 1 && spread.kind !== "measured"
      ? [
          `${requestsPerUnit} requests a ${unitName} at an intraclass correlation of ${intraclassCorrelation}: design effect ${Number(sizes.designEffect.toPrecision(4))}.`,
        ]
      : []),
    ...(comparisons > 1
      ? [
          `alpha is shared by ${comparisons} comparisons (Holm): ${Number(alpha.toPrecision(3))} for the first.`,
        ]
      : []),
  ];
}

function amount(effect: number, { metricUnit, baseline }: PlanInputs): string {
  const text = amountText(effect, { unit: metricUnit, scale: "linear" });
  const relative =
    baseline === undefined || baseline === 0 ? "" : ` (${shareText(effect / Math.abs(baseline))})`;
  return `${text}${relative}`;
}

/** The first column to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("   ")
      .trimEnd(),
  );
}
