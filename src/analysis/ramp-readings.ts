/** What a ramp is decided by, read from the facts of its generation. */

import type { RampReadings, RampSlo, SloReading } from "../domain/ramp.ts";
import type { MetricDefinition } from "../domain/report.ts";
import { shapeOf } from "./metric-report.ts";
import { type Arm, type RampContext, type RampEvidence, rampContext } from "./ramp-context.ts";
import { dataProblems } from "./ramp-data-problems.ts";
import { effectReading, type RatioShape } from "./ramp-effect.ts";
import { failureReading } from "./ramp-failures.ts";
import { type Outages, outagesOf } from "./ramp-outage.ts";
import { quantileReading } from "./ramp-quantile.ts";
import { endedAt, lastUnits } from "./ramp-recent.ts";
import { type Measured, unknown } from "./ramp-verdict.ts";
import type { MetricShape } from "./request-values.ts";

/** What is not in the facts. */
export interface AskedBeside {
  readonly isKilled: boolean;
  readonly gate: RampReadings["gate"];
}

export function rampReadings(evidence: RampEvidence, { isKilled, gate }: AskedBeside): RampReadings {
  const context = rampContext(evidence);
  const outages = outagesOf(context);
  return {
    isKilled,
    lastUnits: lastUnits(context),
    ...countsOf(context),
    slos: evidence.config.slos.map((slo) => sloReading(context, slo, outages)),
    dataProblems: dataProblems(context, evidence),
    gate,
  };
}

function sloReading(context: RampContext, slo: RampSlo, outages: Outages): SloReading {
  const { metric } = slo;
  const definition = context.definitions.find(({ name }) => name === metric);
  if (definition === undefined) {
    return { metric, ...unknown("the metric has no definition"), isBrokenInBoth: false };
  }
  const asked = { slo, definition, shape: shapeOf(context.facts, definition) };
  const reading = measuredBesideOutages(context, asked, outages);
  // Outcomes and sessions have no newest requests: theirs is the value over the whole ramp.
  const isBrokenInBoth = outages.isNow(metric) ?? areBothBeyond(slo, reading);
  return { metric, ...reading, isBrokenInBoth };
}

function areBothBeyond({ ceiling, better }: RampSlo, { treatment, control }: Measured): boolean {
  if (ceiling === undefined) return false;
  return [treatment, control].every(
    (level) => level !== undefined && (better === "lower" ? level > ceiling : level < ceiling),
  );
}

/** Of α, what a harm is held to that only an outage's requests show. */
const outageAlpha = 0.01;

/**
 * What was answered while both arms were beyond a ceiling counts for no verdict, with one exception: harm that is shown at a hundredth
 * of α all the same, or a ceiling that is too low would hide a treatment that breaks.
 */
function measuredBesideOutages(context: RampContext, asked: Asked, outages: Outages): Measured {
  const { shape } = asked;
  if (!outages.hasBeen || shape === undefined || isBySession(shape)) return measured(context, asked);
  const { config } = context;
  const strict = { ...context, config: { ...config, alpha: outageAlpha * config.alpha } };
  const whole = measured(strict, asked);
  if (whole.verdict === "harm") return whole;
  const value = (index: number) => (outages.isDuring(index) ? Number.NaN : shape.value(index));
  return measured(context, { ...asked, shape: { ...shape, value } });
}

function isBySession(shape: MetricShape): boolean {
  return shape.kind === "ratio" && shape.per === "session";
}

interface Asked {
  readonly slo: RampSlo;
  readonly definition: MetricDefinition;
  /** Undefined for a metric of outcomes. */
  readonly shape: MetricShape | undefined;
}

function measured(context: RampContext, { slo, definition, shape }: Asked): Measured {
  if (shape?.kind === "quantile") return quantileReading(context, slo, shape);
  if (shape === undefined) return effectReading(context, { slo, definition, shape });
  const asked = { slo, definition, shape: warmed(context, slo.metric, shape) };
  const isFailure = definition.unit === "share" && shape.per === "request" && slo.better === "lower";
  return isFailure && slo.margin.kind === "relative"
    ? failureReading(context, asked)
    : effectReading(context, asked);
}

/** What a cold prompt cache makes slower or dearer; a session has no part that is left out. */
const cold: ReadonlySet<string> = new Set(["latency", "latency_log", "first_chunk", "cost"]);

function warmed({ isCold }: RampContext, metric: string, shape: RatioShape): RatioShape {
  if (!cold.has(metric)) return shape;
  return { ...shape, value: (index) => (isCold(index) ? Number.NaN : shape.value(index)) };
}

/** Since the step began; `isFresh` as of now. */
function countsOf(context: RampContext): Pick<RampReadings, "units" | "requests" | "isFresh"> {
  const { facts, armOf, stepStartedAt } = context;
  const units: Record<Arm, number> = { treatment: 0, control: 0 };
  const requests: Record<Arm, number> = { treatment: 0, control: 0 };
  const never = Number.NEGATIVE_INFINITY;
  const lastAt: Record<Arm, number> = { treatment: never, control: never };
  const seen = new Uint8Array(facts.units);
  for (let i = 0; i < facts.length; i++) {
    const at = facts.receivedAt[i] ?? 0;
    const arm = at >= stepStartedAt ? armOf(i) : undefined;
    if (arm === undefined) continue;
    const unit = facts.unit[i] ?? 0;
    requests[arm]++;
    lastAt[arm] = Math.max(lastAt[arm], endedAt(facts, i));
    if (seen[unit] === 0) units[arm]++;
    seen[unit] = 1;
  }
  const isArmFresh = (arm: Arm) => {
    // Up to the last one: a silence must not stretch the gaps that it is measured by.
    const gapMs = (lastAt[arm] - stepStartedAt) / requests[arm];
    return context.now - lastAt[arm] <= Math.max(freshMs, freshGaps * gapMs);
  };
  return { units, requests, isFresh: isArmFresh("treatment") && isArmFresh("control") };
}

const freshMs = 60_000;
/** An arm that is asked steadily is silent for five times its mean gap once in 150 looks: the step begins one look later. */
const freshGaps = 5;
