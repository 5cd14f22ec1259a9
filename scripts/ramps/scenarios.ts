/** What is simulated: worlds in which a rollback is wrong, and worlds in which it is due. */
import type { RampConfig } from "../../src/domain/ramp.ts";
import { oneStep, strict, threeSteps } from "./plans.ts";
import type { World } from "./world.ts";

export interface Scenario {
  readonly name: string;
  readonly world: World;
  readonly config: RampConfig;
}

const good = { failure: 0.01, medianLatencyMs: 800 };
const ordinary: World = {
  icc: 0.1,
  users: 3_000,
  requestsPerMinute: 80,
  control: good,
  treatment: good,
  lookMs: 60_000,
  longestMinutes: 90,
};
const frequent = { ...good, failure: 0.05 };

/** The treatment does no more harm than is tolerated. */
export const harmless: readonly Scenario[] = [
  ...[0, 0.1, 0.3].map((icc) => ({
    name: `both arms alike, 5 % fail, ICC ${icc}`,
    world: { ...ordinary, icc, control: frequent, treatment: frequent },
    config: threeSteps,
  })),
  {
    name: "as bad as is just tolerated: 6.25 % fail against 5 %, latency × 1.1, ICC 0.1",
    world: { ...ordinary, control: frequent, treatment: { failure: 0.0625, medianLatencyMs: 880 } },
    config: threeSteps,
  },
  ...[0, 0.3].map((icc) => ({
    name: `both arms alike, 5 % fail, ICC ${icc}, and margins of 0`,
    world: { ...ordinary, icc, control: frequent, treatment: frequent },
    config: strict,
  })),
  ...[0.3, 0.6, 1].map((failure) => ({
    name: `both arms alike, then an outage of 15 minutes: ${100 * failure} % fail, latency × 5`,
    world: {
      ...ordinary,
      lookMs: 30_000,
      longestMinutes: 60,
      outage: { fromMinute: 15, toMinute: 30, failure },
    },
    config: threeSteps,
  })),
  { name: silence(12), world: { ...ordinary, silentFromMinute: 12 }, config: threeSteps },
  { name: silence(5), world: { ...ordinary, silentFromMinute: 5 }, config: oneStep },
];

/** There is traffic enough to show that the treatment is within its margins. */
export const finishing: readonly Scenario[] = [1, 0.9].map((speed) => ({
  name: `${speed === 1 ? "both arms alike" : `latency × ${speed}`}, 300 requests a minute`,
  world: {
    ...ordinary,
    users: 20_000,
    requestsPerMinute: 300,
    longestMinutes: 130,
    treatment: { ...good, medianLatencyMs: speed * good.medianLatencyMs },
  },
  config: threeSteps,
}));

/** The treatment does more. */
export const harmful: readonly Scenario[] = [
  ...[1, 0.5, 0.1, 0.05, 0.02].map((failure) => ({
    name: `${100 * failure} % fail against 1 %`,
    world: {
      ...ordinary,
      users: 20_000,
      treatment: { ...good, failure },
      // 20 requests a look, or 300 where it takes long.
      lookMs: failure > 0.02 ? 15_000 : 56_250,
      requestsPerMinute: failure > 0.02 ? 80 : 320,
      longestMinutes: 120,
    },
    config: oneStep,
  })),
  {
    name: "latency × 1.3",
    world: {
      ...ordinary,
      users: 20_000,
      treatment: { ...good, medianLatencyMs: 1040 },
      requestsPerMinute: 200,
      lookMs: 30_000,
      longestMinutes: 120,
    },
    config: oneStep,
  },
];

function silence(minute: number): string {
  return `both arms alike, and no requests from minute ${minute} on`;
}
