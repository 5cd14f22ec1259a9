import { builtIns, isBuiltIn } from "../core/built-in-metrics.ts";
import type { Better } from "../domain/metric.ts";
import type { RampConfig, RampGate, RampSchedule, RampSlo, RampStep } from "../domain/ramp.ts";
import type { RampHook } from "../domain/ramp-news.ts";
import type { ExperimentSection, MetricSection, RampSection, RampSloSection } from "./file-shape.ts";
import { weekDays } from "./schema-ramp.ts";
import { createSecret } from "./secret.ts";
import { durationMs, marginOf, toMargin } from "./to-metrics.ts";
import { toSecret } from "./to-upstreams.ts";

/** What no file has asked for yet. */
const clearLooks = 3;
const clearMs = 10 * 60_000;
const lockMs = 24 * 60 * 60_000;

export function toRamp(
  experimentId: string,
  ramp: RampSection,
  around: {
    readonly experiment: Pick<ExperimentSection, "control" | "variants">;
    readonly metrics: Readonly<Record<string, MetricSection>>;
  },
): RampConfig {
  const { experiment, metrics } = around;
  const treatment = Object.keys(experiment.variants).find((id) => id !== experiment.control);
  return {
    experimentId,
    controlId: experiment.control,
    variantId: ramp.variant ?? treatment ?? "",
    steps: ramp.steps?.map(toStep) ?? profiles[ramp.profile],
    holdback: ramp.holdback,
    slos: (ramp.slos ?? defaultSlos).map((slo) => toSlo(slo, metrics)),
    alpha: ramp.alpha,
    schedule: toSchedule(ramp.schedule),
    warmUpRequests: ramp.warm_up_requests,
    clearLooks,
    clearMs,
    lockMs,
    gate: ramp.gate && toGate(ramp.gate),
  };
}

export function toRampHooks({ notify }: RampSection): readonly RampHook[] {
  return notify.map(({ url, secret, format, on }) => ({
    url: createSecret(url),
    secret: toSecret(secret),
    format,
    on,
  }));
}

function toStep(step: NonNullable<RampSection["steps"]>[number]): RampStep {
  return {
    share: step.share,
    leastMs: durationMs(step.least),
    mostMs: durationMs(step.most),
    leastUnits: step.units,
    leastRequests: step.requests,
    asksApproval: step.approval,
  };
}

const usual = {
  leastMs: durationMs("30m"),
  mostMs: durationMs("24h"),
  leastUnits: 100,
  leastRequests: 200,
  asksApproval: false,
};
/** Who has little traffic waits longer for less. */
const patient = { ...usual, mostMs: durationMs("7d"), leastUnits: 50, leastRequests: 100 };

const profiles: Readonly<Record<RampSection["profile"], readonly RampStep[]>> = {
  default: [0.01, 0.05, 0.1, 0.25, 0.5].map((share) => ({ share, ...usual })),
  small: [0.1, 0.25, 0.5].map((share) => ({ share, ...patient })),
};

const defaultSlos: readonly RampSloSection[] = [
  { metric: "error_rate", margin: "25%", ceiling: 0.2 },
  { metric: "success_rate", margin: 0.02 },
];

function toSlo(written: RampSloSection, metrics: Readonly<Record<string, MetricSection>>): RampSlo {
  const slo = typeof written === "string" ? { metric: written } : written;
  const { metric, margin } = slo;
  return {
    metric,
    better: betterOf(metric, metrics),
    margin: margin === undefined ? marginOf(metric, metrics) : toMargin(margin),
    ceiling: slo.ceiling,
  };
}

function betterOf(metric: string, metrics: Readonly<Record<string, MetricSection>>): Better {
  if (isBuiltIn(metric)) return builtIns[metric].better;
  return (Object.hasOwn(metrics, metric) ? metrics[metric]?.better : undefined) ?? "higher";
}

function toSchedule({
  start_at: start,
  hours,
  time_zone,
  days,
  freezes,
}: RampSection["schedule"]): RampSchedule {
  const isAlways = hours === undefined && days.length === weekDays.length;
  const [from = "00:00", to = "00:00"] = hours?.split("-") ?? [];
  return {
    startAt: start === undefined ? undefined : Date.parse(start),
    // From midnight to midnight is the whole day.
    hours: isAlways
      ? undefined
      : { from, to, days: days.map((day) => weekDays.indexOf(day) + 1), timeZone: time_zone },
    freezes: freezes.map((one) => ({
      from: Date.parse(one.from),
      to: Date.parse(one.to),
      reason: one.reason,
    })),
  };
}

function toGate(gate: NonNullable<RampSection["gate"]>): RampGate {
  return {
    url: gate.url,
    query: gate.query,
    compare: gate.below === undefined ? "above" : "below",
    threshold: gate.below ?? gate.above ?? 0,
    timeoutMs: gate.timeout_ms,
  };
}
