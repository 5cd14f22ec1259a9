/** The tables of docs/ramps.md. */
import { wilson } from "../../src/analysis/proportion.ts";
import { createRandom } from "../../src/analysis/random.ts";
import type { Scenario } from "./scenarios.ts";
import { type SimulatedRamp, simulateRamp } from "./simulate.ts";

export interface Tally {
  readonly name: string;
  readonly runs: number;
  readonly rolledBack: number;
  readonly held: number;
  readonly completed: number;
  /** Steps that began more than two minutes after the last request. */
  readonly raisedInSilence: number;
  /** Requests of both arms until the rollback, and until completion; ascending. */
  readonly untilRollback: readonly number[];
  readonly untilCompletion: readonly number[];
  readonly rules: ReadonlyMap<string, number>;
}

export function tallyOf({ name, world, config }: Scenario, runs: number, seed: number): Tally {
  const ramps = Array.from({ length: runs }, (_, run) =>
    simulateRamp(createRandom(seed, run), world, config),
  );
  const rolledBack = ramps.filter(isRolledBack);
  const silentFrom = (world.silentFromMinute ?? Number.POSITIVE_INFINITY) + 2;
  const late = ramps.flatMap(({ raisedAtMinutes }) =>
    raisedAtMinutes.filter((minute) => minute > silentFrom),
  );
  const completed = ramps.filter(({ end }) => end.status === "completing");
  const byRule = Map.groupBy(rolledBack, ({ last }) => last?.rule ?? "");
  return {
    name,
    runs,
    rolledBack: rolledBack.length,
    held: ramps.filter(({ isEverHeld }) => isEverHeld).length,
    completed: completed.length,
    raisedInSilence: late.length,
    untilRollback: ascending(rolledBack),
    untilCompletion: ascending(completed),
    rules: new Map([...byRule].map(([rule, some]) => [rule, some.length])),
  };
}

export function harmlessTable(tallies: readonly Tally[]): string {
  return tableOf(
    ["scenario", "rolled back, %", "held at some time, %", "steps raised in silence"],
    tallies.map((tally) => [
      tally.name,
      rateOf(tally.rolledBack, tally.runs),
      percent(tally.held / tally.runs),
      String(tally.raisedInSilence),
    ]),
  );
}

export function harmfulTable(tallies: readonly Tally[]): string {
  return tableOf(
    ["scenario", "rolled back, %", "median requests", "p90 requests", "by fast burn, %"],
    tallies.map((tally) => [
      tally.name,
      rateOf(tally.rolledBack, tally.runs),
      requestsAt(tally.untilRollback, 0.5, tally.runs),
      requestsAt(tally.untilRollback, 0.9, tally.runs),
      percent((tally.rules.get("fast_burn") ?? 0) / Math.max(1, tally.rolledBack)),
    ]),
  );
}

export function finishingTable(tallies: readonly Tally[]): string {
  return tableOf(
    ["scenario", "completed, %", "rolled back, %", "median requests until completed"],
    tallies.map((tally) => [
      tally.name,
      rateOf(tally.completed, tally.runs),
      percent(tally.rolledBack / tally.runs),
      requestsAt(tally.untilCompletion, 0.5, tally.runs),
    ]),
  );
}

function isRolledBack({ end }: SimulatedRamp): boolean {
  return end.status === "rolling_back";
}

function ascending(ramps: readonly SimulatedRamp[]): readonly number[] {
  return ramps.map(({ requests }) => requests).sort((one, other) => one - other);
}

/** Of all runs: those that never came to it took longer than any. */
function requestsAt(requests: readonly number[], p: number, runs: number): string {
  return requests[Math.ceil(runs * p) - 1]?.toLocaleString("en") ?? "–";
}

function rateOf(hits: number, runs: number): string {
  const { low, high } = wilson(hits, runs, 0.95);
  return `${percent(hits / runs)} (${percent(low)}–${percent(high)})`;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join(
    "\n",
  );
}
