import type { ExperimentConfig } from "../../domain/config.ts";
import type { RampConfig, RampHours } from "../../domain/ramp.ts";
import { percent } from "../line.ts";
import { isTimeZone } from "./schedule.ts";

/** Why an experiment cannot be ramped like this, and the cure; undefined when it can. */
export function rampProblem(experiment: ExperimentConfig, config: RampConfig): string | undefined {
  const problem = findRampProblem(experiment, config);
  return problem && `the ramp of experiment "${experiment.id}": ${problem.message}`;
}

export interface RampProblem {
  readonly message: string;
  /** The member of the plan that is to be changed; empty for the plan as a whole. */
  readonly at: readonly (string | number)[];
}

export function findRampProblem(experiment: ExperimentConfig, config: RampConfig): RampProblem | undefined {
  return layoutProblem(experiment, config) ?? stepProblem(config) ?? calendarProblem(config.schedule);
}

/** Only two variants that grow from both ends can do so without ever moving a unit from one to the other. */
function layoutProblem(experiment: ExperimentConfig, config: RampConfig): RampProblem | undefined {
  const ids = experiment.variants.map(({ id }) => id);
  const others = ids.filter((id) => id !== experiment.controlId);
  if (others.length !== 1)
    return plan(`a ramp has one treatment beside the control, and this experiment has ${others.length}`);
  if (config.variantId !== others[0])
    return plan(
      config.variantId === experiment.controlId
        ? `"${config.variantId}" is the control; ramp "${others[0]}"`
        : `there is no variant "${config.variantId}"; ramp "${others[0]}"`,
      "variant",
    );
  if (experiment.hash !== "assay_v1")
    return plan(`hash ${experiment.hash} moves units when shares change; use assay_v1`);
  if (experiment.holdout > 0)
    return plan(`a holdout would make the control smaller; set it to 0 and use the ramp's holdback`);
  return config.holdback >= 0 && config.holdback <= 0.5
    ? undefined
    : plan(`a holdback of ${percent(config.holdback)} is not between 0 and 50 %`, "holdback");
}

function plan(message: string, ...at: RampProblem["at"]): RampProblem {
  return { message, at };
}

function stepProblem({ steps, slos, alpha }: RampConfig): RampProblem | undefined {
  if (steps.length === 0) return plan("it has no steps; give it one", "steps");
  if (slos.length === 0) return plan("nothing would stop it; give it an SLO", "slos");
  if (!(alpha > 0 && alpha < 0.5)) return plan(`an alpha of ${alpha} is not between 0 and 0.5`, "alpha");
  for (const [index, { share, leastMs, mostMs }] of steps.entries()) {
    const name = `step ${index + 1}`;
    const before = steps[index - 1]?.share ?? 0;
    const message = !(share > 0 && share <= 0.5)
      ? `${name} has ${percent(share)}; a treatment gets up to 50 %, for the control gets as much`
      : share <= before
        ? `${name} has ${percent(share)} after ${percent(before)}; steps rise`
        : leastMs >= 0 && mostMs > leastMs
          ? undefined
          : `${name} lasts ${spanText(leastMs)} at least and ${spanText(mostMs)} at most; give it a longer \`most\`, or a shorter \`least\``;
    if (message !== undefined) return plan(message, "steps", index);
  }
  return undefined;
}

/** As `least` and `most` are written. */
function spanText(milliseconds: number): string {
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
  const [unit, size] = Object.entries(units).find(([, one]) => milliseconds % one === 0) ?? ["ms", 1];
  return `${milliseconds / size}${unit}`;
}

function calendarProblem({ hours, freezes }: RampConfig["schedule"]): RampProblem | undefined {
  const index = freezes.findIndex(({ from, to }) => !(to > from));
  const freeze = freezes[index];
  if (freeze !== undefined)
    return plan(`the freeze for "${freeze.reason}" ends before it begins`, "schedule", "freezes", index);
  return hours === undefined ? undefined : hoursProblem(hours);
}

function hoursProblem({ from, to, days, timeZone }: RampHours): RampProblem | undefined {
  const wrong = [from, to].find((time) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(time));
  if (wrong !== undefined) return plan(`"${wrong}" is no time of day; write HH:MM`, "schedule", "hours");
  const day = days.find((one) => !(Number.isInteger(one) && one >= 1 && one <= 7));
  if (day !== undefined) return plan(`${day} is no day; Monday is 1 and Sunday is 7`, "schedule", "days");
  if (days.length === 0)
    return plan(
      "its hours are on no day, so it would never begin; give it days, 1 for Monday to 7 for Sunday",
      "schedule",
      "days",
    );
  if (isTimeZone(timeZone)) return undefined;
  return plan(`"${timeZone}" is no time zone; write one like Europe/Berlin`, "schedule", "time_zone");
}
