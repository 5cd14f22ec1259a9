import { runBurst } from "./burst.ts";
import { candidateSpecs } from "./candidates.ts";
import { type Scenario, scenarioOf } from "./scenarios.ts";
import { onStage } from "./stage.ts";

const requests: Scenario = { ...scenarioOf("plain"), connections: 16, mostMs: 60_000 };
const warm = 2000;
const count = 1000;
const rounds = 2;

/**
 * CPU for a request, untraced, as a multiple of the bare relay's in the same minutes: the least of each, for whatever else
 * the machine does only adds. Still no exact figure: caches and clocks are shared.
 */
export function cpuToRelay(): Promise<number> {
  const specs = candidateSpecs.filter(({ name }) => name === "assay-untraced" || name === "relay");
  return onStage({ upstream: "fast", specs }, async (candidates) => {
    const least = new Map<string, number>();
    for (let round = 0; round <= rounds; round++) {
      for (const candidate of candidates) {
        const { cpuUs = Number.NaN } = await runBurst(candidate, {
          ...requests,
          count: round === 0 ? warm : count,
        });
        const { name } = candidate.spec;
        if (round > 0) least.set(name, Math.min(cpuUs, least.get(name) ?? Number.POSITIVE_INFINITY));
      }
    }
    return (least.get("assay-untraced") ?? Number.NaN) / (least.get("relay") ?? Number.NaN);
  });
}
