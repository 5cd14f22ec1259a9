/** From evidence to a verdict, the same for every kind of evidence. */
import type { RampConfig, SloReading, SloVerdict } from "../domain/ramp.ts";

/** Error rates of one SLO, over all looks together. */
export interface SloAlphas {
  /** Of a wrong rollback: α/m (Bonferroni), for any one of m SLOs rolls back. */
  readonly harm: number;
  /** Of a hold for nothing: four times as much, for it costs some minutes. */
  readonly suspect: number;
  /** Of calling safe what is not: α, uncorrected, for all of them must be. */
  readonly safe: number;
}

export function alphasOf({ alpha, slos }: RampConfig): SloAlphas {
  return { harm: alpha / slos.length, suspect: Math.min(0.4, 4 * alpha) / slos.length, safe: alpha };
}

/** What is shown, beginning with the worst. */
export function verdictOf(shown: {
  readonly isHarm: boolean;
  readonly isSuspect: boolean;
  readonly isSafe: boolean;
}): SloVerdict {
  if (shown.isHarm) return "harm";
  if (shown.isSuspect) return "suspect";
  return shown.isSafe ? "safe" : "open";
}

export type Measured = Omit<SloReading, "metric" | "isBrokenInBoth">;

export function unknown(reason: string): Measured {
  return { ...nothing, verdict: "unknown", reason };
}

export const nothing = {
  eValue: undefined,
  control: undefined,
  treatment: undefined,
  interval: undefined,
  reason: undefined,
} as const;

/** JSON knows no infinity. */
export function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

export function finiteInterval({
  low,
  high,
}: {
  readonly low: number;
  readonly high: number;
}): SloReading["interval"] {
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : undefined;
}
