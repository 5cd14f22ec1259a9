/** Is a quantile worse than tolerated? By anytime-valid quantiles on one request of each unit, carried over the whole ramp. */
import type { Margin } from "../domain/metric.ts";
import type { RampSlo } from "../domain/ramp.ts";
import { quantileDifferenceSequence } from "./anytime-quantile.ts";
import { critical } from "./metric-report.ts";
import type { Arm, RampContext } from "./ramp-context.ts";
import {
  alphasOf,
  finite,
  finiteInterval,
  type Measured,
  nothing,
  unknown,
  verdictOf,
} from "./ramp-verdict.ts";
import type { MetricShape, RequestValue } from "./request-values.ts";

type QuantileShape = Extract<MetricShape, { kind: "quantile" }>;

/**
 * Phases are thrown together, which no other report may do: a ramp's arms are equal at every step, so each phase weighs the same in
 * both of them, and what changes between phases is no effect.
 */
export function quantileReading(context: RampContext, slo: RampSlo, { p, value }: QuantileShape): Measured {
  const { config } = context;
  const { treatment, control } = firstsOf(context, value);
  const fewest = Math.min(treatment.length, control.length);
  const alphas = alphasOf(config);
  const tunedFor = Math.max(1, ...config.steps.map(({ leastUnits }) => leastUnits));
  const tolerated = control.map(toleratedBy(slo));
  const excess = (alpha: number) => intervalOf(treatment, tolerated, { p, alpha, tunedFor });
  const isHarm = isWorse(slo, excess(alphas.harm));
  // Ranks of the textbook's interval (Deng et al. 2018): fewer units have no such quantile to speak of.
  const least = Math.ceil((critical ** 2 * Math.max(p, 1 - p)) / Math.min(p, 1 - p));
  if (!isHarm && fewest < least)
    return unknown(`${fewest} of the ${least} units in an arm that a ${nameOf(p)} can be told from`);
  const verdict = verdictOf({
    isHarm,
    isSuspect: isWorse(slo, excess(alphas.suspect)),
    isSafe: isBetter(slo, excess(alphas.safe)),
  });
  return {
    ...nothing,
    verdict,
    control: finite(control[rankOf(control.length, p)]),
    treatment: finite(treatment[rankOf(treatment.length, p)]),
    interval: finiteInterval(intervalOf(treatment, control, { p, alpha: alphas.harm, tunedFor })),
  };
}

/** Of each unit its first value in the ramp that is not cold, in ascending order: values of one unit are not independent. */
function firstsOf({ facts, armOf, isCold }: RampContext, value: RequestValue): Record<Arm, Float64Array> {
  const values = { treatment: new Float64Array(facts.units), control: new Float64Array(facts.units) };
  const lengths = { treatment: 0, control: 0 };
  const seen = new Uint8Array(facts.units);
  for (let i = 0; i < facts.length; i++) {
    const arm = armOf(i);
    const unit = facts.unit[i] ?? 0;
    if (arm === undefined || seen[unit] === 1 || isCold(i)) continue;
    const one = value(i);
    if (!Number.isFinite(one)) continue;
    seen[unit] = 1;
    values[arm][lengths[arm]++] = one;
  }
  return {
    treatment: values.treatment.subarray(0, lengths.treatment).sort(),
    control: values.control.subarray(0, lengths.control).sort(),
  };
}

/** The control's value that the treatment may come to; it keeps their order. */
function toleratedBy({ better, margin }: RampSlo): (value: number) => number {
  const sign = better === "lower" ? 1 : -1;
  return (value) => value + sign * sizeOf(margin, value);
}

function sizeOf({ kind, value: margin }: Margin, value: number): number {
  return kind === "absolute" ? margin : margin * Math.abs(value);
}

const everything = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

function intervalOf(
  treatment: Float64Array,
  control: Float64Array,
  { p, alpha, tunedFor }: { readonly p: number; readonly alpha: number; readonly tunedFor: number },
): { readonly low: number; readonly high: number } {
  const found = quantileDifferenceSequence(treatment, control, p, alpha, { tunedFor });
  return found.kind === "inconclusive" ? everything : found.interval;
}

function isWorse(
  { better }: RampSlo,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  return better === "lower" ? low > 0 : high < 0;
}

function isBetter(
  { better }: RampSlo,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  return better === "lower" ? high < 0 : low > 0;
}

/** `p95` */
function nameOf(p: number): string {
  return `p${Number((100 * p).toFixed(2))}`;
}

function rankOf(length: number, p: number): number {
  return Math.max(1, Math.ceil(length * p)) - 1;
}
