/** Records and outcomes that never arrive: whether the report notices, and what it would have said. */
import { Score } from "./score.ts";
import { baseErrors, type Loss, SimulatedExperiment, type Situation } from "./simulated-facts.ts";
import type { Draws, Study } from "./study.ts";

const losses: readonly { readonly name: string; readonly loss: Loss }[] = [
  { name: "nothing lost", loss: {} },
  { name: "0.5 % of all records, at random", loss: { record: () => 0.005 } },
  { name: "5 % of all records, at random", loss: { record: () => 0.05 } },
  {
    name: "10 % of the records of the treatment's failures",
    loss: { record: ({ isTreatment, success }) => (isTreatment && !success ? 0.1 : 0) },
  },
  { name: "10 % of the treatment's users", loss: { user: ({ isTreatment }) => (isTreatment ? 0.1 : 0) } },
  { name: "30 % of the treatment's users", loss: { user: ({ isTreatment }) => (isTreatment ? 0.3 : 0) } },
  { name: "20 % of all outcomes, at random", loss: { outcome: () => 0.2 } },
  {
    name: "all outcomes of 20 % of the treatment's users",
    loss: { answers: ({ isTreatment }) => (isTreatment ? 0.2 : 0) },
  },
  {
    name: "20 % of the treatment's outcomes",
    loss: { outcome: ({ isTreatment }) => (isTreatment ? 0.2 : 0) },
  },
  {
    name: "30 % of the treatment's bad outcomes",
    loss: { outcome: ({ isTreatment, success }) => (isTreatment && !success ? 0.3 : 0) },
  },
];

export const loss: readonly Study[] = [
  { perArm: 300, part: 0.15 },
  { perArm: 1_000, part: 0.05 },
].flatMap(({ perArm, part }) =>
  losses.map(
    (one): Study => ({
      id: `loss ${perArm} ${one.name}`,
      table: "loss",
      part,
      run: (draws) => judge(draws, { ...one, perArm }),
    }),
  ),
);

interface Asked {
  readonly name: string;
  readonly loss: Loss;
  readonly perArm: number;
}

function judge({ runs, of }: Draws, asked: Asked) {
  const found = new Score({ name: "the report calls the data unsound", isOurs: true });
  const believed = new Score({
    name: "a false effect at p < 0.05, if the data were believed",
    isOurs: false,
    nominal: 0.05,
  });
  const isHarmless = asked.name === "nothing lost";
  const situation: Situation = {
    units: 2 * asked.perArm,
    icc: 0.3,
    order: "returning",
    effect: 0,
    slowdown: 1,
    errors: baseErrors,
    loss: asked.loss,
  };
  for (let run = 0; run < runs; run++) {
    const experiment = new SimulatedExperiment(of(run, isHarmless ? "null" : "effect"), situation);
    const said = experiment.reportAfter(experiment.requests);
    const goal = said.metrics.find(({ role }) => role === "goal")?.comparisons[0]?.fixed;
    if (isHarmless) found.alarm(!said.soundness.isSound);
    else found.find(!said.soundness.isSound);
    believed.alarm(goal?.kind === "estimate" && goal.pValue < 0.05);
  }
  return [found, believed].map((score) =>
    score.row(`${asked.perArm.toLocaleString("en")} users an arm, ${asked.name}`),
  );
}
