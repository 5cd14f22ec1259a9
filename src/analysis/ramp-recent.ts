/** The newest requests of both arms: what burns now, and what is rate-limited. */
import type { LastUnit } from "../domain/ramp.ts";
import { factFlags } from "../domain/store.ts";
import type { FactColumns } from "./fact-columns.ts";
import type { Arm, RampContext } from "./ramp-context.ts";

const lastUnitsOfArm = 20;
const recentRequests = 100;
const fewestRequests = 20;

/** The last 20 units of each arm by their newest requests that ended, newest last. */
export function lastUnits({ facts, armOf }: RampContext): readonly LastUnit[] {
  const seen = new Set<number>();
  const counts: Record<Arm, number> = { treatment: 0, control: 0 };
  const units: LastUnit[] = [];
  for (let i = facts.length - 1; i >= 0; i--) {
    if (counts.treatment >= lastUnitsOfArm && counts.control >= lastUnitsOfArm) break;
    const arm = armOf(i);
    const unit = facts.unit[i] ?? 0;
    const flags = facts.flags[i] ?? 0;
    if (arm === undefined || counts[arm] >= lastUnitsOfArm || seen.has(unit) || (flags & notEnded) !== 0)
      continue;
    seen.add(unit);
    counts[arm]++;
    units.push({ isTreatment: arm === "treatment", hasFailed: hasFailed(flags) });
  }
  return units.reverse();
}

/** Epoch milliseconds at which a request was heard of: one whose answer takes minutes is not silent meanwhile. */
export function endedAt({ receivedAt, latencyMs }: FactColumns, index: number): number {
  return (receivedAt[index] ?? 0) + (latencyMs[index] ?? 0);
}

const notEnded = factFlags.cancelled | factFlags.unfinished;
const failing = factFlags.error | factFlags.fallback | factFlags.refusal | factFlags.blocked;
const checked = factFlags.schemaEvaluated | factFlags.schemaPassed;

function hasFailed(flags: number): boolean {
  return (flags & failing) !== 0 || (flags & checked) === factFlags.schemaEvaluated;
}

/** Part of the last requests of an arm that an upstream's rate limit refused; 0 while there are few. */
export function recentlyLimited(context: RampContext, arm: Arm): number {
  const { flags } = context.facts;
  const limited = newest(
    context,
    arm,
    (i) => ((flags[i] ?? 0) & factFlags.rateLimited) / factFlags.rateLimited,
  );
  return limited.length < fewestRequests ? 0 : mean(limited);
}

function newest(
  { facts, armOf }: RampContext,
  arm: Arm,
  value: (index: number) => number,
): readonly number[] {
  const values: number[] = [];
  for (let i = facts.length - 1; i >= 0 && values.length < recentRequests; i--) {
    const one = armOf(i) === arm ? value(i) : Number.NaN;
    if (Number.isFinite(one)) values.push(one);
  }
  return values;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
