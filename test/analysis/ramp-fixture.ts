/** Facts of a ramp, and what is read of them. */
import type { RampEvidence } from "../../src/analysis/ramp-context.ts";
import { rampReadings } from "../../src/analysis/ramp-readings.ts";
import { createRandom } from "../../src/analysis/random.ts";
import type { RampConfig, RampReadings, RampSlo, SloReading } from "../../src/domain/ramp.ts";
import type { Phase, RequestFact } from "../../src/domain/store.ts";
import { rampWith } from "../core/ramp/ramp-fixture.ts";
import {
  evidenceOf,
  flagsWith,
  outcomeMetric,
  phase,
  planWith,
  requestFact,
  type Scenario,
  scenario,
} from "./report-fixture.ts";

export const begin = Date.UTC(2026, 0, 5, 12);

export function sloOf(metric: string, change: Partial<RampSlo> = {}): RampSlo {
  return { metric, better: "lower", margin: { kind: "relative", value: 0.5 }, ceiling: undefined, ...change };
}

/** Both arms own a tenth of the line. */
export function rampPhase(id: string, share = 0.1): Phase {
  return phase(id, { startedAt: begin, shares: { control: share, candidate: share } });
}

export interface Read extends Partial<Scenario> {
  readonly config?: RampConfig;
  readonly stepStartedAt?: number;
}

export function readingsOf(read: Read): RampReadings {
  return rampReadings(rampEvidence(read), { isKilled: false, gate: undefined });
}

export function rampEvidence({ config = rampWith(), stepStartedAt = begin, ...change }: Read): RampEvidence {
  const last = change.facts?.at(-1)?.receivedAt ?? begin;
  return {
    ...evidenceOf(scenario({ phases: [rampPhase("p1")], now: last, ...change })),
    config,
    stepStartedAt,
    definitions: planWith({ outcomes: [outcomeMetric({ name: "thumb" })] }).definitions,
  };
}

/** Of the only SLO. */
export function sloRead(slo: RampSlo, change: Read): SloReading {
  const [reading] = readingsOf({ config: rampWith({ slos: [slo] }), ...change }).slos;
  if (reading === undefined) throw new Error("no reading");
  return reading;
}

/** One request a second, by turns of either arm, each of a unit of its own unless told. */
export function requests(
  count: number,
  each: (at: number, isTreatment: boolean) => Partial<RequestFact>,
): RequestFact[] {
  return Array.from({ length: count }, (_, at) => {
    const isTreatment = at % 2 === 0;
    return requestFact({
      row: at + 1,
      receivedAt: begin + 1_000 * at,
      unit: at + 1,
      assigned: isTreatment ? "candidate" : "control",
      ...each(at, isTreatment),
    });
  });
}

export const failed = flagsWith("error");
export const succeeded = flagsWith("success");

/** Fails by chance. */
export function failing(seed: number, treatment: number, control: number) {
  const random = createRandom(seed);
  return (_: number, isTreatment: boolean) => ({
    flags: random.bernoulli(isTreatment ? treatment : control) ? failed : succeeded,
  });
}

/** Log-normal latencies, the treatment's so many times as long. */
export function waiting(seed: number, factor: number) {
  const random = createRandom(seed);
  return (_: number, isTreatment: boolean) => ({
    latencyMs: (isTreatment ? factor : 1) * 800 * Math.exp(random.normal(0, 0.5)),
  });
}
