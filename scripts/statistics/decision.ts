/** The whole report, read at fourteen looks: what it says to do, and how often that is wrong. */
import type { Verdict } from "../../src/domain/report.ts";
import { holds } from "./claim.ts";
import { Score } from "./score.ts";
import { baseErrors, SimulatedExperiment, type Situation, trueGoal } from "./simulated-facts.ts";
import { type Draws, iccs, type Study } from "./study.ts";

const looks = 14;

interface Setting {
  readonly name: string;
  readonly base: Pick<Situation, "units" | "icc" | "order" | "outage" | "shares">;
  readonly effect: number;
  readonly part: number;
}

const order = "returning";
const settings: readonly Setting[] = [
  ...iccs.map((icc) => ({
    name: `300 users an arm, ICC ${icc}`,
    base: { units: 600, icc, order } as const,
    effect: 0.15,
    part: 0.2,
  })),
  { name: "2,000 users an arm, ICC 0.3", base: { units: 4_000, icc: 0.3, order }, effect: 0.08, part: 0.04 },
  {
    name: "300 users an arm, ICC 0.3, both arms down for a tenth of the time",
    base: { units: 600, icc: 0.3, order, outage: { from: 0.45, to: 0.55 } },
    effect: 0.15,
    part: 0.2,
  },
  {
    name: "1,200 users, ICC 0.3, ramp 10, 25, 50 % with an equal control",
    base: { units: 1_200, icc: 0.3, order, shares: [0.1, 0.25, 0.5] },
    effect: 0.15,
    part: 0.1,
  },
];

export const decision: readonly Study[] = settings.map(({ name, base, effect, part }) => ({
  id: `decision ${name}`,
  table: "decision",
  part,
  run: (draws) => judge(draws, { name, base, effect }),
}));

function judge({ runs, of }: Draws, { name, base, effect }: Omit<Setting, "part">) {
  const none: Situation = { ...base, effect: 0, slowdown: 1, errors: baseErrors };
  const ship = new Score({ name: "says ship", isOurs: true, nominal: 0.05 });
  const rollBack = new Score({
    name: "says roll back (errors from 3 to 12 % where there is harm)",
    isOurs: true,
    nominal: 0.05,
  });
  const unsound = new Score({ name: "calls the data unsound", isOurs: true });
  for (let run = 0; run < runs; run++) {
    const quiet = follow(new SimulatedExperiment(of(run, "null"), none), 0);
    ship.alarm(quiet.at.ship !== undefined);
    rollBack.alarm(quiet.at.roll_back !== undefined);
    unsound.alarm(quiet.isUnsound);
    const better = { ...none, effect };
    const good = follow(new SimulatedExperiment(of(run, "effect"), better), trueGoal(better));
    ship.findAt(good.at.ship);
    ship.cover(good.isCovered);
    // The same users and another treatment, which answers as well and fails more.
    const bad = follow(new SimulatedExperiment(of(run, "effect"), { ...none, errors: 4 * baseErrors }), 0);
    rollBack.findAt(bad.at.roll_back);
  }
  return [ship, rollBack, unsound].map((score) => score.row(name));
}

interface Course {
  /** Units at the first look with this verdict. */
  readonly at: Partial<Record<Verdict, number>>;
  /** Whether the goal's sequence held the truth at every look. */
  readonly isCovered: boolean;
  readonly isUnsound: boolean;
}

function follow(experiment: SimulatedExperiment, truth: number): Course {
  const at: Partial<Record<Verdict, number>> = {};
  let isCovered = true;
  let isUnsound = false;
  for (let look = 1; look <= looks; look++) {
    const found = experiment.reportAfter(Math.round((experiment.requests * look) / looks));
    at[found.decision.verdict] ??= found.progress.units;
    if (!found.soundness.isSound) isUnsound = true;
    const goal = found.metrics.find(({ role }) => role === "goal")?.comparisons[0]?.sequence;
    if (goal?.kind === "estimate" && !holds(goal.interval, truth)) isCovered = false;
  }
  return { at, isCovered, isUnsound };
}
