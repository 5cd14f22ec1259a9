import { runBurst } from "./burst.ts";
import type { Figures } from "./figures.ts";
import { holdStreams } from "./held.ts";
import { type Kind, type Scenario, scenarioOf } from "./scenarios.ts";
import { readSlowly } from "./slow-reader.ts";
import type { Candidate } from "./stage.ts";

/** What was measured, one entry a round. A candidate that failed keeps its word for it, and is asked no more. */
export interface Turns {
  readonly figures: ReadonlyMap<string, readonly Figures[]>;
  readonly failures: ReadonlyMap<string, string>;
}

const measures: Readonly<Record<Kind, (candidate: Candidate, scenario: Scenario) => Promise<Figures>>> = {
  burst: runBurst,
  pairs: runBurst,
  held: holdStreams,
  slow_reader: readSlowly,
};

/** A B C A B C …: whatever the machine does in between falls on all alike. */
export async function takeTurns(candidates: readonly Candidate[], scenario: Scenario): Promise<Turns> {
  const figures = new Map<string, Figures[]>(candidates.map(({ spec }) => [spec.name, []]));
  const failures = new Map<string, string>();
  for (let round = 1 - scenario.warmRounds; round <= scenario.rounds; round++) {
    process.stderr.write(`${scenario.name} ${round}/${scenario.rounds}\n`);
    for (const candidate of candidates.filter(({ spec }) => !failures.has(spec.name))) {
      const { name } = candidate.spec;
      try {
        const measured = await measures[scenario.kind](candidate, scenario);
        if (round > 0) figures.get(name)?.push(measured);
      } catch (error) {
        failures.set(name, error instanceof Error ? error.message : String(error));
        process.stderr.write(`${name} failed ${scenario.name}: ${failures.get(name)}\n`);
      }
    }
  }
  return { figures, failures };
}

/**
 * Compilers improve code until some ten thousand requests have run through it: after 3,000 a proxy on Node still costs half
 * as much again. Peers get a limit of time, since the slowest would need minutes.
 */
export async function warmUp(candidates: readonly Candidate[], wanted: readonly Scenario[]): Promise<void> {
  const plain = { ...scenarioOf("plain"), count: 15_000 };
  const stream = { ...scenarioOf("stream"), connections: 128, count: 128 };
  const kinds = wanted.some(({ request }) => request.isStream) ? [plain, stream] : [plain];
  for (const candidate of candidates) {
    const { name, group, workers = 1 } = candidate.spec;
    process.stderr.write(`warm-up ${name}\n`);
    for (const kind of kinds) {
      const mostMs = group === "peer" ? 6_000 : 60_000;
      // What it gets wrong it will get wrong again, where it is counted.
      await runBurst(candidate, { ...kind, count: kind.count * workers, mostMs }).catch(() => {});
    }
  }
}
