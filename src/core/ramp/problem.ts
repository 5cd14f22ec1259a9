import type { ExperimentConfig } from "../../domain/config.ts";
import type { RampConfig, RampHours } from "../../domain/ramp.ts";
import { percent } from "../line.ts";

/** Why an experiment cannot be ramped like this, and the cure; undefined when it can. */
export function rampProblem(experiment: ExperimentConfig, config: RampConfig): string | undefined {
  const where = `the ramp of experiment "${experiment.id}"`;
  const problem = layoutProblem(experiment, config) ?? stepProblem(config) ?? calendarProblem(config);
  return problem === undefined ? undefined : `${where}: ${problem}`;
}

/** Only two variants that grow from both ends can do so without ever moving a unit from one to the other. */
function layoutProblem(experiment: ExperimentConfig, config: RampConfig): string | undefined {
  const ids = experiment.variants.map(({ id }) => id);
  const others = ids.filter((id) => id !== experiment.controlId);
  if (others.length !== 1) return `it needs one treatment beside the control, and there are ${others.length}`;
  if (config.variantId !== others[0])
    return `"${config.variantId}" is not its treatment; ramp "${others[0]}"`;
  if (experiment.hash !== "assay_v1")
    return `hash ${experiment.hash} moves units when shares change; use assay_v1`;
  if (experiment.holdout > 0)
    return `a holdout would make the control smaller; set it to 0 and use the ramp's holdback`;
  return config.holdback >= 0 && config.holdback <= 0.5
    ? undefined
    : `a holdback of ${percent(config.holdback)} is not between 0 and 50 %`;
}

function stepProblem({ steps, slos, alpha }: RampConfig): string | undefined {
  if (steps.length === 0) return "it has no steps; give it one";
  if (slos.length === 0) return "nothing would stop it; give it an SLO";
  if (!(alpha > 0 && alpha < 0.5)) return `an alpha of ${alpha} is not between 0 and 0.5`;
  for (const [index, { share, leastMs, mostMs }] of steps.entries()) {
    const name = `step ${index + 1}`;
    const before = steps[index - 1]?.share ?? 0;
    if (!(share > 0 && share <= 0.5))
      return `${name} has ${percent(share)}; a treatment gets up to 50 %, for the control gets as much`;
    if (share <= before) return `${name} has ${percent(share)} after ${percent(before)}; steps rise`;
    if (!(leastMs >= 0 && mostMs > leastMs))
      return `${name} lasts at least ${leastMs} ms and at most ${mostMs} ms; the second is to be longer`;
  }
  return undefined;
}

function calendarProblem({ schedule }: RampConfig): string | undefined {
  const { hours, freezes } = schedule;
  const freeze = freezes.find(({ from, to }) => !(to > from));
  if (freeze !== undefined) return `the freeze for "${freeze.reason}" ends before it begins`;
  return hours === undefined ? undefined : hoursProblem(hours);
}

function hoursProblem({ from, to, days, timeZone }: RampHours): string | undefined {
  const wrong = [from, to].find((time) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(time));
  if (wrong !== undefined) return `"${wrong}" is no time of day; write HH:MM`;
  if (days.length === 0)
    return "its hours are on no day, so it would never begin; give it days, 1 for Monday to 7 for Sunday";
  const day = days.find((one) => !(Number.isInteger(one) && one >= 1 && one <= 7));
  if (day !== undefined) return `${day} is no day; Monday is 1 and Sunday is 7`;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone });
    return undefined;
  } catch {
    return `"${timeZone}" is no time zone; write one like Europe/Berlin`;
  }
}
