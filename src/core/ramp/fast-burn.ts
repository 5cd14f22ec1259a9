import type { LastUnit } from "../../domain/ramp.ts";

const window = 20;
const mostFailing = 15;
const longestRun = 8;
const mostOfControl = 2;
const witnesses = 4;

/**
 * Why the treatment is to be taken back at once; undefined while it is not: at least 15 of its last 20 units failed, or the last 8 in a row,
 * and at most 2 of the control's last 20. Between the first and the last of those failures the control has to be seen working (4 units
 * of it): as an outage of both begins, 8 of the treatment fail before 3 of the control in one of 18, and as it ends the control may be
 * the first to recover. Neither may be blamed on the treatment. And the control's last 4 must have worked: what begins shows there first.
 */
export function fastBurn(lastUnits: readonly LastUnit[]): string | undefined {
  const units = lastUnits.map((unit, at) => ({ ...unit, at }));
  const treatment = units.filter(({ isTreatment }) => isTreatment).slice(-window);
  const control = units.filter(({ isTreatment }) => !isTreatment).slice(-window);
  const ofControl = control.filter(({ hasFailed }) => hasFailed).length;
  if (ofControl > mostOfControl || control.slice(-witnesses).some(({ hasFailed }) => hasFailed))
    return undefined;
  const told = `${ofControl} of the control's last ${control.length}`;
  const isSeenWorking = (failures: readonly { readonly at: number }[]) => {
    const [first, last] = [failures[0]?.at ?? 0, failures.at(-1)?.at ?? 0];
    return control.filter(({ at, hasFailed }) => !hasFailed && at > first && at < last).length >= witnesses;
  };
  const run = treatment.slice(-longestRun);
  if (run.length === longestRun && run.every(({ hasFailed }) => hasFailed) && isSeenWorking(run)) {
    return `the last ${longestRun} units of the treatment failed, and ${told}`;
  }
  const failing = treatment.filter(({ hasFailed }) => hasFailed);
  if (failing.length < mostFailing || !isSeenWorking(failing)) return undefined;
  return `${failing.length} of the treatment's last ${treatment.length} units failed, and ${told}`;
}
