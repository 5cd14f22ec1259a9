import type { MetricUnit } from "../domain/metric.ts";
import type { Comparison, MetricReport } from "../domain/report.ts";

/** An effect in words with its always-valid interval: `+4.1 points (+1.2 to +7.0)`. */
export function effectText(metric: Pick<MetricReport, "unit" | "scale">, comparison: Comparison): string {
  const { sequence, lift } = comparison;
  if (metric.scale === "log" && lift !== undefined) {
    return rangeText(lift.value, lift.interval, (value) => `${signed(100 * value)} %`);
  }
  if (sequence.kind === "inconclusive") return `unknown (${sequence.message})`;
  return rangeText(sequence.value, sequence.interval, (value) => amountText(value, metric.unit));
}

function rangeText(
  value: number,
  { low, high }: { readonly low: number; readonly high: number },
  text: (value: number) => string,
): string {
  const isOpen = !Number.isFinite(low) && !Number.isFinite(high);
  return isOpen ? `${text(value)} (no bound yet)` : `${text(value)} (${text(low)} to ${text(high)})`;
}

function amountText(value: number, unit: MetricUnit): string {
  switch (unit) {
    case "share":
      return `${signed(100 * value)} points`;
    case "ms":
      return `${signed(value)} ms`;
    case "usd":
      return `${value < 0 ? "-" : "+"}$${digits(Math.abs(value))}`;
    case "tokens":
      return `${signed(value)} tokens`;
    case "value":
      return signed(value);
  }
}

function signed(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "-∞";
  return `${value < 0 ? "-" : "+"}${digits(Math.abs(value))}`;
}

/** Three digits that say something. */
function digits(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
