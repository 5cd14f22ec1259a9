import { type Ratio, ratio, type Spread, spread } from "./arithmetic.ts";
import { type FigureName, type Figures, figureNames } from "./figures.ts";
import type { Scenario } from "./scenarios.ts";
import type { Absent } from "./stage.ts";
import type { Turns } from "./turns.ts";

export interface CandidateReport {
  readonly name: string;
  readonly figures: Readonly<Partial<Record<FigureName, Spread>>>;
  /** CPU as a multiple of another candidate's in the same round. */
  readonly cpuToNginx: Ratio | undefined;
  readonly cpuToRelay: Ratio | undefined;
  readonly cpuToAssay: Ratio | undefined;
  /** Why it was given up; its figures are of the rounds before. */
  readonly failure: string | undefined;
}

export interface ScenarioReport extends Scenario {
  /** What answered. */
  readonly served: string;
  readonly measured: readonly CandidateReport[];
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioReport[];
  readonly absent: readonly Absent[];
}

export function scenarioReport(
  scenario: Scenario,
  served: string,
  { figures, failures }: Turns,
): ScenarioReport {
  const cpuOf = (name: string) => figures.get(name)?.map(({ cpuUs = Number.NaN }) => cpuUs) ?? [];
  const against = (name: string, other: string): Ratio | undefined =>
    figures.has(other) && name !== other ? ratio(cpuOf(name), cpuOf(other)) : undefined;
  const measured = [...figures].map(([name, rounds]) => ({
    name,
    figures: spreads(rounds),
    cpuToNginx: against(name, "nginx"),
    cpuToRelay: against(name, "relay"),
    cpuToAssay: against(name, "assay"),
    failure: failures.get(name),
  }));
  return { ...scenario, served, measured };
}

function spreads(rounds: readonly Figures[]): CandidateReport["figures"] {
  const known = figureNames.flatMap((name) => {
    const values = rounds.map((figures) => figures[name]).filter((value) => value !== undefined);
    return values.length === 0 ? [] : [[name, spread(values)] as const];
  });
  return Object.fromEntries(known);
}
