import type { RampReadings, SloReading, SloVerdict } from "../../domain/ramp.ts";
import type { Look } from "./look.ts";

/**
 * What the next step still wants; empty when it may begin. A step wants every SLO measured and none suspected: its share bounds the harm
 * that could be done unseen. Completion, which takes the control away, wants every SLO shown to be within its margin.
 */
export function shortcomings({
  config,
  state,
  step,
  readings,
  observedMs,
}: Look & { readonly observedMs: number }): readonly string[] {
  const isLast = state.step === config.steps.length - 1;
  const wanted: readonly SloVerdict[] = isLast ? ["safe"] : ["safe", "open"];
  return [
    ...(observedMs < step.leastMs ? [`observed for ${seconds(observedMs)} of ${seconds(step.leastMs)}`] : []),
    ...tooFew("units", readings.units, step.leastUnits),
    ...(config.warmUpRequests > step.leastRequests
      ? tooFew("requests (warm_up_requests)", readings.requests, config.warmUpRequests)
      : tooFew("requests", readings.requests, step.leastRequests)),
    ...(readings.isFresh ? [] : ["no new requests"]),
    ...config.slos.flatMap(({ metric }) => lack(metric, readings.slos, wanted)),
    ...(config.gate !== undefined && readings.gate !== "passes" ? ["the gate has no data"] : []),
  ];
}

function tooFew(what: string, { treatment, control }: RampReadings["units"], least: number): string[] {
  const fewest = Math.min(treatment, control);
  return fewest < least ? [`${fewest} of ${least} ${what} in an arm`] : [];
}

/** An SLO that was not measured is missing, however many others were. */
function lack(metric: string, readings: readonly SloReading[], wanted: readonly SloVerdict[]): string[] {
  const reading = readings.find((one) => one.metric === metric);
  const verdict = reading?.verdict ?? "unknown";
  if (wanted.includes(verdict)) return [];
  return [`${metric}: ${verdict === "unknown" ? (reading?.reason ?? "no data") : lacks[verdict]}`];
}

const lacks: Readonly<Record<Exclude<SloVerdict, "unknown">, string>> = {
  harm: "worse than tolerated",
  suspect: "may be worse than tolerated",
  open: "not yet shown to be within its margin",
  safe: "within its margin",
};

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
