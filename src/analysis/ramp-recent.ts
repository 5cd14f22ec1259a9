/** The newest requests of both arms: what burns now, and what is broken for everybody. */
import type { LastUnit, RampSlo } from "../domain/ramp.ts";
import { factFlags } from "../domain/store.ts";
import type { Arm, RampContext } from "./ramp-context.ts";
import type { MetricShape } from "./request-values.ts";

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

const notEnded = factFlags.cancelled | factFlags.unfinished;
const failing = factFlags.error | factFlags.fallback | factFlags.refusal | factFlags.blocked;
const checked = factFlags.schemaEvaluated | factFlags.schemaPassed;

function hasFailed(flags: number): boolean {
  return (flags & failing) !== 0 || (flags & checked) === factFlags.schemaEvaluated;
}

/** Whether both arms are beyond the ceiling; what is not known is not broken. */
export function isBrokenInBoth({ ceiling, better }: RampSlo, levels: Levels): boolean {
  if (ceiling === undefined) return false;
  return [levels.treatment, levels.control].every(
    (level) => level !== undefined && (better === "lower" ? level > ceiling : level < ceiling),
  );
}

export type Levels = { readonly [arm in Arm]: number | undefined };

/** A metric's value over the last 100 requests of each arm; undefined where there are fewer than 20. */
export function recentLevels(context: RampContext, metric: string, shape: MetricShape): Levels {
  const levelIn = (arm: Arm) => {
    const values = newest(context, arm, shape.value);
    if (values.length < fewestRequests) return undefined;
    const level = levelOf(values, shape);
    return metric === "latency_log" ? Math.exp(level) : level;
  };
  return { treatment: levelIn("treatment"), control: levelIn("control") };
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

function levelOf(values: readonly number[], shape: MetricShape): number {
  if (shape.kind === "ratio") return mean(values);
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(1, Math.ceil(sorted.length * shape.p)) - 1] ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
