/** Do more units fail than a relative margin tolerates? By the e-process on failing units, one for the whole ramp. */
import type { Margin } from "../domain/metric.ts";
import { logBetaEProcess, theta0For } from "./e-process.ts";
import type { Arm, RampContext } from "./ramp-context.ts";
import {
  excessOver,
  isShown,
  levelsOf,
  type RatioShape,
  type RatioSlo,
  rampEffects,
  toldOf,
} from "./ramp-effect.ts";
import { type Measured, unknown, verdictOf } from "./ramp-verdict.ts";

/** A tenth more of a rare failure cannot be told from nothing: one percentage point more of all requests is safe as well. */
const negligible: Margin = { kind: "absolute", value: 0.01 };

/**
 * For shares of requests of which fewer are better. Evidence of harm comes from failing units alone, so that an outage of both arms is
 * none. Safe is what is shown to be within the margin, by the same process with the arms exchanged, or negligible: at α/2 each.
 */
export function failureReading(
  context: RampContext,
  asked: RatioSlo & { readonly shape: RatioShape },
): Measured {
  const { slo, shape } = asked;
  const groups = failingUnits(context, shape);
  if (groups === undefined) return unknown("the store does not know the shares of a phase");
  const effects = rampEffects(context, asked);
  const plain = effects();
  if (plain.kind === "inconclusive") return unknown(plain.message);
  const { alphas, plannedN } = levelsOf(context);
  const logHarm = logEvidence(groups, 1 + slo.margin.value, "treatment");
  const logSafe = logEvidence(groups, 1 + slo.margin.value, "control");
  const more = excessOver(effects, { ...asked, slo: { ...slo, margin: negligible } }, plain);
  const isNegligible = more.kind === "effect" && isShown(more, "less", alphas.safe / 2, plannedN);
  const verdict = verdictOf({
    isHarm: logHarm >= -Math.log(alphas.harm),
    isSuspect: logHarm >= -Math.log(alphas.suspect),
    isSafe: logSafe >= -Math.log(alphas.safe / 2) || isNegligible,
  });
  const eValue = Math.min(Math.exp(logHarm), Number.MAX_VALUE);
  return { ...toldOf(plain, asked, { alpha: alphas.harm, plannedN }), verdict, eValue };
}

/** That this arm's units fail more often than the margin lets them, the treatment `most` times as often as the control. */
function logEvidence(groups: readonly FailingUnits[], most: number, arm: Arm): number {
  return groups.reduce((sum, { share, treatment, control }) => {
    const theta = theta0For(most, share);
    const counts = { failures: treatment + control };
    return (
      sum +
      (arm === "treatment"
        ? logBetaEProcess({ ...counts, failuresTreatment: treatment, theta0: theta })
        : logBetaEProcess({ ...counts, failuresTreatment: control, theta0: 1 - theta }))
    );
  }, 0);
}

interface FailingUnits {
  /** The treatment's part of the exposed units. */
  readonly share: number;
  treatment: number;
  control: number;
}

/**
 * Units by whether they have ever failed, each in the phase in which they first did. Phases of one ratio are one process, since the chance
 * that the next failure is the treatment's is the same in all of them; those of another ratio are multiplied.
 */
function failingUnits(
  { facts, phases, armOf, config }: RampContext,
  { value }: RatioShape,
): FailingUnits[] | undefined {
  const shares = facts.phases.map((id) => {
    const known = phases.find((phase) => phase.id === id)?.shares ?? {};
    const [treatment = 0, control = 0] = [known[config.variantId], known[config.controlId]];
    return treatment / (treatment + control);
  });
  const groups: FailingUnits[] = [];
  const seen = new Uint8Array(facts.units);
  for (let i = 0; i < facts.length; i++) {
    const arm = armOf(i);
    const unit = facts.unit[i] ?? 0;
    if (arm === undefined || seen[unit] === 1 || value(i) !== 1) continue;
    const share = shares[facts.cellPhase[facts.cell[i] ?? 0] ?? 0] ?? 0;
    if (!(share > 0 && share < 1)) return undefined;
    seen[unit] = 1;
    groupOf(groups, share)[arm]++;
  }
  return groups;
}

/** Shares are quotients of positions: equal but for their rounding. */
function groupOf(groups: FailingUnits[], share: number): FailingUnits {
  const known = groups.find((group) => Math.abs(group.share - share) < 1e-6);
  if (known !== undefined) return known;
  const group = { share, treatment: 0, control: 0 };
  groups.push(group);
  return group;
}
