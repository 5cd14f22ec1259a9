import type { Inconclusive } from "../domain/estimate.ts";
import type { PlainTest } from "../domain/report.ts";
import { compareProportions } from "./proportion.ts";
import type { Summary } from "./summary.ts";
import { welch } from "./welch.ts";

export interface PlainFacts {
  /** Of one value for each unit: its first. */
  readonly treatment: Summary;
  readonly control: Summary;
  readonly isShare: boolean;
  readonly isPlanReached: boolean;
  /** Only a part of the experiment, its newest phase, is in it. */
  readonly isPartial: boolean;
}

/**
 * The test that everybody knows: chi-squared (Fisher's where an expected count is below 5) for what is yes or no, Welch's t for
 * what is a number. On one value for each unit, for they want independent ones; so it uses less than there is.
 */
export function plainTest(facts: PlainFacts): PlainTest | Inconclusive {
  const warning = warningOf(facts);
  if (facts.isShare) {
    const found = compareProportions(countsOf(facts.treatment), countsOf(facts.control));
    if (found.kind === "inconclusive") return found;
    return { kind: "plain", method: found.method, statistic: found.statistic, pValue: found.pValue, warning };
  }
  const found = welch(facts.treatment, facts.control);
  if (found.kind === "inconclusive") return found;
  return { kind: "plain", method: "welch", statistic: found.t, pValue: found.pValue, warning };
}

function countsOf({ n, mean }: Summary): { readonly successes: number; readonly n: number } {
  return { successes: Math.round(n * mean), n };
}

const customaryUnits = 30;

function warningOf({ treatment, control, isPlanReached, isPartial }: PlainFacts): string | undefined {
  const few = Math.min(treatment.n, control.n) < customaryUnits;
  const warnings = [
    ...(few
      ? [`fewer than ${customaryUnits} units in a variant: a floor for printing a number, not for deciding`]
      : []),
    ...(isPlanReached
      ? []
      : [
          "the planned size is not reached: looking at this p-value until it is small finds winners that are none",
        ]),
    ...(isPartial ? ["of the newest phase alone"] : []),
  ];
  return warnings.length === 0 ? undefined : warnings.join("; ");
}
