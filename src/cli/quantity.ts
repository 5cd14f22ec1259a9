/** How a metric's numbers are written for people: shares as %, milliseconds, dollars; never more digits than are known. */
import type { Interval } from "../domain/estimate.ts";
import type { MetricUnit } from "../domain/metric.ts";
import type { MetricReport } from "../domain/report.ts";

type Measure = Pick<MetricReport, "unit" | "scale">;

interface Notation {
  readonly scale: number;
  readonly before: string;
  readonly after: string;
  /** After a difference: shares differ in percentage points. */
  readonly afterDifference: string;
}

const notations: Readonly<Record<MetricUnit, Notation>> = {
  share: { scale: 100, before: "", after: " %", afterDifference: " points" },
  ms: { scale: 1, before: "", after: " ms", afterDifference: " ms" },
  usd: { scale: 1, before: "$", after: "", afterDifference: "" },
  tokens: { scale: 1, before: "", after: " tokens", afterDifference: " tokens" },
  value: { scale: 1, before: "", after: "", afterDifference: "" },
};

/** `71.2 ± 1.4 %`. */
export function valueText(value: number, halfWidth: number | undefined, unit: MetricUnit): string {
  const { scale, before, after } = notations[unit];
  const digits = digitsFor(halfWidth === undefined ? undefined : halfWidth * scale, value * scale);
  const shown = numberText(value * scale, digits);
  if (halfWidth === undefined) return `${signed(shown, before)}${after}`;
  return `${signed(shown, before)} ± ${numberText(halfWidth * scale, digits)}${after}`;
}

/** `+3.1 [+0.9, +5.3] points`. A difference of logarithms is shown as the change, in %, of the geometric mean. */
export function differenceText(value: number, interval: Interval, { unit, scale }: Measure): string {
  if (scale === "log") {
    return liftText(Math.expm1(value), { low: Math.expm1(interval.low), high: Math.expm1(interval.high) });
  }
  const { scale: factor, before, afterDifference } = notations[unit];
  const scaled = { low: interval.low * factor, high: interval.high * factor };
  return written(value * factor, scaled, { before, after: afterDifference });
}

/** `+4.4 [+1.2, +7.6] %`, of a relative difference. */
export function liftText(value: number, interval: Interval): string {
  const scaled = { low: interval.low * 100, high: interval.high * 100 };
  return written(value * 100, scaled, { before: "", after: " %" });
}

/** One difference by itself, with its unit: `2 points`, `$0.0012`. */
export function amountText(value: number, { unit, scale }: Measure): string {
  const {
    scale: factor,
    before,
    afterDifference,
  } = scale === "log" ? { scale: 100, before: "", afterDifference: " %" } : notations[unit];
  const shown = (scale === "log" ? Math.expm1(value) : value) * factor;
  const text = numberText(shown, digitsFor(undefined, shown))
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  return `${signed(text, before)}${afterDifference}`;
}

/** `0.0042`, `<0.0001`. */
export function pText(pValue: number): string {
  if (pValue < 0.0001) return "<0.0001";
  if (pValue > 0.99) return ">0.99";
  return pValue >= 0.1 ? pValue.toFixed(2) : String(Number(pValue.toPrecision(2)));
}

/** `8,214`. */
export function countText(count: number): string {
  return new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }).format(count);
}

/** `1 user`, `8,214 users`. */
export function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** `50.0 %`. */
export function shareText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function written(
  value: number,
  { low, high }: Interval,
  { before, after }: { readonly before: string; readonly after: string },
): string {
  const width = high - low;
  const digits = digitsFor(Number.isFinite(width) ? width / 2 : undefined, value);
  const text = (number: number, decimals = digits) =>
    signed(numberText(number, decimals, "exceptZero"), before);
  const bound = (number: number) => text(number, digitsOfBound(number, digits));
  return `${text(value)} [${bound(low)}, ${bound(high)}]${after}`;
}

/** A bound that rounds to 0 would hide on which side of it it is: it gets the decimals of its first digit. */
function digitsOfBound(bound: number, digits: number): number {
  const size = Math.abs(bound);
  if (size >= 0.5 * 10 ** -digits || size < 10 ** -mostDigits) return digits;
  return Math.min(mostDigits, -Math.floor(Math.log10(size)));
}

/** Decimals that leave two significant digits of the uncertainty, or three of the value where there is none. */
function digitsFor(uncertainty: number | undefined, value: number): number {
  const isKnown =
    uncertainty !== undefined && uncertainty > 10 ** -mostDigits && Number.isFinite(uncertainty);
  const size = isKnown ? uncertainty : Math.abs(value) / 10;
  if (size === 0 || !Number.isFinite(size)) return 0;
  return Math.min(mostDigits, Math.max(0, 1 - Math.floor(Math.log10(size))));
}

// What is smaller is the rounding of a sum.
const mostDigits = 9;

function numberText(
  value: number,
  digits: number,
  signDisplay: "negative" | "exceptZero" = "negative",
): string {
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "-∞";
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay };
  const text = new Intl.NumberFormat("en-US", options).format(value);
  if (text.length <= longest) return text;
  return new Intl.NumberFormat("en-US", {
    notation: "scientific",
    maximumFractionDigits: 3,
    signDisplay,
  }).format(value);
}

// Of one number: three of them and the glyph must fit beside each other.
const longest = 12;

function signed(number: string, before: string): string {
  const sign = /^[+-]/.exec(number)?.[0] ?? "";
  return `${sign}${before}${number.slice(sign.length)}`;
}
