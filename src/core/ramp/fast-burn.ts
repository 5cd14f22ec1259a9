import type { LastUnit } from "../../domain/ramp.ts";

const window = 20;
const mostFailing = 15;
const longestRun = 8;
const mostOfControl = 2;
const witnesses = 4;

/**
 * Why the treatment is to be taken back at once; undefined while it is not: at least 15 of its last 20 units fail, or 8 in a row, and at
 * most 2 of the control's last 20. The control has to be seen working since the first of those failures (4 units of it): 8 in a row come
 * before 3 of the control in one of 18 outages of both, and nobody's outage may be blamed on the treatment.
 */
export function fastBurn(lastUnits: readonly LastUnit[]): string | undefined {
  const units = lastUnits.map((unit, at) => ({ ...unit, at }));
  const treatment = units.filter(({ isTreatment }) => isTreatment).slice(-window);
  const control = units.filter(({ isTreatment }) => !isTreatment).slice(-window);
  const failing = treatment.filter(({ hasFailed }) => hasFailed);
  const failingOfControl = control.filter(({ hasFailed }) => hasFailed).length;
  if (failingOfControl > mostOfControl) return undefined;
  const isSeenWorkingSince = (first: number) =>
    control.filter(({ at, hasFailed }) => at > first && !hasFailed).length >= witnesses;
  const run = runIn(treatment);
  if (run !== undefined && isSeenWorkingSince(run)) {
    return `${longestRun} units of the treatment failed in a row, and ${failingOfControl} of the control's last ${control.length}`;
  }
  const [first] = failing;
  if (first === undefined || failing.length < mostFailing || !isSeenWorkingSince(first.at)) return undefined;
  return `${failing.length} of the treatment's last ${treatment.length} units failed, and ${failingOfControl} of the control's last ${control.length}`;
}

/** Where the newest eight failures in a row begin. */
function runIn(units: readonly { readonly at: number; readonly hasFailed: boolean }[]): number | undefined {
  for (let end = units.length; end >= longestRun; end--) {
    const run = units.slice(end - longestRun, end);
    if (run.every(({ hasFailed }) => hasFailed)) return run[0]?.at;
  }
  return undefined;
}
