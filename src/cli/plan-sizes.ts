/** How many units an experiment needs, and what it could see with those it has. */
import {
  daysLeft,
  designEffect,
  peekingPrice,
  sampleSizeMeans,
  sampleSizeProportions,
  smallestVisibleEffectMeans,
  smallestVisibleEffectProportions,
} from "../analysis/power.ts";
import type { Inconclusive } from "../domain/estimate.ts";

export interface PlanFacts {
  /**
   * Of a request's value. `share`: its spread follows from the baseline. `mean`: `sd` is told. `measured`: `sd` is that of a
   * unit, as the data show it, with all that clusters do to it.
   */
  readonly spread:
    | { readonly kind: "share"; readonly baseline: number }
    | { readonly kind: "mean"; readonly sd: number }
    | { readonly kind: "measured"; readonly sd: number };
  /** Treatment minus control; undefined where only what can be seen is asked for. */
  readonly effect: number | undefined;
  /** Of one comparison. */
  readonly alpha: number;
  readonly power: number;
  readonly arms: number;
  readonly requestsPerUnit: number;
  readonly intraclassCorrelation: number;
  /** Of all arms together. */
  readonly units: number | undefined;
  readonly unitsSoFar: number;
  readonly unitsPerDay: number | undefined;
}

export interface PlanSizes {
  readonly designEffect: number;
  /** By how much looking at any time multiplies the units. */
  readonly peekingPrice: number;
  /** One look at the end, and looks at any time; undefined where no effect was told. */
  readonly needed: { readonly fixed: Size; readonly alwaysValid: Size } | undefined;
  /** The smallest effect that `units` show, above 0. */
  readonly visible:
    | { readonly fixed: number | Inconclusive; readonly alwaysValid: number | Inconclusive }
    | undefined;
}

export interface Size {
  readonly unitsPerArm: number;
  readonly units: number;
  /** From now on, at today's traffic. */
  readonly days: number | undefined;
}

/** Whatever cannot be computed for all of it comes back as the reason. */
export function planSizes(facts: PlanFacts): PlanSizes | Inconclusive {
  const { alpha, power, effect, units, arms } = facts;
  const price = peekingPrice({ alpha, power });
  if (typeof price !== "number") return price;
  const cluster = facts.spread.kind === "measured" ? 1 : clusterFactor(facts);
  const independent = effect === undefined ? undefined : independentSize(facts, effect);
  if (independent !== undefined && typeof independent !== "number") return independent;
  const perArm = units === undefined ? undefined : units / arms / cluster;
  return {
    designEffect:
      facts.spread.kind === "measured" ? 1 : designEffect(facts.requestsPerUnit, facts.intraclassCorrelation),
    peekingPrice: price,
    needed:
      independent === undefined
        ? undefined
        : {
            fixed: sizeOf(independent * cluster, facts),
            alwaysValid: sizeOf(independent * cluster * price, facts),
          },
    visible:
      perArm === undefined
        ? undefined
        : { fixed: visibleEffect(facts, perArm), alwaysValid: visibleEffect(facts, perArm / price) },
  };
}

/** Units for each independent value: m requests of a unit are worth m / design effect of them. */
function clusterFactor({ requestsPerUnit, intraclassCorrelation }: PlanFacts): number {
  return designEffect(requestsPerUnit, intraclassCorrelation) / requestsPerUnit;
}

function independentSize({ spread, alpha, power }: PlanFacts, effect: number): number | Inconclusive {
  if (spread.kind !== "share") return sampleSizeMeans({ sd: spread.sd, effect, alpha, power });
  const { baseline } = spread;
  return sampleSizeProportions({ control: baseline, treatment: baseline + effect, alpha, power });
}

function visibleEffect({ spread, effect, alpha, power }: PlanFacts, n: number): number | Inconclusive {
  if (spread.kind !== "share") return smallestVisibleEffectMeans({ n, sd: spread.sd, alpha, power });
  const direction = (effect ?? 1) > 0 ? "increase" : "decrease";
  return smallestVisibleEffectProportions({ n, control: spread.baseline, direction, alpha, power });
}

function sizeOf(perArm: number, { arms, unitsSoFar, unitsPerDay }: PlanFacts): Size {
  const unitsPerArm = Math.ceil(perArm);
  const units = unitsPerArm * arms;
  const days =
    unitsPerDay === undefined ? undefined : daysLeft({ unitsNeeded: units, unitsSoFar, unitsPerDay });
  return { unitsPerArm, units, days: typeof days === "number" ? days : undefined };
}
